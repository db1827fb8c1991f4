#include "tests/integration/service.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "server/base/secret.h"
#include "tests/integration/http_call.h"

namespace peaksync::testing {

Service::Service(std::vector<ServiceTenant> tenants, mockbraze::Options mock) {
  mock.port = 0;
  for (const ServiceTenant& tenant : tenants) {
    mock.settings.keys.push_back(mockbraze::ParseApiKeys({tenant.key + ":users.track"}).value()[0]);
  }
  auto started = mockbraze::MockServer::Start(mock);
  if (!started.ok()) throw std::runtime_error(started.error());
  mock_ = std::move(started.value());
  mock_url_ = mock_->url();

  config_.server.listen = "127.0.0.1:0";
  config_.admin.listen = "127.0.0.1:0";
  config_.ledger.path = folder_.File("ledger");
  for (const ServiceTenant& tenant : tenants) {
    TenantConfig& config = config_.tenants.emplace_back();
    config.name = tenant.name;
    config.credentials.tenant = tenant.name;
    config.credentials.tokens = {{Sha256(TokenOf(tenant.name)), Permission::kAll}};
    config.rules = tenant.rules;
    config.braze.workspace = tenant.workspace;
    config.braze.endpoint = mock_url_;
    config.braze.api_key_file = folder_.File(tenant.name + ".key");
    config.braze.linger = absl::Milliseconds(20);
    WriteKey(tenant.name, tenant.key);
  }
  Start();
}

Service::~Service() { Stop(); }

void Service::Stop() { app_.reset(); }

void Service::Start() {
  AppOptions options;
  options.clock = &clock_;
  options.pause = [](absl::Duration) { return false; };
  options.probe_interval = absl::Milliseconds(50);
  options.abort_on_broken_law = true;
  auto app = App::Start(config_, options);
  if (!app.ok()) throw std::runtime_error(app.status().ToString());
  app_ = *std::move(app);
}

std::string Service::address() const { return "127.0.0.1:" + std::to_string(app_->port()); }
std::string Service::admin_url() const {
  return "http://127.0.0.1:" + std::to_string(app_->admin_port());
}

void Service::WriteKey(const std::string& tenant, const std::string& key) {
  const std::string path = folder_.File(tenant + ".key");
  std::ofstream(path, std::ios::trunc) << key << "\n";
  chmod(path.c_str(), S_IRUSR | S_IWUSR);
}

void Service::SetFaults(const std::string& json_list) {
  HttpPost(mock_url_, "/_mock/faults", R"({"faults": )" + json_list + "}");
}

void Service::SetKeys(const std::vector<std::string>& keys) {
  nlohmann::json list = nlohmann::json::array();
  for (const std::string& key : keys) {
    list.push_back({{"key", key}, {"permissions", {"users.track"}}});
  }
  HttpPost(mock_url_, "/_mock/workspace", nlohmann::json{{"keys", list}}.dump());
}

std::int64_t Service::Stat(const std::string& name) {
  return nlohmann::json::parse(HttpGet(mock_url_, "/_mock/stats")).at(name).get<std::int64_t>();
}

std::map<std::string, std::string> Service::Customer(const std::string& external_id) {
  const auto page = nlohmann::json::parse(HttpGet(mock_url_, "/_mock/users?limit=10000"));
  std::map<std::string, std::string> attributes;
  for (const auto& user : page.at("users")) {
    if (user.at("external_id") != external_id) continue;
    for (const auto& [name, value] : user.at("custom_attributes").items()) {
      attributes[name] = value.dump();
    }
  }
  return attributes;
}

std::string Service::Metrics() { return HttpGet(admin_url(), "/metrics"); }

}  // namespace peaksync::testing

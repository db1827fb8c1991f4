#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "mockbraze/app/mock_server.h"
#include "mockbraze/workspace/options.h"
#include "peaksync/v1/sync_service.pb.h"
#include "server/app/app.h"
#include "server/base/clock.h"
#include "tests/support/temp_dir.h"

namespace peaksync::testing {

// A value in a test: {"churn", "0.5"} is JSON, so that types are visible where they matter.
using Attributes = std::vector<std::pair<std::string, std::string>>;

struct ServiceTenant {
  std::string name = "acme";
  std::string key = "acme-braze-key";
  TenantRules rules = {};
  std::string workspace = "acme-test";
};

// peaksyncd's App and a mockbraze in one process, with a tenant or two, over real sockets on free
// loopback ports and a real ledger in a temporary folder.
class Service {
 public:
  static std::string TokenOf(const std::string& tenant) { return tenant + "-token-0123456789"; }

  explicit Service(std::vector<ServiceTenant> tenants = {ServiceTenant{}},
                   mockbraze::Options mock = {});
  ~Service();

  // The service alone; the mock and the ledger stay.
  void Stop();
  void Start();

  const std::string& mock_url() const { return mock_url_; }
  std::string address() const;
  std::string admin_url() const;
  void WriteKey(const std::string& tenant, const std::string& key);

  // The mock's control endpoints.
  void SetFaults(const std::string& json_list);  // R"(["status=500,count=3"])"
  void SetKeys(const std::vector<std::string>& keys);
  std::int64_t Stat(const std::string& name);
  // The customer's custom attributes as JSON text by name; empty when there is no such customer.
  std::map<std::string, std::string> Customer(const std::string& external_id);
  std::string Metrics();

  TempDir& folder() { return folder_; }
  Config& config() { return config_; }

 private:
  TempDir folder_;
  SystemClock clock_;
  std::unique_ptr<mockbraze::MockServer> mock_;
  std::string mock_url_;
  Config config_;
  std::unique_ptr<App> app_;
};

// A client of one tenant, over the wire.
class Client {
 public:
  explicit Client(const Service& service, std::string tenant = "acme");
  ~Client();

  // An update of a customer by external_id. `at` is seconds since 1970; 0: absent.
  static v1::CustomerUpdate Update(const std::string& external_id, const Attributes& attributes,
                                   std::int64_t at = 0);

  // Streams the updates in one batch, finishes, and waits until the run is final and nothing of it
  // is pending, or the call fails. Gives up after 20 s.
  v1::SyncRun Push(const std::vector<v1::CustomerUpdate>& updates,
                   const std::string& source = "churn", v1::SyncMode mode = {});
  // The same without waiting for Braze.
  v1::SyncRun Send(const std::vector<v1::CustomerUpdate>& updates,
                   const std::string& source = "churn", v1::SyncMode mode = {});
  v1::SyncRun Wait(const std::string& run_id);
  // Watches until delivery is in the state, and returns that view.
  v1::SyncRun WaitForDelivery(const std::string& run_id, v1::DeliveryStatus::State state);
  v1::SyncRun Get(const std::string& run_id);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace peaksync::testing

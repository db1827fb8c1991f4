#include "server/app/app.h"

#include <algorithm>
#include <atomic>
#include <utility>
#include <vector>

#include "server/api/api_server.h"
#include "server/api/tenant_registry.h"
#include "server/app/admin_http.h"
#include "server/app/admin_socket.h"
#include "server/app/config_changes.h"
#include "server/app/tenant_set.h"
#include "server/base/files.h"
#include "server/base/folder_lock.h"
#include "server/base/limits.h"
#include "server/base/log.h"
#include "server/base/metrics.h"
#include "server/base/status_macros.h"
#include "server/delivery/delivery_loop.h"
#include "server/domain/concat.h"

namespace peaksync {
namespace {

constexpr std::string_view kVersion = PEAKSYNC_VERSION;
constexpr std::size_t kPemBytesMax = 1 << 20;

absl::StatusOr<ApiServerOptions> ReadServerOptions(const ServerConfig& config) {
  ApiServerOptions options;
  options.listen = config.listen;
  if (config.tls_cert.empty()) return options;
  PEAKSYNC_ASSIGN_OR_RETURN(options.tls_cert, ReadSmallFile(config.tls_cert, kPemBytesMax));
  PEAKSYNC_ASSIGN_OR_RETURN(options.tls_key, ReadSmallFile(config.tls_key, kPemBytesMax));
  if (config.client_ca.empty()) return options;
  PEAKSYNC_ASSIGN_OR_RETURN(options.client_ca, ReadSmallFile(config.client_ca, kPemBytesMax));
  return options;
}

std::string_view NameOf(DeliveryStatus::State state) {
  switch (state) {
    case DeliveryStatus::State::kRunning:
      return "running";
    case DeliveryStatus::State::kBackingOff:
      return "backing off";
    case DeliveryStatus::State::kPaused:
      return "paused";
  }
  return "";
}

std::string KindsOf(const TenantChange& change) {
  std::string kinds;
  const std::pair<bool, const char*> all[] = {{change.credentials, "credentials"},
                                              {change.rules, "rules"},
                                              {change.workspace, "workspace"},
                                              {change.delivery, "delivery"},
                                              {change.fault, "faults"}};
  for (const auto& [changed, name] : all) {
    if (changed) kinds += Concat(kinds.empty() ? "" : ", ", name);
  }
  return kinds;
}

void LogChanges(const ConfigChanges& changes) {
  for (const std::string& key : changes.restart) {
    log::Warn("This key has no effect before a restart.", {{"key", key}});
  }
  for (const TenantChange& change : changes.changed) {
    log::Info("A tenant's configuration changes.",
              {{"tenant", change.tenant}, {"changes", KindsOf(change)}});
  }
}

}  // namespace

class App::Impl {
 public:
  Impl(const Config& config, const AppOptions& options)
      : config_(config),
        options_(options),
        metrics_(kVersion),
        delivery_(*options.clock, DeliveryCurlOptions()),
        tenants_({options_, config_.ledger, metrics_, delivery_}, registry_),
        configured_(config) {}

  absl::Status Start() {
    PEAKSYNC_ASSIGN_OR_RETURN(const ApiServerOptions server, ReadServerOptions(config_.server));
    PEAKSYNC_ASSIGN_OR_RETURN(
        FolderLock lock,
        FolderLock::Acquire(config_.ledger.path,
                            {*options_.clock, options_.clock->Steady() + options_.lock_wait,
                             [this, told = false](absl::Duration duration) mutable {
                               if (!std::exchange(told, true)) {
                                 log::Warn("Waiting for the ledger folder: another process has it.",
                                           {{"path", config_.ledger.path}});
                               }
                               return options_.pause(duration);
                             }}));
    lock_ = std::make_unique<FolderLock>(std::move(lock));
    delivery_.Start({});
    tenants_.Start(config_);
    PEAKSYNC_ASSIGN_OR_RETURN(
        admin_, AdminHttp::Start(config_.admin.listen, {[this] { return metrics_.Serialize(); },
                                                        [this] { return accepting_.load(); }}));
    PEAKSYNC_ASSIGN_OR_RETURN(api_, ApiServer::Start(server, registry_, *options_.clock));
    tenants_.Serve(api_.get());
    StartSocket();
    accepting_ = true;
    log::Info("Listening.", {{"grpc_port", std::int64_t{api_->port()}},
                             {"admin_port", std::int64_t{admin_->port()}},
                             {"version", std::string(kVersion)}});
    return absl::OkStatus();
  }

  void Reload(const Config& next) {
    const ConfigChanges changes = CompareConfigs(configured_, next);
    LogChanges(changes);
    tenants_.Apply(next);
    // What needs a restart still runs as before, and is told of again.
    configured_.tenants = next.tenants;
    log::Info("The configuration was reloaded.",
              {{"tenants", static_cast<std::int64_t>(next.tenants.size())},
               {"added", static_cast<std::int64_t>(changes.added.size())},
               {"removed", static_cast<std::int64_t>(changes.removed.size())},
               {"changed", static_cast<std::int64_t>(changes.changed.size())}});
  }

  std::string Status() {
    std::string text;
    for (const TenantView& view : tenants_.View()) {
      const bool running = view.fault.empty();
      text += Concat("tenant: ", view.name,
                     "\n  state: ", running ? NameOf(view.delivery.state) : "does not run",
                     "\n  workspace: ", view.workspace, " at ", view.endpoint, "\n");
      const std::string& reason = running ? view.delivery.reason : view.fault;
      if (!reason.empty()) text += Concat("  reason: ", reason, "\n");
      if (!view.delivery.remedy.empty()) text += Concat("  remedy: ", view.delivery.remedy, "\n");
      if (!running) continue;
      text += Concat("  waiting_values: ", view.delivery.waiting_values,
                     "\n  streams: ", view.streams, "\n");
    }
    return text.empty() ? "no tenant\n" : text;
  }

  void Stop() {
    accepting_ = false;
    if (socket_ != nullptr) socket_->Stop();
    if (api_ != nullptr) api_->Stop();
    delivery_.Stop();
    tenants_.Stop();
    if (admin_ != nullptr) admin_->Stop();
  }

  int port() const { return api_->port(); }
  int admin_port() const { return admin_->port(); }

 private:
  // Without it the service runs, and `peaksyncd ledger` says why it cannot.
  void StartSocket() {
    if (config_.admin.socket.empty()) return;
    auto started = AdminSocket::Start(
        config_.admin.socket, [this](const LedgerCommand& command) { return Run(command); });
    if (started.ok()) {
      socket_ = *std::move(started);
    } else {
      log::Warn("There is no admin socket.", {{"reason", std::string(started.status().message())}});
    }
  }

  CommandReport Run(const LedgerCommand& command) {
    if (command.name == "status") return {0, Status()};
    return RunLedgerCommand(
        command, config_.ledger, options_, [this](const std::string& tenant, const auto& work) {
          return tenants_.WhileDown(tenant, Concat("the ledger of ", tenant, " is being replaced"),
                                    work);
        });
  }

  // Tenants on one of Braze's clusters share its connections, but not at each other's cost (rule
  // 8): each lane has its own bound.
  static CurlOptions DeliveryCurlOptions() {
    CurlOptions options;
    options.user_agent = Concat("peaksyncd/", kVersion);
    options.connections_per_host_max = limits::kRequestsInFlightMax * limits::kTenantsMax;
    return options;
  }

  const Config config_;
  const AppOptions options_;
  std::unique_ptr<FolderLock> lock_;  // Let go last.
  Metrics metrics_;
  DeliveryLoop delivery_;  // Outlives the ledgers, which post to it.
  TenantRegistry registry_;
  TenantSet tenants_;
  Config configured_;  // Its tenants as they run.
  std::unique_ptr<ApiServer> api_;
  std::atomic<bool> accepting_ = false;
  std::unique_ptr<AdminHttp> admin_;
  std::unique_ptr<AdminSocket> socket_;
};

App::App(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
App::~App() { Stop(); }

absl::StatusOr<std::unique_ptr<App>> App::Start(const Config& config, const AppOptions& options) {
  auto impl = std::make_unique<Impl>(config, options);
  absl::Status started = impl->Start();
  std::unique_ptr<App> app(new App(std::move(impl)));  // Stops what has started, if not all has.
  if (!started.ok()) return started;
  return app;
}

int App::port() const { return impl_->port(); }
int App::admin_port() const { return impl_->admin_port(); }
void App::Reload(const Config& next) { impl_->Reload(next); }
void App::Stop() { impl_->Stop(); }

}  // namespace peaksync

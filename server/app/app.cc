#include "server/app/app.h"

#include <algorithm>
#include <atomic>
#include <map>
#include <random>
#include <utility>
#include <vector>

#include "server/api/api_server.h"
#include "server/app/address.h"
#include "server/app/admin_http.h"
#include "server/base/files.h"
#include "server/base/folder_lock.h"
#include "server/base/limits.h"
#include "server/base/log.h"
#include "server/base/metrics.h"
#include "server/base/status_macros.h"
#include "server/delivery/delivery_loop.h"
#include "server/domain/concat.h"
#include "server/ledger/ledger_writer.h"
#include "server/ledger/tenant_ledger.h"
#include "server/rules/attribute_catalog.h"

namespace peaksync {
namespace {

constexpr std::string_view kVersion = PEAKSYNC_VERSION;
constexpr std::size_t kPemBytesMax = 1 << 20;

// "https://rest.fra-01.braze.eu" -> "rest.fra-01.braze.eu".
std::string HostOf(const std::string& endpoint) {
  const std::size_t scheme = endpoint.find("://");
  return scheme == std::string::npos ? endpoint : endpoint.substr(scheme + 3);
}

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

LaneOptions LaneOptionsOf(const TenantConfig& tenant, const AppOptions& app,
                          const absl::Status& workspace_guard) {
  const BrazeConfig& braze = tenant.braze;
  LaneOptions options;
  options.route.endpoint = braze.endpoint;
  options.route.create_profiles = tenant.rules.create_profiles;
  options.objects_max = braze.batch_max_objects;
  options.bytes_max = static_cast<std::size_t>(braze.batch_max_bytes);
  options.linger = braze.linger;
  options.pace = {static_cast<double>(braze.rate_limit_requests), braze.rate_limit_per,
                  braze.rate_share};
  options.requests_in_flight_max = limits::kRequestsInFlightMax;
  options.probe_interval = app.probe_interval;
  if (!workspace_guard.ok()) options.blocked = std::string(workspace_guard.message());
  return options;
}

RunEnd EndOf(RunState state) {
  switch (state) {
    case RunState::kCompletedWithRejections:
      return RunEnd::kCompletedWithRejections;
    case RunState::kFailed:
      return RunEnd::kFailed;
    case RunState::kCanceled:
      return RunEnd::kCanceled;
    case RunState::kAbandoned:
      return RunEnd::kAbandoned;
    case RunState::kOpen:
    case RunState::kReceived:
    case RunState::kCompleted:
      break;
  }
  return RunEnd::kCompleted;
}

void Count(TenantMetrics& metrics, const CommitReport& report) {
  const ValueCounts& change = report.change;
  if (report.duration > absl::ZeroDuration()) metrics.LedgerCommit(report.duration);
  metrics.UpdatesReceived(report.updates);
  metrics.ValuesReceived(change.received);
  metrics.Values(ValueOutcome::kUnchanged, change.unchanged);
  metrics.Values(ValueOutcome::kStale, change.stale);
  metrics.Values(ValueOutcome::kInvalid, change.invalid);
  metrics.Values(ValueOutcome::kSuperseded, change.superseded);
  metrics.Values(ValueOutcome::kConfirmed, change.confirmed);
  metrics.Values(ValueOutcome::kRejected, change.rejected);
  metrics.Values(ValueOutcome::kDiscarded, change.discarded);
  for (const Run& run : report.ended_runs) metrics.RunEnded(EndOf(run.state));
  metrics.SetWaiting(report.delivery.waiting_values, report.delivery.waiting_customers,
                     report.delivery.waiting_bytes);
}

void LogEnd(const std::string& tenant, const Run& run) {
  log::Info("A run ended.", {{"tenant", tenant},
                             {"source", run.source},
                             {"run_id", run.run_id},
                             {"state", std::string(NameOf(run.state))},
                             {"reason", run.state_reason},
                             {"received", run.values.received},
                             {"confirmed", run.values.confirmed},
                             {"unchanged", run.values.unchanged},
                             {"stale", run.values.stale},
                             {"superseded", run.values.superseded},
                             {"invalid", run.values.invalid},
                             {"rejected", run.values.rejected}});
}

void Count(TenantMetrics& metrics, const ExchangeReport& report) {
  // Both enumerations are in the order of docs/design.md section 5.
  metrics.BrazeRequest(static_cast<RequestOutcome>(report.kind), report.duration);
  metrics.BrazeObjects(ObjectFate::kConfirmed, report.confirmed);
  metrics.BrazeObjects(ObjectFate::kRejected, report.rejected);
  metrics.BrazeObjects(ObjectFate::kReturned, report.objects - report.confirmed - report.rejected);
  metrics.SetRequestsInFlight(report.requests_in_flight);
}

}  // namespace

class App::Impl {
 public:
  Impl(const Config& config, const AppOptions& options)
      : config_(config),
        options_(options),
        metrics_(kVersion),
        delivery_(*options.clock, DeliveryCurlOptions(config)) {}

  absl::Status Start() {
    PEAKSYNC_ASSIGN_OR_RETURN(const ApiServerOptions server, ReadServerOptions(config_.server));
    PEAKSYNC_ASSIGN_OR_RETURN(
        FolderLock lock,
        FolderLock::Acquire(config_.ledger.path,
                            {*options_.clock, options_.clock->Now() + options_.lock_wait,
                             [this, told = false](absl::Duration duration) mutable {
                               if (!std::exchange(told, true)) {
                                 log::Warn("Waiting for the ledger folder: another process has it.",
                                           {{"path", config_.ledger.path}});
                               }
                               return options_.pause(duration);
                             }}));
    lock_ = std::make_unique<FolderLock>(std::move(lock));
    registry_.SetCredentials(CredentialsOf(config_));
    for (const TenantConfig& tenant : config_.tenants) AddTenant(tenant);
    delivery_.Start(std::move(lanes_));
    PEAKSYNC_ASSIGN_OR_RETURN(
        admin_, AdminHttp::Start(config_.admin.listen, {[this] { return metrics_.Serialize(); },
                                                        [this] { return accepting_.load(); }}));
    PEAKSYNC_ASSIGN_OR_RETURN(api_, ApiServer::Start(server, registry_, *options_.clock));
    accepting_ = true;
    log::Info("Listening.", {{"grpc_port", std::int64_t{api_->port()}},
                             {"admin_port", std::int64_t{admin_->port()}},
                             {"version", std::string(kVersion)}});
    return absl::OkStatus();
  }

  void Stop() {
    accepting_ = false;
    if (api_ != nullptr) api_->Stop();
    delivery_.Stop();
    for (auto& [name, writer] : ledgers_) writer->Stop();
    if (admin_ != nullptr) admin_->Stop();
  }

  int port() const { return api_->port(); }
  int admin_port() const { return admin_->port(); }

 private:
  // Tenants on one of Braze's clusters share its connections, but not at each other's cost (rule
  // 8).
  static CurlOptions DeliveryCurlOptions(const Config& config) {
    CurlOptions options;
    options.user_agent = Concat("peaksyncd/", kVersion);
    options.connections_per_host_max =
        limits::kRequestsInFlightMax * std::max(1, static_cast<int>(config.tenants.size()));
    return options;
  }

  void AddTenant(const TenantConfig& config) {
    ApiTenant tenant;
    tenant.name = config.name;
    tenant.workspace = config.braze.workspace;
    tenant.host = HostOf(config.braze.endpoint);
    tenant.metrics = &metrics_.Tenant(config.name);
    tenant.fault = StartTenant(config, tenant);
    tenant.metrics->SetMisconfigured(!tenant.fault.ok());
    if (!tenant.fault.ok()) {
      log::Error("A tenant does not run; the others do.",
                 {{"tenant", config.name}, {"reason", std::string(tenant.fault.message())}});
    }
    registry_.Set(std::make_shared<const ApiTenant>(std::move(tenant)));
  }

  absl::Status StartTenant(const TenantConfig& config, ApiTenant& tenant) {
    if (!config.fault.empty()) {
      return absl::FailedPreconditionError(
          Concat("tenant ", config.name, " is misconfigured: ", config.fault));
    }
    TenantLedgerOptions ledger;
    ledger.tenant = config.name;
    ledger.path = Concat(config_.ledger.path, "/", config.name, ".db");
    ledger.endpoint = config.braze.endpoint;
    ledger.workspace = config.braze.workspace;
    ledger.rules = std::make_shared<const TenantRules>(config.rules);
    ledger.clock = options_.clock;
    ledger.random = [engine = std::mt19937_64(std::random_device{}())]() mutable {
      return engine();
    };
    ledger.abort_on_broken_law = options_.abort_on_broken_law;
    absl::StatusOr<std::unique_ptr<TenantLedger>> opened = TenantLedger::Open(std::move(ledger));
    if (!opened.ok()) {
      return absl::FailedPreconditionError(
          Concat("tenant ", config.name, " does not run: ", opened.status().message()));
    }
    const absl::Status guard = (*opened)->workspace_guard();
    TenantMetrics* metrics = tenant.metrics;
    auto& writer = ledgers_[config.name];
    writer = std::make_shared<LedgerWriter>(
        *std::move(opened), *options_.clock,
        LedgerWriter::Listeners{[metrics, name = config.name](const CommitReport& report) {
          Count(*metrics, report);
          for (const Run& run : report.ended_runs) LogEnd(name, run);
        }});
    tenant.ledger = writer;
    tenant.catalog = std::make_shared<AttributeCatalog>(config.name, config.rules);

    LaneSetup lane;
    lane.tenant = config.name;
    lane.ledger = writer.get();
    lane.options = LaneOptionsOf(config, options_, guard);
    lane.read_api_key = [braze = config.braze]() -> absl::StatusOr<std::string> {
      PEAKSYNC_ASSIGN_OR_RETURN(const Secret key, ReadApiKey(braze));
      return std::string(key.Reveal());
    };
    lane.exchanged = [metrics](const ExchangeReport& report) { Count(*metrics, report); };
    lane.status_changed = [metrics](const DeliveryStatus& status) {
      metrics->SetDeliveryState(static_cast<DeliveryState>(status.state));
      metrics->SetDeliveryBlocked(static_cast<DeliveryCause>(status.cause), status.since,
                                  status.next_attempt);
    };
    lanes_.push_back(std::move(lane));
    return absl::OkStatus();
  }

  const Config config_;
  const AppOptions options_;
  std::unique_ptr<FolderLock> lock_;  // Let go last.
  Metrics metrics_;
  DeliveryLoop delivery_;  // Outlives the ledgers, which post to it.
  std::vector<LaneSetup> lanes_;
  std::map<std::string, std::shared_ptr<LedgerWriter>> ledgers_;
  TenantRegistry registry_;
  std::unique_ptr<ApiServer> api_;
  std::atomic<bool> accepting_ = false;
  std::unique_ptr<AdminHttp> admin_;
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
void App::Stop() { impl_->Stop(); }

}  // namespace peaksync

#include "server/app/running_tenant.h"

#include <random>
#include <utility>

#include "server/app/tenant_reports.h"
#include "server/base/files.h"
#include "server/base/limits.h"
#include "server/base/log.h"
#include "server/base/status_macros.h"
#include "server/domain/concat.h"
#include "server/ledger/sqlite/maintenance.h"
#include "server/ledger/tenant_ledger.h"
#include "server/rules/attribute_catalog.h"

namespace peaksync {
namespace {

// "https://rest.fra-01.braze.eu" -> "rest.fra-01.braze.eu".
std::string HostOf(const std::string& endpoint) {
  const std::size_t scheme = endpoint.find("://");
  return scheme == std::string::npos ? endpoint : endpoint.substr(scheme + 3);
}

// What to do about a ledger that cannot be opened.
std::string LedgerHint(const std::string& tenant, const absl::Status& opened) {
  if (!absl::IsDataLoss(opened)) return "";
  return Concat(". The service's operator has to look (peaksyncd ledger check --tenant ", tenant,
                "), and to put a backup in its place (peaksyncd ledger restore)");
}

}  // namespace

std::string LedgerPath(const LedgerConfig& ledger, const std::string& tenant) {
  return Concat(ledger.path, "/", tenant, ".db");
}

TenantLedgerOptions LedgerOptionsOf(const TenantConfig& tenant, const LedgerConfig& ledger,
                                    const AppOptions& options) {
  TenantLedgerOptions made;
  made.tenant = tenant.name;
  made.path = LedgerPath(ledger, tenant.name);
  made.endpoint = tenant.braze.endpoint;
  made.workspace = tenant.braze.workspace;
  made.rules = std::make_shared<const TenantRules>(tenant.rules);
  made.clock = options.clock;
  made.random = [engine = std::mt19937_64(std::random_device{}())]() mutable { return engine(); };
  made.abort_on_broken_law = options.abort_on_broken_law;
  return made;
}

RunningTenant::RunningTenant(const TenantParts& parts, TenantConfig config)
    : parts_(parts), config_(std::move(config)), metrics_(parts.metrics.Tenant(config_.name)) {}

absl::StatusOr<std::unique_ptr<RunningTenant>> RunningTenant::Start(const TenantParts& parts,
                                                                    TenantConfig config) {
  absl::StatusOr<std::unique_ptr<TenantLedger>> opened =
      TenantLedger::Open(LedgerOptionsOf(config, parts.ledger, parts.options));
  if (!opened.ok()) {
    return absl::FailedPreconditionError(Concat("tenant ", config.name,
                                                " does not run: ", opened.status().message(),
                                                LedgerHint(config.name, opened.status())));
  }
  std::unique_ptr<RunningTenant> tenant(new RunningTenant(parts, std::move(config)));
  tenant->Open(*std::move(opened));
  return tenant;
}

void RunningTenant::Open(std::unique_ptr<TenantLedger> ledger) {
  guard_ = ledger->workspace_guard();
  LedgerWriter::Listeners listeners;
  listeners.committed = [&metrics = metrics_, shown = shown_,
                         name = config_.name](const CommitReport& report) {
    ReportCommit(name, metrics, report);
    MutexLock lock(shown->mutex);
    shown->status = report.delivery;
  };
  listeners.health = [&metrics = metrics_, name = config_.name](const absl::Status& health) {
    ReportHealth(name, metrics, health);
  };
  LedgerWriter::Options options;
  options.limits.min_free_disk = parts_.ledger.min_free_disk;
  options.free_disk = [path = parts_.ledger.path] { return FreeDiskBytes(path); };
  writer_ = std::make_shared<LedgerWriter>(std::move(ledger), *parts_.options.clock,
                                           std::move(listeners), std::move(options));
  catalog_ = std::make_shared<AttributeCatalog>(config_.name, config_.rules);
  auto released = std::make_shared<std::promise<void>>();
  released_ = released->get_future();
  handle_ = std::shared_ptr<Ledger>(writer_.get(), [released](Ledger*) { released->set_value(); });
  parts_.delivery.Add(MakeLane());
}

LaneSetup RunningTenant::MakeLane() {
  LaneSetup lane;
  lane.tenant = config_.name;
  lane.ledger = writer_.get();
  lane.options = MakeLaneOptions();
  lane.read_api_key = KeyReader();
  lane.exchanged = [&metrics = metrics_](const ExchangeReport& report) {
    ReportExchange(metrics, report);
  };
  lane.status_changed = [&metrics = metrics_](const DeliveryStatus& status) {
    metrics.SetDeliveryState(static_cast<DeliveryState>(status.state));
    metrics.SetDeliveryBlocked(static_cast<DeliveryCause>(status.cause), status.since,
                               status.next_attempt);
  };
  return lane;
}

std::function<absl::StatusOr<std::string>()> RunningTenant::KeyReader() const {
  return [braze = config_.braze]() -> absl::StatusOr<std::string> {
    PEAKSYNC_ASSIGN_OR_RETURN(const Secret key, ReadApiKey(braze));
    return std::string(key.Reveal());
  };
}

LaneOptions RunningTenant::MakeLaneOptions() const {
  const BrazeConfig& braze = config_.braze;
  LaneOptions options;
  options.tenant = config_.name;
  options.route.endpoint = braze.endpoint;
  options.route.bulk_endpoint = braze.track_bulk;
  options.route.create_profiles = config_.rules.create_profiles;
  options.objects_max = braze.batch_max_objects;
  options.bytes_max = static_cast<std::size_t>(braze.batch_max_bytes);
  options.linger = braze.linger;
  options.pace = {static_cast<double>(braze.rate_limit_requests), braze.rate_limit_per,
                  braze.rate_share, braze.hourly_limit};
  options.rate_limit_group = braze.rate_limit_group;
  options.requests_in_flight_max = limits::kRequestsInFlightMax;
  options.probe_interval = parts_.options.probe_interval;
  if (!guard_.ok()) options.blocked = std::string(guard_.message());
  return options;
}

void RunningTenant::Reconfigure(TenantConfig config) {
  const bool moved = config.braze.workspace != config_.braze.workspace ||
                     config.braze.endpoint != config_.braze.endpoint;
  const bool ruled = !(config.rules == config_.rules);
  config_ = std::move(config);
  if (moved) {
    const absl::StatusOr<LedgerFacts> facts =
        ReadLedgerFacts(LedgerPath(parts_.ledger, config_.name));
    guard_ = facts.ok() ? GuardWorkspace(*facts, config_.braze.endpoint, config_.braze.workspace)
                        : facts.status();
  }
  if (ruled) {
    catalog_ = std::make_shared<AttributeCatalog>(config_.name, config_.rules);
    writer_->Reconfigure(std::make_shared<const TenantRules>(config_.rules),
                         {parts_.ledger.min_free_disk});
  }
  parts_.delivery.Reconfigure(config_.name, MakeLaneOptions(), KeyReader());
}

std::shared_ptr<const ApiTenant> RunningTenant::face() const {
  ApiTenant face;
  face.name = config_.name;
  face.workspace = config_.braze.workspace;
  face.host = HostOf(config_.braze.endpoint);
  face.ledger = handle_;
  face.catalog = catalog_;
  face.metrics = &metrics_;
  return std::make_shared<const ApiTenant>(std::move(face));
}

bool RunningTenant::WaitForCalls(std::chrono::milliseconds wait) {
  handle_.reset();
  return released_.wait_for(wait) == std::future_status::ready;
}

void RunningTenant::StopDelivery() {
  std::promise<void> gone;
  parts_.delivery.Remove(config_.name, [&gone] { gone.set_value(); });
  gone.get_future().wait();
}

}  // namespace peaksync

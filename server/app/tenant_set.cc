#include "server/app/tenant_set.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "server/base/log.h"
#include "server/domain/concat.h"

namespace peaksync {
namespace {

// A stream ends at once, unless its client does not read.
constexpr std::chrono::milliseconds kStreamEndWait{1'000};
constexpr std::chrono::milliseconds kCallsWait{10'000};

absl::Status Misconfigured(const TenantConfig& config) {
  return absl::FailedPreconditionError(
      Concat("tenant ", config.name, " is misconfigured: ", config.fault));
}

}  // namespace

void TenantSet::Start(const Config& config) {
  MutexLock lock(mutex_);
  registry_.SetCredentials(CredentialsOf(config));
  for (const TenantConfig& tenant : config.tenants) StartOne(tenant);
}

void TenantSet::Serve(ApiServer* api) {
  MutexLock lock(mutex_);
  api_ = api;
}

void TenantSet::StartOne(const TenantConfig& config) {
  Entry& entry = tenants_[config.name];
  entry.config = config;
  entry.fault = absl::OkStatus();
  if (!config.fault.empty()) return ShowFault(entry, Misconfigured(config));
  absl::StatusOr<std::unique_ptr<RunningTenant>> started = RunningTenant::Start(parts_, config);
  if (!started.ok()) return ShowFault(entry, started.status());
  entry.running = *std::move(started);
  parts_.metrics.Tenant(config.name).SetMisconfigured(false);
  registry_.Set(entry.running->face());
}

void TenantSet::ShowFault(Entry& entry, absl::Status fault) {
  const std::string& name = entry.config.name;
  log::Error("A tenant does not run; the others do.",
             {{"tenant", name}, {"reason", std::string(fault.message())}});
  parts_.metrics.Tenant(name).SetMisconfigured(true);
  entry.fault = fault;
  ApiTenant face;
  face.name = name;
  face.fault = std::move(fault);
  face.metrics = &parts_.metrics.Tenant(name);
  registry_.Set(std::make_shared<const ApiTenant>(std::move(face)));
}

// Nobody may be given the tenant any more: the registry has forgotten it, or shows a fault.
void TenantSet::TakeDown(Entry& entry, const absl::Status& reason) {
  if (entry.running == nullptr) return;
  const std::string& name = entry.config.name;
  RunningTenant& running = *entry.running;
  if (api_ != nullptr) api_->EndStreams(name, reason);
  if (!running.WaitForCalls(kStreamEndWait) && api_ != nullptr) {
    api_->CancelStreams(name, reason);
    if (!running.WaitForCalls(kCallsWait)) {
      log::Error("Calls of a tenant that was taken down have not ended.", {{"tenant", name}});
    }
  }
  running.StopDelivery();
  running.StopLedger();
  entry.running.reset();
  parts_.metrics.Tenant(name).SetWaiting(0, 0, 0);
}

void TenantSet::Apply(const Config& next) {
  MutexLock lock(mutex_);
  std::vector<std::string> removed;
  for (const auto& [name, entry] : tenants_) {
    if (std::ranges::find(next.tenants, name, &TenantConfig::name) == next.tenants.end()) {
      removed.push_back(name);
    }
  }
  const auto gone = [](const std::string& name) {
    return absl::UnauthenticatedError(
        Concat("tenant ", name, " is not configured in this service any more"));
  };
  // All that must end ends before anything that takes its time.
  for (const std::string& name : removed) {
    registry_.Remove(name);
    if (api_ != nullptr) api_->EndStreams(name, gone(name));
  }
  registry_.SetCredentials(CredentialsOf(next));
  if (api_ != nullptr) api_->EndUnauthenticated();
  for (const std::string& name : removed) {
    TakeDown(tenants_.at(name), gone(name));
    parts_.metrics.Tenant(name).SetMisconfigured(false);
    tenants_.erase(name);
    log::Info("A tenant was removed.", {{"tenant", name}});
  }
  for (const TenantConfig& tenant : next.tenants) ApplyOne(tenant);
}

void TenantSet::ApplyOne(const TenantConfig& config) {
  const auto found = tenants_.find(config.name);
  if (found == tenants_.end() || found->second.running == nullptr) {
    StartOne(config);
    if (tenants_.at(config.name).running != nullptr) {
      log::Info("A tenant was started.", {{"tenant", config.name}});
    }
    return;
  }
  Entry& entry = found->second;
  entry.config = config;
  if (config.fault.empty()) {
    entry.running->Reconfigure(config);
    registry_.Set(entry.running->face());
    return;
  }
  ShowFault(entry, Misconfigured(config));
  TakeDown(entry, entry.fault);
}

std::vector<TenantView> TenantSet::View() {
  MutexLock lock(mutex_);
  std::vector<TenantView> views;
  for (const auto& [name, entry] : tenants_) {
    TenantView view;
    view.name = name;
    view.workspace = entry.config.braze.workspace;
    view.endpoint = entry.config.braze.endpoint;
    view.fault = std::string(entry.fault.message());
    if (entry.running != nullptr) view.delivery = entry.running->status();
    if (api_ != nullptr) view.streams = api_->CountStreams(name);
    views.push_back(std::move(view));
  }
  return views;
}

absl::Status TenantSet::WhileDown(const std::string& name, const std::string& reason,
                                  const std::function<absl::Status(const TenantConfig&)>& work) {
  MutexLock lock(mutex_);
  const auto found = tenants_.find(name);
  if (found == tenants_.end()) {
    return absl::NotFoundError(Concat("the service has no tenant ", name));
  }
  Entry& entry = found->second;
  const absl::Status told = absl::UnavailableError(Concat(reason, ": try again in a moment"));
  if (entry.running != nullptr) {
    ShowFault(entry, told);
    TakeDown(entry, told);
  }
  const absl::Status status = work(entry.config);
  const TenantConfig config = entry.config;
  StartOne(config);
  return status;
}

void TenantSet::Stop() {
  MutexLock lock(mutex_);
  api_ = nullptr;
  for (auto& [name, entry] : tenants_) {
    if (entry.running != nullptr) entry.running->StopLedger();
  }
}

}  // namespace peaksync

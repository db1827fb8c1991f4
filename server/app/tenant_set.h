#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "server/api/api_server.h"
#include "server/api/tenant_registry.h"
#include "server/app/config.h"
#include "server/app/running_tenant.h"

namespace peaksync {

// One tenant, for `peaksyncd status`.
struct TenantView {
  std::string name;
  std::string workspace;
  std::string endpoint;
  std::string fault;  // Not empty: it does not run, for this reason.
  DeliveryStatus delivery;
  int streams = 0;
};

// All tenants of the service: starts them, follows the configuration, takes one down and up again.
// What is wrong with one never stops another.
//
// Lifetime: Start, then the api, which Serve names; Stop after the api and the delivery have ended.
// Thread safety: safe for concurrent use; what changes tenants happens one after the other.
class TenantSet {
 public:
  TenantSet(const TenantParts& parts, TenantRegistry& registry)
      : parts_(parts), registry_(registry) {}

  void Start(const Config& config);
  // The api whose streams end with their tenant or their credential.
  void Serve(ApiServer* api);
  // Makes the tenants those of `next`. Streams of tenants and credentials that stay go on.
  void Apply(const Config& next);
  void Stop();

  std::vector<TenantView> View();
  // Takes the tenant down, if it runs, so that nobody has its ledger open; runs `work`; starts it
  // again. Meanwhile its callers are told `reason`. NOT_FOUND when it is not configured.
  absl::Status WhileDown(const std::string& name, const std::string& reason,
                         const std::function<absl::Status(const TenantConfig&)>& work);

 private:
  struct Entry {
    TenantConfig config;
    absl::Status fault;
    std::unique_ptr<RunningTenant> running;  // Null exactly when there is a fault.
  };

  void StartOne(const TenantConfig& config) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void ShowFault(Entry& entry, absl::Status fault) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void ApplyOne(const TenantConfig& config) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void TakeDown(Entry& entry, const absl::Status& reason) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const TenantParts parts_;
  TenantRegistry& registry_;
  Mutex mutex_;
  ApiServer* api_ ABSL_GUARDED_BY(mutex_) = nullptr;
  std::map<std::string, Entry> tenants_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace peaksync

#pragma once

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "server/base/metrics.h"
#include "server/ledger/ledger.h"
#include "server/rules/attribute_catalog.h"

namespace peaksync {

// What the api knows of a tenant at a time. Immutable; a reload makes a new one, with the same
// ledger while the tenant goes on. A call keeps the one that it began with, and so its ledger.
struct ApiTenant {
  std::string name;
  std::string workspace;
  std::string host;
  // Not OK: the tenant is misconfigured, or its ledger cannot be opened or is being replaced; every
  // call says so, and `ledger` and `catalog` are null.
  absl::Status fault;
  std::shared_ptr<Ledger> ledger;
  std::shared_ptr<AttributeCatalog> catalog;
  TenantMetrics* metrics = nullptr;  // Outlives the api.
};

}  // namespace peaksync

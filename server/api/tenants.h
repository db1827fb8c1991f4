#pragma once

#include <map>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "server/base/metrics.h"
#include "server/ledger/ledger.h"
#include "server/rules/attribute_catalog.h"

namespace peaksync {

// What the api knows of a tenant.
struct ApiTenant {
  std::string name;
  std::string workspace;
  std::string host;
  // Not OK: the tenant is misconfigured or its ledger cannot be opened; every call says so, and
  // `ledger` and `catalog` are null.
  absl::Status fault;
  Ledger* ledger = nullptr;
  std::shared_ptr<AttributeCatalog> catalog;
  TenantMetrics* metrics = nullptr;
};

// By name. Immutable while the api runs, and so are the pointers in it.
using ApiTenants = std::map<std::string, ApiTenant, std::less<>>;

}  // namespace peaksync

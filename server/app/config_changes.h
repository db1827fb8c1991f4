#pragma once

#include <string>
#include <vector>

#include "server/app/config.h"

namespace peaksync {

// What became of a tenant that both configurations have.
struct TenantChange {
  std::string tenant;
  bool credentials = false;
  bool rules = false;
  bool workspace = false;  // Its name or its endpoint: another ledger is needed, or a rebind.
  bool delivery = false;   // Where the key stands, the route, batches, limits.
  bool fault = false;      // It became misconfigured, or was mended, or for another reason.

  friend bool operator==(const TenantChange&, const TenantChange&) = default;
};

// What a reload has to do. Keys and tokens are read from files that may have changed alone, so a
// lane is told of every reload, and equal configurations do not say that nothing has changed.
struct ConfigChanges {
  std::vector<std::string> restart;  // Keys that have no effect before a restart: "server.listen".
  std::vector<std::string> added;    // Tenants, by name.
  std::vector<std::string> removed;
  std::vector<TenantChange> changed;

  bool empty() const {
    return restart.empty() && added.empty() && removed.empty() && changed.empty();
  }
};

// Pure. Both configurations have their tenants by name.
ConfigChanges CompareConfigs(const Config& running, const Config& next);

}  // namespace peaksync

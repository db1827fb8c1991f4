#include "server/app/config_changes.h"

#include <algorithm>

namespace peaksync {
namespace {

const TenantConfig* Find(const Config& config, const std::string& name) {
  const auto found = std::ranges::find(config.tenants, name, &TenantConfig::name);
  return found == config.tenants.end() ? nullptr : &*found;
}

std::vector<std::string> CompareFixed(const Config& a, const Config& b) {
  std::vector<std::string> keys;
  const auto compare = [&](const char* key, const auto& before, const auto& after) {
    if (before != after) keys.emplace_back(key);
  };
  compare("server.listen", a.server.listen, b.server.listen);
  compare("server.tls_cert", a.server.tls_cert, b.server.tls_cert);
  compare("server.tls_key", a.server.tls_key, b.server.tls_key);
  compare("server.client_ca", a.server.client_ca, b.server.client_ca);
  compare("server.insecure", a.server.insecure, b.server.insecure);
  compare("admin.listen", a.admin.listen, b.admin.listen);
  compare("admin.insecure", a.admin.insecure, b.admin.insecure);
  compare("admin.socket", a.admin.socket, b.admin.socket);
  compare("ledger.path", a.ledger.path, b.ledger.path);
  compare("ledger.min_free_disk", a.ledger.min_free_disk, b.ledger.min_free_disk);
  return keys;
}

TenantChange Compare(const TenantConfig& before, const TenantConfig& after) {
  TenantChange change;
  change.tenant = after.name;
  change.credentials = !(before.credentials == after.credentials);
  change.rules = !(before.rules == after.rules);
  change.workspace = before.braze.workspace != after.braze.workspace ||
                     before.braze.endpoint != after.braze.endpoint;
  BrazeConfig same_place = after.braze;
  same_place.workspace = before.braze.workspace;
  same_place.endpoint = before.braze.endpoint;
  change.delivery = !(before.braze == same_place);
  change.fault = before.fault != after.fault;
  return change;
}

}  // namespace

ConfigChanges CompareConfigs(const Config& running, const Config& next) {
  ConfigChanges changes;
  changes.restart = CompareFixed(running, next);
  for (const TenantConfig& tenant : running.tenants) {
    if (Find(next, tenant.name) == nullptr) changes.removed.push_back(tenant.name);
  }
  for (const TenantConfig& tenant : next.tenants) {
    const TenantConfig* before = Find(running, tenant.name);
    if (before == nullptr) {
      changes.added.push_back(tenant.name);
      continue;
    }
    TenantChange change = Compare(*before, tenant);
    TenantChange none;
    none.tenant = tenant.name;
    if (change != none) changes.changed.push_back(std::move(change));
  }
  return changes;
}

}  // namespace peaksync

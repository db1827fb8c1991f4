#include "server/api/tenant_registry.h"

#include <utility>

#include "server/api/permissions.h"
#include "server/base/status_macros.h"
#include "server/domain/concat.h"

namespace peaksync {

void TenantRegistry::SetCredentials(const std::vector<TenantCredentials>& credentials) {
  auto directory = std::make_shared<const TenantDirectory>(credentials);
  MutexLock lock(mutex_);
  directory_.swap(directory);
}

void TenantRegistry::Set(std::shared_ptr<const ApiTenant> tenant) {
  // The old one may be the last that holds a ledger: it ends after the lock.
  MutexLock lock(mutex_);
  tenants_[tenant->name].swap(tenant);
}

void TenantRegistry::Remove(std::string_view name) {
  std::shared_ptr<const ApiTenant> last;
  MutexLock lock(mutex_);
  const auto found = tenants_.find(name);
  if (found == tenants_.end()) return;
  last = std::move(found->second);
  tenants_.erase(found);
}

std::shared_ptr<const ApiTenant> TenantRegistry::Find(std::string_view name) const {
  MutexLock lock(mutex_);
  const auto found = tenants_.find(name);
  return found == tenants_.end() ? nullptr : found->second;
}

TenantRegistry::Directory TenantRegistry::directory() const {
  MutexLock lock(mutex_);
  return directory_;
}

std::optional<Principal> TenantRegistry::Identify(const TenantDirectory& directory,
                                                  const CallCredential& credential) {
  return credential.token ? directory.ByTokenDigest(*credential.token)
                          : directory.ByCertificateSan(credential.sans);
}

absl::StatusOr<std::shared_ptr<const ApiTenant>> TenantRegistry::Authorize(
    const CallCredential& credential, std::string_view method) const {
  const std::optional<Principal> principal = Identify(*directory(), credential);
  const std::shared_ptr<const ApiTenant> tenant = principal ? Find(principal->tenant) : nullptr;
  if (tenant == nullptr) {
    return absl::UnauthenticatedError(
        credential.token
            ? "the token is not known to this service: check the token file"
            : "no credential: give metadata `authorization: Bearer TOKEN`, or a client "
              "certificate");
  }
  PEAKSYNC_RETURN_IF_ERROR(CheckPermission(principal->permission, method));
  PEAKSYNC_RETURN_IF_ERROR(tenant->fault);
  return tenant;
}

absl::Status TenantRegistry::Check(const CallCredential& credential,
                                   std::string_view tenant) const {
  const std::optional<Principal> principal = Identify(*directory(), credential);
  if (principal && principal->tenant == tenant) return absl::OkStatus();
  return absl::UnauthenticatedError(
      Concat("the ", credential.token ? "token" : "certificate",
             " of this stream is not valid any more: connect with a new one and resume the run"));
}

}  // namespace peaksync

#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/api/tenants.h"
#include "server/base/mutex.h"
#include "server/base/secret.h"
#include "server/base/tenant_directory.h"

namespace peaksync {

// What a call came with, as much as is kept of it. With neither, the call has no credential.
struct CallCredential {
  std::optional<Sha256Digest> token;
  std::vector<std::string> sans;  // Of a certificate that the handshake has verified.
};

// The tenants of the service and who may call in their name, both replaced while calls run.
// Thread safety: safe for concurrent use.
class TenantRegistry {
 public:
  // Whose credentials are known from now on. Open streams are not told; see Check.
  void SetCredentials(const std::vector<TenantCredentials>& credentials);
  // Adds or replaces the tenant.
  void Set(std::shared_ptr<const ApiTenant> tenant);
  // Calls that have it keep it.
  void Remove(std::string_view name);

  // Null when there is none.
  std::shared_ptr<const ApiTenant> Find(std::string_view name) const;

  // The tenant of a call of `method`; UNAUTHENTICATED, PERMISSION_DENIED, or the tenant's fault.
  absl::StatusOr<std::shared_ptr<const ApiTenant>> Authorize(const CallCredential& credential,
                                                             std::string_view method) const;
  // Whether a stream of `tenant`, opened with the credential, may go on: UNAUTHENTICATED when not.
  absl::Status Check(const CallCredential& credential, std::string_view tenant) const;

 private:
  using Directory = std::shared_ptr<const TenantDirectory>;
  static std::optional<Principal> Identify(const TenantDirectory& directory,
                                           const CallCredential& credential);
  Directory directory() const;

  mutable Mutex mutex_;
  Directory directory_ ABSL_GUARDED_BY(mutex_) =
      std::make_shared<const TenantDirectory>(std::vector<TenantCredentials>());
  std::map<std::string, std::shared_ptr<const ApiTenant>, std::less<>> tenants_
      ABSL_GUARDED_BY(mutex_);
};

}  // namespace peaksync

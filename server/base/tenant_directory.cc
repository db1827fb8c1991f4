#include "server/base/tenant_directory.h"

#include <openssl/crypto.h>

namespace peaksync {

TenantDirectory::TenantDirectory(const std::vector<TenantCredentials>& tenants) {
  for (const TenantCredentials& tenant : tenants) {
    for (const TokenCredential& token : tenant.tokens) {
      tokens_.push_back({token.sha256, {tenant.tenant, token.permission}});
    }
    for (const CertificateCredential& certificate : tenant.certificates) {
      certificates_.push_back({certificate.san, {tenant.tenant, certificate.permission}});
    }
  }
}

std::optional<Principal> TenantDirectory::ByTokenDigest(const Sha256Digest& presented) const {
  const Token* found = nullptr;
  for (const Token& known : tokens_) {
    const bool equal = CRYPTO_memcmp(known.sha256.data(), presented.data(), presented.size()) == 0;
    found = equal ? &known : found;
  }
  if (found == nullptr) return std::nullopt;
  return found->principal;
}

std::optional<Principal> TenantDirectory::ByCertificateSan(
    std::span<const std::string> sans) const {
  std::optional<Principal> found;
  for (const Certificate& known : certificates_) {
    for (const std::string& san : sans) {
      if (san != known.san) continue;
      if (found.has_value() && found->tenant != known.principal.tenant) return std::nullopt;
      if (!found.has_value() || known.principal.permission == Permission::kAll) {
        found = known.principal;
      }
    }
  }
  return found;
}

}  // namespace peaksync

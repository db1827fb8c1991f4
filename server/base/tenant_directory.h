#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "server/base/secret.h"

namespace peaksync {

// What a credential may do: stream updates and read about runs, or everything.
enum class Permission : std::uint8_t { kPush, kAll };

// Whom a call comes from.
struct Principal {
  std::string tenant;
  Permission permission = Permission::kPush;

  friend bool operator==(const Principal&, const Principal&) = default;
};

// A bearer token, as much as the service keeps of it.
struct TokenCredential {
  Sha256Digest sha256 = {};
  Permission permission = Permission::kAll;

  friend bool operator==(const TokenCredential&, const TokenCredential&) = default;
};

// A subject alternative name of a client certificate.
struct CertificateCredential {
  std::string san;
  Permission permission = Permission::kAll;

  friend bool operator==(const CertificateCredential&, const CertificateCredential&) = default;
};

// Everything that proves to be one tenant.
struct TenantCredentials {
  std::string tenant;
  std::vector<TokenCredential> tokens;
  std::vector<CertificateCredential> certificates;

  friend bool operator==(const TenantCredentials&, const TenantCredentials&) = default;
};

// Finds the tenant of a call from its credential (rule 9). Whoever loads the configuration sees to
// it that no credential belongs to two tenants.
// Thread safety: immutable, so safe for concurrent use; a reload makes a new one.
class TenantDirectory {
 public:
  explicit TenantDirectory(const std::vector<TenantCredentials>& tenants);

  // Compares with every token there is, each in constant time, so that the time taken says nothing
  // about how near a guess came or which tenant it hit.
  std::optional<Principal> ByToken(std::string_view token) const {
    return ByTokenDigest(Sha256(token));
  }
  std::optional<Principal> ByTokenDigest(const Sha256Digest& presented) const;

  // The names of a certificate that the TLS handshake has verified. None when they belong to
  // different tenants: such a certificate does not say who is calling.
  std::optional<Principal> ByCertificateSan(std::span<const std::string> sans) const;

 private:
  struct Token {
    Sha256Digest sha256;
    Principal principal;
  };
  struct Certificate {
    std::string san;
    Principal principal;
  };

  std::vector<Token> tokens_;
  std::vector<Certificate> certificates_;
};

}  // namespace peaksync

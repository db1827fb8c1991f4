#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/app/config_problem.h"
#include "server/base/files.h"
#include "server/base/limits.h"
#include "server/base/secret.h"
#include "server/base/tenant_directory.h"
#include "server/rules/rules.h"

namespace peaksync {

// [server]: where tenants reach the service. Paths are absolute or relative to the process.
struct ServerConfig {
  std::string listen = "127.0.0.1:7443";
  std::string tls_cert;  // PEM; empty: no TLS. tls_key is set exactly when this is.
  std::string tls_key;
  std::string client_ca;  // PEM; set: client certificates are verified against it.
  bool insecure = false;  // No TLS off loopback.
};

// [admin]: /metrics, /healthz, /readyz.
struct AdminConfig {
  std::string listen = "127.0.0.1:9464";
  bool insecure = false;  // May listen off loopback. The port has no TLS and no credential.
  // The Unix domain socket for `peaksyncd status` and `peaksyncd ledger`. LoadConfig sets it;
  // empty: none.
  std::string socket;
};

struct LedgerConfig {
  std::string path;
  // While less is free where it lies, batches wait; 0: not looked at.
  std::int64_t min_free_disk = std::int64_t{256} << 20;
};

// [tenants.NAME.braze].
struct BrazeConfig {
  std::string workspace;
  std::string endpoint;      // Normalised; see ParseEndpoint.
  std::string api_key_file;  // Exactly one of the two is set.
  std::string api_key_env;
  bool track_bulk = false;  // The route /users/track/bulk, not /users/track.
  int batch_max_objects = 75;
  std::int64_t batch_max_bytes = limits::kTrackBodyBytesMax;  // Of the route, when not given.
  absl::Duration linger = absl::Milliseconds(200);
  std::int64_t rate_limit_requests = 3'000;
  absl::Duration rate_limit_per = absl::Seconds(3);
  std::int64_t hourly_limit = 0;  // Requests in a clock hour; 0: no such limit.
  // Tenants with one group share one rate limit; empty: it has its own.
  std::string rate_limit_group;
  double rate_share = 0.8;

  friend bool operator==(const BrazeConfig&, const BrazeConfig&) = default;
};

struct TenantConfig {
  std::string name;
  // Not empty: the tenant is MISCONFIGURED, for this reason, and must not run. Its credentials
  // stand all the same, so that its callers can be told why.
  std::string fault;
  TenantCredentials credentials;
  TenantRules rules;
  BrazeConfig braze;
};

struct Config {
  ServerConfig server;
  AdminConfig admin;
  LedgerConfig ledger;
  std::vector<TenantConfig> tenants;  // By name.
};

struct ConfigResult {
  Config config;
  std::vector<ConfigProblem> problems;  // All of them, by file and line.
  std::set<std::string> known_keys;     // Every key that was looked for: "tenants.NAME.token_file".

  // Whether the service may run with this: nothing fatal, and nothing at all when strict.
  bool MayStart(bool strict) const;
};

// What a configuration is read from, besides its own text. Files of secrets are told apart, since
// they must not be readable by others. Thread safety: of the implementation; the system's is safe.
class ConfigInputs {
 public:
  virtual ~ConfigInputs() = default;
  virtual absl::StatusOr<std::string> Read(const std::string& path) const = 0;
  virtual absl::StatusOr<SecretFile> ReadSecret(const std::string& path) const = 0;
  // The paths that match, sorted.
  virtual absl::StatusOr<std::vector<std::string>> Match(const std::string& pattern) const = 0;
  virtual std::optional<std::string> Variable(const std::string& name) const = 0;
};

// The machine's files and this process's environment.
const ConfigInputs& SystemConfigInputs();

// Reads everything and reports every problem at once. The file's own paths are relative to the
// folder of the file that names them.
ConfigResult LoadConfig(const std::string& path, const ConfigInputs& inputs = SystemConfigInputs());

// Reads the tenant's Braze key anew: it rotates while the service runs.
absl::StatusOr<Secret> ReadApiKey(const BrazeConfig& braze,
                                  const ConfigInputs& inputs = SystemConfigInputs());
inline absl::StatusOr<Secret> ReadApiKey(const TenantConfig& tenant,
                                         const ConfigInputs& inputs = SystemConfigInputs()) {
  return ReadApiKey(tenant.braze, inputs);
}

// What a TenantDirectory is made of.
std::vector<TenantCredentials> CredentialsOf(const Config& config);

}  // namespace peaksync

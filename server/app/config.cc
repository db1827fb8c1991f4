#include "server/app/config.h"

#include <algorithm>
#include <map>
#include <memory>
#include <tuple>
#include <utility>

#include "server/app/address.h"
#include "server/app/config_node.h"
#include "server/app/table_reader.h"
#include "server/app/tenant_reader.h"
#include "server/domain/concat.h"

namespace peaksync {
namespace {

using Severity = ConfigProblem::Severity;

// A tenant with the place where it stands, for problems that show only beside the others.
struct PlacedTenant {
  TenantConfig tenant;
  std::string file;
  int line = 0;

  std::string Place() const { return Concat(file, ":", line); }
};

// Reads one configuration: the main file, then what it includes, then what only the whole shows.
class Loader {
 public:
  explicit Loader(const ConfigInputs& inputs) : inputs_(inputs) {}

  ConfigResult Load(const std::string& path) {
    const std::unique_ptr<ConfigNode> root = Parse(path);
    if (root != nullptr) ReadMain(*root, path);
    CheckTenants();
    if (result_.config.admin.socket.empty()) {
      result_.config.admin.socket = Concat(result_.config.ledger.path, "/admin.sock");
    }
    for (PlacedTenant& placed : tenants_) {
      result_.config.tenants.push_back(std::move(placed.tenant));
    }
    result_.problems = std::move(findings_.problems);
    std::stable_sort(result_.problems.begin(), result_.problems.end(),
                     [](const ConfigProblem& a, const ConfigProblem& b) {
                       return std::tie(a.file, a.line) < std::tie(b.file, b.line);
                     });
    result_.known_keys = std::move(findings_.known_keys);
    return std::move(result_);
  }

 private:
  std::unique_ptr<ConfigNode> Parse(const std::string& path) {
    const absl::StatusOr<std::string> text = inputs_.Read(path);
    if (!text.ok()) {
      findings_.problems.push_back(
          {Severity::kFatal, path, 0, "", std::string(text.status().message())});
      return nullptr;
    }
    ParsedToml parsed = ParseToml(*text);
    if (!parsed.ok) {
      findings_.problems.push_back({Severity::kFatal, path, parsed.error_line, "",
                                    Concat("not valid TOML: ", parsed.error)});
      return nullptr;
    }
    return std::make_unique<ConfigNode>(std::move(parsed.root));
  }

  void ReadMain(const ConfigNode& root, const std::string& path) {
    TableReader table(root, path, "", "", findings_);
    std::string include;
    const bool includes = table.String("include", include);
    ReadServer(table);
    ReadAdmin(table);
    ReadLedger(table);
    ReadTenants(table);
    table.RefuseUnknownKeys();
    if (includes) ReadIncluded(table, ResolvePath(path, include));
    if (tenants_.empty()) {
      table.Problem(Severity::kWarning, "tenants",
                    "no tenant is configured, so nobody can stream to this service");
    }
  }

  // Included files hold tenants and nothing else, so that everything of the service as a whole is
  // found in one place.
  void ReadIncluded(TableReader& main, const std::string& pattern) {
    const absl::StatusOr<std::vector<std::string>> files = inputs_.Match(pattern);
    if (!files.ok()) {
      main.Fatal("include", std::string(files.status().message()));
      return;
    }
    if (files->empty() && pattern.find_first_of("*?[") == std::string::npos) {
      main.Fatal("include", Concat(pattern, " does not exist"));
    }
    for (const std::string& file : *files) {
      const std::unique_ptr<ConfigNode> root = Parse(file);
      if (root == nullptr) continue;
      TableReader table(*root, file, "", "", findings_);
      ReadTenants(table);
      for (const ConfigNode& member : root->items) {
        if (member.key == "tenants") continue;
        table.Fatal(member.key, "unknown key; an included file may hold [tenants.NAME] only");
      }
    }
  }

  void ReadServer(TableReader& root) {
    std::optional<TableReader> table = root.Table("server");
    if (!table.has_value()) return;
    ServerConfig& server = result_.config.server;
    table->String("listen", server.listen);
    table->Bool("insecure", server.insecure);
    ReadTlsFile(*table, "tls_cert", server.tls_cert);
    ReadTlsKey(*table, server.tls_key);
    ReadTlsFile(*table, "client_ca", server.client_ca);
    CheckServer(*table);
    table->RefuseUnknownKeys();
  }

  void CheckServer(TableReader& table) {
    const ServerConfig& server = result_.config.server;
    const bool tls = table.Has("tls_cert") || table.Has("tls_key");
    if (table.Has("tls_cert") != table.Has("tls_key")) {
      table.Fatal(table.Has("tls_cert") ? "tls_key" : "tls_cert",
                  "missing; TLS needs tls_cert and tls_key");
    }
    if (table.Has("client_ca") && !tls) {
      table.Fatal("client_ca", "client certificates need TLS; add tls_cert and tls_key");
    }
    if (server.insecure && tls) {
      table.Fatal("insecure", "contradicts tls_cert; remove one of the two");
    }
    const absl::StatusOr<HostPort> address = ParseHostPort(server.listen);
    if (!address.ok()) {
      table.Fatal("listen", std::string(address.status().message()));
    } else if (!IsLoopback(address->host) && !tls && !server.insecure) {
      table.Fatal("listen", Concat(server.listen,
                                   " is not loopback, so TLS is required: add tls_cert "
                                   "and tls_key (or insecure = true, and tokens and "
                                   "predictions cross the network in the clear)"));
    }
  }

  void ReadTlsFile(TableReader& table, std::string_view key, std::string& out) {
    std::string path;
    if (!table.String(key, path)) return;
    out = ResolvePath(table.file(), path);
    const absl::StatusOr<std::string> text = inputs_.Read(out);
    if (!text.ok()) table.Fatal(key, std::string(text.status().message()));
  }

  void ReadTlsKey(TableReader& table, std::string& out) {
    std::string path;
    if (!table.String("tls_key", path)) return;
    out = ResolvePath(table.file(), path);
    const absl::StatusOr<SecretFile> file = inputs_.ReadSecret(out);
    if (file.ok()) {
      WarnIfExposed(*file, "tls_key", out, table);
    } else {
      table.Fatal("tls_key", std::string(file.status().message()));
    }
  }

  void ReadAdmin(TableReader& root) {
    std::optional<TableReader> table = root.Table("admin");
    if (!table.has_value()) return;
    AdminConfig& admin = result_.config.admin;
    table->String("listen", admin.listen);
    table->Bool("insecure", admin.insecure);
    std::string socket;
    if (table->String("socket", socket)) {
      admin.socket = ResolvePath(table->file(), socket);
      if (admin.socket.size() > limits::kSocketPathBytesMax) {
        table->Fatal("socket", Concat("has more than ", limits::kSocketPathBytesMax,
                                      " bytes, the most that Linux takes; use a shorter path"));
      }
    }
    const absl::StatusOr<HostPort> address = ParseHostPort(admin.listen);
    if (!address.ok()) {
      table->Fatal("listen", std::string(address.status().message()));
    } else if (!IsLoopback(address->host) && !admin.insecure) {
      table->Fatal("listen", Concat(admin.listen,
                                    " is not loopback, and this port has no TLS and no "
                                    "credential; add insecure = true to [admin] to allow it"));
    }
    table->RefuseUnknownKeys();
  }

  void ReadLedger(TableReader& root) {
    std::optional<TableReader> table = root.Table("ledger");
    if (table.has_value()) {
      std::string path;
      if (table->String("path", path)) {
        result_.config.ledger.path = ResolvePath(table->file(), path);
      } else if (!table->Has("path")) {
        table->Fatal("path", "missing; name the folder for the ledgers, like /var/lib/peaksync");
      }
      table->Bytes("min_free_disk", 0, std::int64_t{1} << 50, result_.config.ledger.min_free_disk);
      table->RefuseUnknownKeys();
    } else if (!root.Has("ledger")) {
      root.Fatal("ledger.path",
                 "missing; name the folder for the ledgers: [ledger] path = "
                 "\"/var/lib/peaksync\"");
    }
  }

  void ReadTenants(TableReader& root) {
    for (TableReader& table : root.Tables("tenants", "NAME")) {
      PlacedTenant placed{ReadTenant(table, inputs_), table.file(), table.line()};
      const auto same = std::find_if(tenants_.begin(), tenants_.end(), [&](const auto& other) {
        return other.tenant.name == placed.tenant.name;
      });
      if (same == tenants_.end()) {
        tenants_.push_back(std::move(placed));
      } else {
        table.Fatal("",
                    Concat("a second tenant of this name; the first stands at ", same->Place()));
      }
    }
  }

  void Report(Severity severity, const PlacedTenant& placed, std::string_view key,
              std::string message) {
    findings_.problems.push_back({severity, placed.file, placed.line,
                                  Concat("tenants.", placed.tenant.name, key), std::move(message)});
  }

  void AddFault(PlacedTenant& placed, const std::string& message) {
    Report(Severity::kTenant, placed, "", message);
    placed.tenant.fault += Concat(placed.tenant.fault.empty() ? "" : "; ", message);
  }

  void CheckTenants() {
    std::sort(tenants_.begin(), tenants_.end(),
              [](const auto& a, const auto& b) { return a.tenant.name < b.tenant.name; });
    if (tenants_.size() > limits::kTenantsMax) {
      Report(Severity::kFatal, tenants_.back(), "",
             Concat("there are ", tenants_.size(), " tenants; a service has at most ",
                    limits::kTenantsMax));
    }
    CheckWorkspaces();
    CheckCredentials();
    CheckRateLimitGroups();
  }

  // One limit has one size, whoever uses it.
  void CheckRateLimitGroups() {
    std::map<std::string, const PlacedTenant*> first;
    for (PlacedTenant& placed : tenants_) {
      const BrazeConfig& braze = placed.tenant.braze;
      if (braze.rate_limit_group.empty()) continue;
      const auto [other, added] = first.try_emplace(braze.rate_limit_group, &placed);
      const auto size = [](const BrazeConfig& of) {
        return std::tie(of.rate_limit_requests, of.rate_limit_per, of.hourly_limit, of.rate_share);
      };
      if (size(braze) == size(other->second->tenant.braze)) continue;
      AddFault(placed, Concat("shares the rate limit ", braze.rate_limit_group, " with tenant ",
                              other->second->tenant.name,
                              ", but not rate_limit, hourly_limit and rate_share; give both the "
                              "same"));
    }
  }

  // Two ledgers of one workspace would each take the other's values for its own (rule 5).
  void CheckWorkspaces() {
    std::map<std::pair<std::string, std::string>, const PlacedTenant*> owners;
    for (const PlacedTenant& placed : tenants_) {
      const BrazeConfig& braze = placed.tenant.braze;
      if (braze.workspace.empty() || braze.endpoint.empty()) continue;
      const auto [owner, added] = owners.try_emplace({braze.endpoint, braze.workspace}, &placed);
      if (added) continue;
      Report(Severity::kFatal, placed, ".braze.workspace",
             Concat(braze.workspace, " at ", braze.endpoint, " belongs to tenant ",
                    owner->second->tenant.name, " already (", owner->second->Place(),
                    "); a workspace can have one tenant only"));
    }
  }

  // A credential of two tenants does not say whose predictions come, and would bring one company's
  // into the other's Braze. It stays with neither, and both hear of it: which of them is in the
  // wrong cannot be seen from here.
  void CheckCredentials() {
    std::map<std::string, PlacedTenant*> owners;
    std::map<std::string, std::set<std::string>> shared;  // Credential to names.
    for (PlacedTenant& placed : tenants_) {
      for (const std::string& id : CredentialIds(placed.tenant)) {
        const auto [owner, added] = owners.try_emplace(id, &placed);
        if (added || owner->second == &placed) continue;
        shared[id].insert(owner->second->tenant.name);
        shared[id].insert(placed.tenant.name);
      }
      if (!placed.tenant.credentials.certificates.empty() &&
          result_.config.server.client_ca.empty()) {
        AddFault(placed, "client_san needs client_ca in [server], or no certificate is verified");
      }
    }
    std::set<std::pair<std::string, std::string>> told;
    for (const auto& [id, names] : shared) {
      for (PlacedTenant& placed : tenants_) {
        if (!names.contains(placed.tenant.name)) continue;
        RemoveCredential(id, placed.tenant);
        for (const std::string& other : names) {
          if (other == placed.tenant.name || !told.insert({placed.tenant.name, other}).second) {
            continue;
          }
          AddFault(placed, Concat("shares a token or client_san with tenant ", other,
                                  "; give each its own"));
        }
      }
    }
  }

  static std::string IdOf(const TokenCredential& token) {
    return Concat("token ", std::string(token.sha256.begin(), token.sha256.end()));
  }
  static std::string IdOf(const CertificateCredential& certificate) {
    return Concat("san ", certificate.san);
  }
  static std::vector<std::string> CredentialIds(const TenantConfig& tenant) {
    std::vector<std::string> ids;
    for (const auto& token : tenant.credentials.tokens) ids.push_back(IdOf(token));
    for (const auto& san : tenant.credentials.certificates) ids.push_back(IdOf(san));
    return ids;
  }
  static void RemoveCredential(const std::string& id, TenantConfig& tenant) {
    std::erase_if(tenant.credentials.tokens, [&](const auto& token) { return IdOf(token) == id; });
    std::erase_if(tenant.credentials.certificates,
                  [&](const auto& certificate) { return IdOf(certificate) == id; });
  }

  const ConfigInputs& inputs_;
  ConfigFindings findings_;
  ConfigResult result_;
  std::vector<PlacedTenant> tenants_;
};

}  // namespace

bool ConfigResult::MayStart(bool strict) const {
  return std::none_of(problems.begin(), problems.end(), [&](const ConfigProblem& problem) {
    return strict || problem.severity == ConfigProblem::Severity::kFatal;
  });
}

ConfigResult LoadConfig(const std::string& path, const ConfigInputs& inputs) {
  return Loader(inputs).Load(path);
}

std::vector<TenantCredentials> CredentialsOf(const Config& config) {
  std::vector<TenantCredentials> credentials;
  for (const TenantConfig& tenant : config.tenants) credentials.push_back(tenant.credentials);
  return credentials;
}

}  // namespace peaksync

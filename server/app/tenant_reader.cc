#include "server/app/tenant_reader.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "server/app/address.h"
#include "server/app/token_list.h"
#include "server/base/text.h"
#include "server/domain/concat.h"
#include "server/rules/attribute_catalog.h"

namespace peaksync {
namespace {

constexpr std::size_t kTenantNameBytesMax = 63;
constexpr std::int64_t kHourlyLimitMax = 1'000'000'000;
constexpr std::int64_t kMebibyte = 1 << 20;
// Less would send everything at every run.
constexpr absl::Duration kResendAfterMin = absl::Hours(1);

// Reports a fault of the tenant and remembers it as the reason why the tenant does not run.
class TenantFaults {
 public:
  explicit TenantFaults(TenantConfig& tenant) : tenant_(tenant) {}
  void Add(TableReader& table, std::string_view key, std::string message) {
    const std::string path = table.PathOf(key);
    std::string_view place = path;
    if (text::ConsumePrefix(place, Concat("tenants.", tenant_.name))) {
      text::ConsumePrefix(place, ".");
    }
    tenant_.fault +=
        Concat(tenant_.fault.empty() ? "" : "; ", place, place.empty() ? "" : ": ", message);
    table.Problem(ConfigProblem::Severity::kTenant, key, std::move(message));
  }

 private:
  TenantConfig& tenant_;
};

bool IsTenantName(std::string_view name) {
  const auto plain = [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return absl::ascii_islower(byte) || absl::ascii_isdigit(byte);
  };
  return !name.empty() && name.size() <= kTenantNameBytesMax && plain(name.front()) &&
         std::all_of(name.begin(), name.end(), [&](char c) { return plain(c) || c == '-'; });
}

void AddTokens(std::string_view text, std::string_view key, const std::string& where,
               TableReader& table, TenantFaults& faults, TenantConfig& tenant) {
  absl::StatusOr<std::vector<TokenCredential>> tokens = ParseTokens(text, where);
  if (!tokens.ok()) {
    faults.Add(table, key, std::string(tokens.status().message()));
    return;
  }
  std::vector<TokenCredential>& all = tenant.credentials.tokens;
  all.insert(all.end(), tokens->begin(), tokens->end());
}

void ReadTokens(TableReader& table, const ConfigInputs& inputs, TenantFaults& faults,
                TenantConfig& tenant) {
  std::string text;
  if (table.String("token_file", text)) {
    const std::string path = ResolvePath(table.file(), text);
    const absl::StatusOr<SecretFile> file = inputs.ReadSecret(path);
    if (file.ok()) {
      WarnIfExposed(*file, "token_file", path, table);
      AddTokens(file->content.Reveal(), "token_file", path, table, faults, tenant);
    } else {
      faults.Add(table, "token_file", std::string(file.status().message()));
    }
  }
  if (table.String("token_env", text)) {
    const std::string where = Concat("environment variable ", text);
    std::optional<std::string> value = inputs.Variable(text);
    AddTokens(value.value_or(""), "token_env", where, table, faults, tenant);
    if (value.has_value()) Wipe(*value);
  }
  std::vector<std::string> entries;
  if (table.Strings("token_sha256", entries)) {
    for (std::size_t i = 0; i < entries.size(); ++i) {
      const absl::StatusOr<TokenCredential> token = ParseTokenHash(entries[i]);
      if (token.ok()) {
        tenant.credentials.tokens.push_back(*token);
      } else {
        faults.Add(table, "token_sha256", Concat("entry ", i + 1, " ", token.status().message()));
      }
    }
  }
}

void ReadCertificates(TableReader& table, TenantFaults& faults, TenantConfig& tenant) {
  std::vector<std::string> entries;
  if (!table.Strings("client_san", entries)) return;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    std::string_view san;
    CertificateCredential certificate;
    if (SplitCredential(entries[i], san, certificate.permission)) {
      certificate.san = san;
      tenant.credentials.certificates.push_back(std::move(certificate));
    } else {
      faults.Add(table, "client_san",
                 Concat("entry ", i + 1,
                        " must be a name from the certificate, alone or "
                        "followed by push or all"));
    }
  }
}

void ReadCredentials(TableReader& table, const ConfigInputs& inputs, TenantFaults& faults,
                     TenantConfig& tenant) {
  ReadTokens(table, inputs, faults, tenant);
  ReadCertificates(table, faults, tenant);
  constexpr std::string_view kKeys[] = {"token_file", "token_env", "token_sha256", "client_san"};
  if (std::none_of(std::begin(kKeys), std::end(kKeys),
                   [&](std::string_view key) { return table.Has(key); })) {
    faults.Add(table, "",
               "has no credential, so nobody can stream to it; add token_file, token_env, "
               "token_sha256 or client_san");
  }
}

std::optional<RuleType> TypeOf(std::string_view name) {
  constexpr std::pair<std::string_view, RuleType> kTypes[] = {
      {"bool", RuleType::kBool},     {"integer", RuleType::kInteger},
      {"double", RuleType::kDouble}, {"string", RuleType::kString},
      {"list", RuleType::kList},     {"timestamp", RuleType::kTimestamp},
      {"object", RuleType::kObject}};
  for (const auto& [type_name, type] : kTypes) {
    if (type_name == name) return type;
  }
  return std::nullopt;
}

void ReadAttribute(TableReader& table, TenantFaults& faults, AttributeRule& rule) {
  table.String("rename", rule.rename);
  std::string type;
  if (table.String("type", type)) {
    rule.type = TypeOf(type);
    if (!rule.type.has_value()) {
      faults.Add(table, "type", "must be bool, integer, double, string, timestamp, list or object");
    }
  }
  std::vector<double> range;
  if (table.Numbers("range", range)) {
    if (range.size() == 2) {
      rule.range = {range[0], range[1]};
    } else {
      faults.Add(table, "range", "must be two numbers, the least and the greatest: [0, 1]");
    }
  }
  std::int64_t digits = 0;
  if (table.Integer("round", std::numeric_limits<int>::min(), std::numeric_limits<int>::max(),
                    digits)) {
    rule.round = static_cast<int>(digits);
  }
  double min_change = 0;
  if (table.Number("min_change", min_change)) rule.min_change = min_change;
  table.String("source", rule.source);
  table.RefuseUnknownKeys();
}

void ReadAttributes(TableReader& tenant, TenantFaults& faults, TenantRules& rules) {
  std::vector<TableReader> tables = tenant.Tables("attributes", "MODEL");
  for (TableReader& table : tables) {
    ReadAttribute(table, faults, rules.attributes[table.name()]);
  }
  for (const std::string& problem : AttributeCatalog::CheckRules(rules)) {
    // The sentence names the attribute; the problem then stands at the attribute's own line.
    const auto about = std::find_if(tables.begin(), tables.end(), [&](const TableReader& table) {
      return problem.starts_with(Concat("attribute ", table.name(), ": "));
    });
    faults.Add(about == tables.end() ? tenant : *about, about == tables.end() ? "attributes" : "",
               problem);
  }
}

void ReadRules(TableReader& table, TenantFaults& faults, TenantRules& rules) {
  table.Choice<TenantRules::OnInvalid>("on_invalid",
                                       {{"skip_update", TenantRules::OnInvalid::kSkipUpdate},
                                        {"skip_attribute", TenantRules::OnInvalid::kSkipAttribute}},
                                       rules.on_invalid);
  table.Choice<bool>("unlisted_attributes", {{"accept", true}, {"reject", false}},
                     rules.accept_unlisted_attributes);
  table.Bool("create_profiles", rules.create_profiles);
  double percent = rules.max_invalid_percent;
  if (table.Number("max_invalid_percent", percent)) {
    if (percent >= 0 && percent <= 100) {
      rules.max_invalid_percent = percent;
    } else {
      table.Fatal("max_invalid_percent", "must be 0 to 100");
    }
  }
  table.Integer("max_rejections", 0, 10'000'000, rules.max_rejections);
  // Less could not hold a whole batch, and its stream would wait for ever.
  table.Bytes("max_waiting_bytes", limits::kMessageBytesMax, kMebibyte << 20,
              rules.max_waiting_bytes);
  absl::Duration resend_after;
  if (table.Duration("resend_after", kResendAfterMin, absl::Hours(24 * 3'650), resend_after)) {
    rules.resend_after = resend_after;
  }
  ReadAttributes(table, faults, rules);
}

void ReadBrazeLimits(TableReader& table, BrazeConfig& braze) {
  table.Choice<bool>("route", {{"track", false}, {"track_bulk", true}}, braze.track_bulk);
  const std::size_t bytes_max =
      braze.track_bulk ? limits::kTrackBulkBodyBytesMax : limits::kTrackBodyBytesMax;
  braze.batch_max_bytes = static_cast<std::int64_t>(bytes_max);
  std::int64_t objects = braze.batch_max_objects;
  table.Integer("batch_max_objects", 1, limits::kTrackObjectsMax, objects);
  braze.batch_max_objects = static_cast<int>(objects);
  table.Bytes("batch_max_bytes", 10'000, static_cast<std::int64_t>(bytes_max),
              braze.batch_max_bytes);
  table.Duration("linger", absl::ZeroDuration(), absl::Minutes(1), braze.linger);
  if (std::optional<TableReader> rate = table.Table("rate_limit")) {
    rate->Integer("requests", 1, 1'000'000, braze.rate_limit_requests);
    rate->Duration("per", absl::Milliseconds(100), absl::Hours(1), braze.rate_limit_per);
    for (const std::string_view key : {"requests", "per"}) {
      if (!rate->Has(key)) rate->Fatal(key, "missing; write { requests = 3000, per = \"3s\" }");
    }
    rate->RefuseUnknownKeys();
  }
  table.Integer("hourly_limit", 1, kHourlyLimitMax, braze.hourly_limit);
  table.String("rate_limit_group", braze.rate_limit_group);
  double share = braze.rate_share;
  if (table.Number("rate_share", share)) {
    if (share > 0 && share <= 1) {
      braze.rate_share = share;
    } else {
      table.Fatal("rate_share", "must be greater than 0 and at most 1");
    }
  }
}

void ReadApiKeyPlace(TableReader& table, const ConfigInputs& inputs, TenantFaults& faults,
                     BrazeConfig& braze) {
  const bool from_file = table.String("api_key_file", braze.api_key_file);
  const bool from_env = table.String("api_key_env", braze.api_key_env);
  if (from_file) braze.api_key_file = ResolvePath(table.file(), braze.api_key_file);
  if (from_file && from_env) {
    table.Fatal("api_key_env", "contradicts api_key_file; remove one of the two");
    return;
  }
  if (!from_file && !from_env) {
    if (!table.Has("api_key_file") && !table.Has("api_key_env")) {
      table.Fatal("api_key_file", "missing; name the file with the workspace's REST API key");
    }
    return;
  }
  const std::string_view key = from_file ? "api_key_file" : "api_key_env";
  if (const absl::Status read = ReadApiKey(braze, inputs).status(); !read.ok()) {
    faults.Add(table, key, std::string(read.message()));
  } else if (from_file) {
    const absl::StatusOr<SecretFile> file = inputs.ReadSecret(braze.api_key_file);
    if (file.ok()) WarnIfExposed(*file, key, braze.api_key_file, table);
  }
}

void ReadBraze(TableReader& tenant_table, const ConfigInputs& inputs, TenantFaults& faults,
               BrazeConfig& braze) {
  std::optional<TableReader> table = tenant_table.Table("braze");
  if (!table.has_value()) {
    if (!tenant_table.Has("braze")) {
      tenant_table.Fatal("braze",
                         "missing; add the table with workspace, endpoint and "
                         "api_key_file");
    }
    return;
  }
  table->String("workspace", braze.workspace);
  if (!table->Has("workspace")) {
    table->Fatal("workspace", "missing; name the Braze workspace, as you call it");
  }
  std::string endpoint;
  if (table->String("endpoint", endpoint)) {
    absl::StatusOr<std::string> parsed = ParseEndpoint(endpoint);
    if (parsed.ok()) {
      braze.endpoint = *std::move(parsed);
    } else {
      table->Fatal("endpoint", std::string(parsed.status().message()));
    }
  } else if (!table->Has("endpoint")) {
    table->Fatal("endpoint",
                 "missing; name the workspace's REST endpoint, like "
                 "https://rest.fra-01.braze.eu");
  }
  ReadApiKeyPlace(*table, inputs, faults, braze);
  ReadBrazeLimits(*table, braze);
  table->RefuseUnknownKeys();
}

}  // namespace

std::string ResolvePath(const std::string& file, const std::string& path) {
  const std::size_t slash = file.rfind('/');
  if (path.empty() || path.front() == '/' || slash == std::string::npos) return path;
  return Concat(file.substr(0, slash + 1), path);
}

void WarnIfExposed(const SecretFile& secret, std::string_view key, const std::string& path,
                   TableReader& table) {
  if (!secret.readable_by_others) return;
  table.Problem(ConfigProblem::Severity::kWarning, key,
                Concat(path, " can be read by other users; run chmod 600 on it"));
}

TenantConfig ReadTenant(TableReader& table, const ConfigInputs& inputs) {
  TenantConfig tenant;
  tenant.name = table.name();
  tenant.credentials.tenant = tenant.name;
  TenantFaults faults(tenant);
  if (!IsTenantName(tenant.name)) {
    table.Fatal("",
                "a tenant's name is 1 to 63 lower-case letters, digits and hyphens, and begins "
                "with a letter or digit");
  }
  ReadCredentials(table, inputs, faults, tenant);
  ReadRules(table, faults, tenant.rules);
  ReadBraze(table, inputs, faults, tenant.braze);
  table.RefuseUnknownKeys();
  return tenant;
}

}  // namespace peaksync

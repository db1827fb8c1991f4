// The service's configuration. An input is the file.

#include <cstddef>
#include <cstdint>
#include <string>

#include "server/app/config.h"
#include "server/rules/attribute_catalog.h"
#include "tests/fuzz/promise.h"

namespace peaksync {
namespace {

// Files and variables that an input may name.
class Inputs final : public ConfigInputs {
 public:
  explicit Inputs(std::string file) : file_(std::move(file)) {}

  absl::StatusOr<std::string> Read(const std::string& path) const override {
    if (path == "/p.toml" || path.ends_with(".toml")) return file_;
    return absl::NotFoundError("no such file");
  }
  absl::StatusOr<SecretFile> ReadSecret(const std::string& path) const override {
    SecretFile file;
    file.content = Secret("a-token-of-sixteen push\nanother-token-of-16\n");
    file.readable_by_others = path.ends_with("open");
    return file;
  }
  absl::StatusOr<std::vector<std::string>> Match(const std::string& pattern) const override {
    if (pattern.find('*') == std::string::npos) return std::vector<std::string>{};
    return std::vector<std::string>{"/d/one.toml"};
  }
  std::optional<std::string> Variable(const std::string& name) const override {
    if (name.empty()) return std::nullopt;
    return "the-value-of-a-variable";
  }

 private:
  std::string file_;
};

}  // namespace
}  // namespace peaksync

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace peaksync;
  const ConfigResult result =
      LoadConfig("/p.toml", Inputs(std::string(reinterpret_cast<const char*>(data), size)));
  for (const ConfigProblem& problem : result.problems) {
    Promise(!problem.ToString().empty(), "a problem is told");
  }
  if (!result.MayStart(/*strict=*/true)) return 0;
  Promise(!result.config.ledger.path.empty(), "a usable configuration has a ledger");
  for (const TenantConfig& tenant : result.config.tenants) {
    Promise(tenant.fault.empty(), "a strict start has no faulty tenant", tenant.name);
    Promise(!tenant.braze.endpoint.empty(), "a tenant has an endpoint", tenant.name);
    Promise(AttributeCatalog::CheckRules(tenant.rules).empty(), "its rules are sound", tenant.name);
  }
  return 0;
}

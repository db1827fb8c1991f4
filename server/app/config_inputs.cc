#include <glob.h>

#include <cstdlib>

#include "absl/cleanup/cleanup.h"
#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "server/app/config.h"
#include "server/base/status_macros.h"
#include "server/base/text.h"
#include "server/domain/concat.h"

namespace peaksync {
namespace {

constexpr std::size_t kConfigBytesMax = 4 << 20;
constexpr std::size_t kSecretBytesMax = 256 << 10;

class SystemInputs final : public ConfigInputs {
 public:
  absl::StatusOr<std::string> Read(const std::string& path) const override {
    return ReadSmallFile(path, kConfigBytesMax);
  }
  absl::StatusOr<SecretFile> ReadSecret(const std::string& path) const override {
    return ReadSecretFile(path, kSecretBytesMax);
  }
  absl::StatusOr<std::vector<std::string>> Match(const std::string& pattern) const override {
    glob_t found = {};
    const absl::Cleanup free_it = [&found] { globfree(&found); };
    const int code = glob(pattern.c_str(), 0, nullptr, &found);
    if (code != 0 && code != GLOB_NOMATCH) {
      return absl::UnavailableError(Concat("cannot list ", pattern));
    }
    return std::vector<std::string>(found.gl_pathv, found.gl_pathv + found.gl_pathc);
  }
  std::optional<std::string> Variable(const std::string& name) const override {
    const char* value = std::getenv(name.c_str());
    if (value == nullptr) return std::nullopt;
    return value;
  }
};

// Without the blanks around it that editors and `echo` leave. Checked for what a header may hold: a
// line break inside would end the header and begin another.
absl::StatusOr<Secret> CleanKey(std::string_view raw, const std::string& where) {
  const std::string_view key = text::Strip(raw);
  if (key.empty()) {
    return absl::InvalidArgumentError(Concat(where, " is empty; it must hold the API key"));
  }
  for (const char c : key) {
    if (!absl::ascii_isgraph(static_cast<unsigned char>(c))) {
      return absl::InvalidArgumentError(Concat(
          where, " must hold the API key alone: one line, no blanks, no control characters"));
    }
  }
  return Secret(std::string(key));
}

}  // namespace

const ConfigInputs& SystemConfigInputs() {
  static const SystemInputs inputs;
  return inputs;
}

absl::StatusOr<Secret> ReadApiKey(const BrazeConfig& braze, const ConfigInputs& inputs) {
  if (!braze.api_key_file.empty()) {
    PEAKSYNC_ASSIGN_OR_RETURN(const SecretFile file, inputs.ReadSecret(braze.api_key_file));
    return CleanKey(file.content.Reveal(), braze.api_key_file);
  }
  const std::string where = Concat("environment variable ", braze.api_key_env);
  std::optional<std::string> value = inputs.Variable(braze.api_key_env);
  if (!value.has_value()) return absl::NotFoundError(Concat(where, " is not set"));
  absl::StatusOr<Secret> key = CleanKey(*value, where);
  Wipe(*value);
  return key;
}

}  // namespace peaksync

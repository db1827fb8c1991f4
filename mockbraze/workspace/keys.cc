#include "mockbraze/workspace/keys.h"

#include <algorithm>
#include <utility>

#include "mockbraze/base/text.h"

namespace mockbraze {

// Section 1.2: a key in quotes is a wrong key.
bool IsQuoted(std::string_view key) {
  return !key.empty() && (key.front() == '"' || key.front() == '\'');
}

Result<ApiKey> ParseApiKey(std::string_view text) {
  const std::size_t colon = text.find(':');
  ApiKey key;
  key.key = text.substr(0, colon);
  if (key.key.empty()) {
    return Result<ApiKey>::Fail("an API key is empty; without any, every key is accepted");
  }
  if (IsQuoted(key.key)) {
    return Result<ApiKey>::Fail("API key " + key.key +
                                " is in quotes; Braze refuses such keys, write it without");
  }
  if (colon != std::string_view::npos) {
    for (const std::string_view scope : Split(text.substr(colon + 1), ',')) {
      if (scope.empty()) {
        return Result<ApiKey>::Fail("API key '" + key.key +
                                    "': empty scope; write KEY:users.track,users.export.ids");
      }
      key.permissions.emplace_back(scope);
    }
  }
  return Result<ApiKey>::Ok(std::move(key));
}

Access Check(const std::vector<ApiKey>& keys, std::string_view key, std::string_view permission) {
  if (key.empty() || IsQuoted(key)) return Access::kUnknownKey;
  if (keys.empty()) return Access::kGranted;
  const auto found = std::ranges::find(keys, key, &ApiKey::key);
  if (found == keys.end()) return Access::kUnknownKey;
  if (found->permissions.empty()) return Access::kGranted;
  const bool granted =
      std::ranges::find(found->permissions, permission) != found->permissions.end();
  return granted ? Access::kGranted : Access::kMissingPermission;
}

std::string KeyOf(const Headers& headers) {
  static constexpr std::string_view scheme = "Bearer ";
  const std::string* header = FindHeader(headers, "authorization");
  if (!header || header->size() < scheme.size() ||
      !EqualsIgnoringCase(std::string_view(*header).substr(0, scheme.size()), scheme)) {
    return {};
  }
  return header->substr(scheme.size());
}

}  // namespace mockbraze

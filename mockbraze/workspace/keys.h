#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "mockbraze/base/result.h"
#include "mockbraze/http/http_message.h"

// The REST API keys of a workspace, docs/braze-contract.md sections 1.2 and 1.4.
// Thread safety: pure functions.
namespace mockbraze {

struct ApiKey {
  std::string key;
  std::vector<std::string> permissions;  // such as users.track; empty: all
};

// Reads KEY[:scope,...].
Result<ApiKey> ParseApiKey(std::string_view text);

enum class Access {
  kGranted,
  kUnknownKey,         // 401
  kMissingPermission,  // 403
};

bool IsQuoted(std::string_view key);

// Without any keys, every key that is not empty may do everything.
Access Check(const std::vector<ApiKey>& keys, std::string_view key, std::string_view permission);

// The key of `Authorization: Bearer KEY`; empty when there is none.
std::string KeyOf(const Headers& headers);

}  // namespace mockbraze

#pragma once

#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "mockbraze/base/result.h"
#include "mockbraze/http/http_message.h"

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

// The REST API keys of the workspace, docs/braze-contract.md sections 1.2 and 1.4. Without any,
// every key that is not empty may do everything. Thread safety: all calls from any thread.
class KeyRing {
 public:
  void Set(std::vector<ApiKey> keys);
  std::vector<ApiKey> keys() const;

  Access Check(std::string_view key, std::string_view permission) const;
  // The key of `Authorization: Bearer KEY`; empty when there is none.
  static std::string KeyOf(const Headers& headers);

 private:
  mutable std::mutex mutex_;
  std::vector<ApiKey> keys_;
};

}  // namespace mockbraze

#pragma once

#include <algorithm>
#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "mockbraze/base/text.h"

// HTTP as the mock sees it: plain structs, so that everything behind the server is tested without
// sockets. Thread safety: as plain structs.
namespace mockbraze {

using Headers = std::vector<std::pair<std::string, std::string>>;

// The first header of that name, whatever its case; null when there is none.
inline const std::string* FindHeader(const Headers& headers, std::string_view name) {
  const auto found = std::ranges::find_if(
      headers, [&](const auto& header) { return EqualsIgnoringCase(header.first, name); });
  return found == headers.end() ? nullptr : &found->second;
}

struct Request {
  std::string method;
  std::string path;   // without the query
  std::string query;  // without the '?'
  Headers headers;    // as sent
  std::string body;
  bool too_large = false;  // the body is beyond the limit; it was not read and is empty here
};

// How an answer leaves. All but kSend are faults.
enum class Wire {
  kSend,
  kReset,     // the connection is reset, nothing is sent
  kTruncate,  // half of the body, then the connection is closed
  kSlow,      // the head at once, the body in pieces over slow_for
  kHang,      // nothing, until the client leaves
};

struct Response {
  int status = 200;
  Headers headers;  // content-length and connection are the server's to add
  std::string body;
  Wire wire = Wire::kSend;
  std::chrono::milliseconds slow_for{0};
};

}  // namespace mockbraze

#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "mockbraze/base/json.h"
#include "mockbraze/base/result.h"
#include "mockbraze/http/http_message.h"

namespace mockbraze {

// What a path that the mock does not know answers, as a test told it.
struct Stub {
  std::string method;
  std::string path;
  int status = 200;
  Headers headers;
  std::string body;
  std::optional<std::uint64_t> times;  // answers that are left; absent: any number
};

// Reads {method, path, status, headers, body, times}; all but path may be absent. A body that is no
// text is sent as JSON.
Result<Stub> ReadStub(const Value& value);
Value ToValue(const Stub& stub);

// The stubs of a workspace, limits::stubs_max at most. The newest that fits answers.
// Thread safety: all calls from any thread.
class Stubs {
 public:
  // False when there are too many.
  bool Add(Stub stub);
  // The answer, which is then one fewer; absent when no stub fits.
  std::optional<Response> Answer(const std::string& method, const std::string& path);
  std::vector<Stub> all() const;
  void Reset();

 private:
  mutable std::mutex mutex_;
  std::vector<Stub> stubs_;  // oldest first
};

}  // namespace mockbraze

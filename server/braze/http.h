#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace peaksync {

struct HttpRequest {
  std::string url;                   // https://…, or http:// on loopback.
  std::vector<std::string> headers;  // "Name: value". May hold a secret: never logged.
  std::string body;
  absl::Duration timeout = absl::Seconds(60);
};

// What the server answered. A 404 is a successful exchange: it is an answer.
struct HttpResponse {
  int status = 0;
  std::vector<std::pair<std::string, std::string>> headers;  // Names in lower case.
  std::string body;  // At most limits::kBrazeAnswerBytesMax.
  // By the clock of the time of day, which its headers mean. Absent: that of the event.
  std::optional<absl::Time> received = {};
};

// The transport failed: no complete answer came.
struct HttpFailure {
  std::string reason;             // For people: "connection refused", "timed out after 60s", …
  bool may_have_arrived = false;  // False only when the request certainly never left us.
};

struct HttpResult {
  // Exactly one of the two is meaningful.
  bool answered = false;
  HttpResponse response;
  HttpFailure failure;
};

// Sends requests. `done` is called exactly once a request, never from inside Send.
// Thread safety: of the implementation; CurlHttpClient is used from its loop's thread only.
class HttpClient {
 public:
  using Done = std::function<void(HttpResult)>;
  virtual ~HttpClient() = default;
  virtual void Send(HttpRequest request, Done done) = 0;
};

}  // namespace peaksync

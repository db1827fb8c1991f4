// What an answer of Braze means. An input is text: the status, headers, an empty line, the body.
//
//   201
//   x-ratelimit-remaining: 12
//
//   {"message": "success"}

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "server/base/limits.h"
#include "server/braze/answer.h"
#include "tests/fuzz/promise.h"

namespace peaksync {
namespace {

constexpr std::string_view kKey = "secret-key-of-the-tenant";
constexpr std::size_t kObjects = 5;

std::string_view TakeLine(std::string_view* text) {
  const std::size_t end = std::min(text->find('\n'), text->size());
  const std::string_view line = text->substr(0, end);
  text->remove_prefix(std::min(end + 1, text->size()));
  return line;
}

HttpResult Read(std::string_view text) {
  HttpResult result;
  result.answered = true;
  const std::string_view status = TakeLine(&text);
  std::from_chars(status.data(), status.data() + status.size(), result.response.status);
  while (!text.empty()) {
    const std::string_view line = TakeLine(&text);
    if (line.empty()) break;
    const std::size_t colon = std::min(line.find(':'), line.size());
    std::string_view value = line.substr(std::min(colon + 1, line.size()));
    if (value.starts_with(' ')) value.remove_prefix(1);
    result.response.headers.emplace_back(line.substr(0, colon), value);
  }
  result.response.body = text;
  return result;
}

void CheckText(const std::string& text) {
  Promise(text.find(kKey) == std::string::npos, "the tenant's key is cut out", text);
  Promise(text.size() <= limits::kReasonBytesMax, "a text of Braze is bounded");
}

}  // namespace
}  // namespace peaksync

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace peaksync;
  const HttpResult result = Read({reinterpret_cast<const char*>(data), size});
  const Answer answer = ReadAnswer(result, kObjects, kKey, absl::FromUnixSeconds(1'790'000'000));
  std::size_t next = 0;
  for (const NamedError& error : answer.errors) {
    Promise(error.index >= next && error.index < kObjects, "errors name objects, each once");
    next = error.index + 1;
    CheckText(error.text);
  }
  CheckText(answer.braze_text);
  Promise(answer.reason.find(kKey) == std::string::npos, "the reason is ours", answer.reason);
  const bool accepted = answer.kind == Answer::Kind::kAccepted;
  Promise(!accepted || (result.response.status >= 200 && result.response.status < 300),
          "only 2xx confirms");
  Promise(!answer.rate.retry_after || *answer.rate.retry_after <= absl::Hours(1),
          "no header asks for more than an hour");
  return 0;
}

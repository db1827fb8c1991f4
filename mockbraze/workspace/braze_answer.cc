#include "mockbraze/workspace/braze_answer.h"

#include <algorithm>
#include <utility>

#include "mockbraze/base/limits.h"
#include "mockbraze/base/text.h"

namespace mockbraze {
namespace {

std::int64_t EpochSeconds(Clock::Time time) {
  return std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
}

std::uint64_t Digest(std::string_view text) {
  std::uint64_t digest = 0xCBF29CE484222325U;
  for (const char c : text) digest = (digest ^ static_cast<unsigned char>(c)) * 0x100000001B3U;
  return Mix(digest);
}

std::string RequestId(std::uint64_t number) {
  const std::string a = Hex(Mix(number), 16);
  const std::string b = Hex(Mix(~number), 16);
  return a.substr(0, 8) + "-" + a.substr(8, 4) + "-4" + a.substr(13, 3) + "-a" + b.substr(1, 3) +
         "-" + b.substr(4, 12);
}

}  // namespace

void AnswerMaker::CountRequest() {
  const std::int64_t window = EpochSeconds(clock_.Now()) / limits::rate_window.count();
  const std::lock_guard lock(mutex_);
  if (window != window_) used_ = 0;
  window_ = window;
  ++used_;
}

AnswerMaker::Rate AnswerMaker::CurrentRate() {
  const std::int64_t window = EpochSeconds(clock_.Now()) / limits::rate_window.count();
  const std::int64_t used = window == window_ ? used_ : 0;
  return {std::max<std::int64_t>(limits::rate_requests - used, 0),
          (window + 1) * limits::rate_window.count()};
}

Response AnswerMaker::Make(int status, std::string body, std::string_view content_type) {
  Response response;
  response.status = status;
  const std::uint64_t digest = Digest(body);
  response.body = std::move(body);
  const std::lock_guard lock(mutex_);
  const Rate rate = CurrentRate();
  response.headers = {
      {"content-type", std::string(content_type)},
      {"x-ratelimit-limit", std::to_string(limits::rate_requests)},
      {"x-ratelimit-remaining", std::to_string(status == 429 ? 0 : rate.remaining)},
      {"x-ratelimit-reset", std::to_string(rate.reset_s)},
      {"etag", "W/\"" + Hex(digest, 16) + Hex(Mix(digest), 16) + "\""},
      {"cache-control", "max-age=0, private, must-revalidate"},
      {"x-request-id", RequestId(Mix(seed_) + ++answers_)},
      {"vary", "Origin,Accept-Encoding"},
  };
  return response;
}

Response AnswerMaker::Message(int status, std::string_view message) {
  return Make(status, Value(Value::Object{{"message", message}}));
}

Response AnswerMaker::InvalidKey(const std::string& key) {
  Response response = Message(401, "Invalid API key: " + ToValidUtf8(key));
  for (auto& [name, value] : response.headers) {
    if (name.starts_with("x-ratelimit-")) value.clear();
  }
  return response;
}

void AnswerMaker::Reset() {
  const std::lock_guard lock(mutex_);
  window_ = used_ = 0;
  answers_ = 0;
}

std::string_view StatusMessage(int status) {
  switch (status) {
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Access Denied";
    case 404:
      return "Not Found";
    case 408:
      return "Request Timeout";
    case 413:
      return "Request Entity Too Large";
    case 429:
      return "Rate Limited";
    case 500:
      return "Internal Server Error";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    default:
      return status < 400 ? "success" : "Error";
  }
}

}  // namespace mockbraze

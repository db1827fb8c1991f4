#include "mockbraze/endpoints/answer.h"

#include <algorithm>
#include <utility>

#include "mockbraze/base/text.h"

namespace mockbraze {
namespace {

std::string RequestId(std::uint64_t number) {
  const std::string a = Hex(Mix(number), 16);
  const std::string b = Hex(Mix(~number), 16);
  return a.substr(0, 8) + "-" + a.substr(8, 4) + "-4" + a.substr(13, 3) + "-a" + b.substr(1, 3) +
         "-" + b.substr(4, 12);
}

RateHeaders StyleOf(const Settings& settings, int status) {
  // Section 11: with a bad key the three are there, and empty.
  if (status == 401) return RateHeaders::kEmpty;
  if (settings.rate_limit.headers != RateHeaders::kByMode) return settings.rate_limit.headers;
  return settings.rate_limit_mode == RateLimitMode::kMau ? RateHeaders::kRetryAfter
                                                         : RateHeaders::kEpoch;
}

void AddRateHeaders(const RateState& rate, RateHeaders style, int status, Headers* headers) {
  if (style == RateHeaders::kNone) return;
  const std::int64_t left_s = std::max<std::int64_t>(rate.reset_s - rate.now_s, 1);
  if (style == RateHeaders::kRetryAfter && status == 429) {
    headers->emplace_back("x-ratelimit-retry-after", std::to_string(left_s));
    return;
  }
  const bool empty = style == RateHeaders::kEmpty;
  const auto text = [&](std::int64_t number) {
    return empty ? std::string() : std::to_string(number);
  };
  headers->emplace_back("x-ratelimit-limit", text(rate.limit));
  headers->emplace_back("x-ratelimit-remaining", text(status == 429 ? 0 : rate.remaining));
  headers->emplace_back("x-ratelimit-reset",
                        text(style == RateHeaders::kEpoch ? rate.reset_s : left_s));
}

}  // namespace

Response Json(int status, const Value& body) {
  Response response;
  response.status = status;
  response.body = ToJson(body);
  return response;
}

Response Message(int status, std::string_view message) {
  return Json(status, Value::Object{{"message", message}});
}

Response InvalidKey(std::string_view key) {
  return Message(401, "Invalid API key: " + ToValidUtf8(key));
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

void Dress(const RateState& rate, const Settings& settings, std::uint64_t seed,
           std::uint64_t number, Response* response) {
  Headers& headers = response->headers;
  headers.reserve(headers.size() + 10);
  if (!FindHeader(headers, "content-type")) {
    headers.emplace_back("content-type", "application/json");
  }
  // A stub that has its own says them instead.
  const bool own = std::ranges::any_of(
      headers, [](const auto& header) { return header.first.starts_with("x-ratelimit-"); });
  if (!own) AddRateHeaders(rate, StyleOf(settings, response->status), response->status, &headers);
  const std::uint64_t digest = HashText(response->body);
  headers.emplace_back("etag", "W/\"" + Hex(digest, 16) + Hex(Mix(digest), 16) + "\"");
  headers.emplace_back("cache-control", "max-age=0, private, must-revalidate");
  headers.emplace_back("x-request-id", RequestId(Mix(seed) + number));
  headers.emplace_back("vary", "Origin,Accept-Encoding");
}

}  // namespace mockbraze

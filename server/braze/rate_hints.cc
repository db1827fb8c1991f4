#include <algorithm>
#include <cstdint>
#include <optional>
#include <string_view>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/time/time.h"
#include "server/braze/answer.h"
#include "server/braze/http.h"

namespace peaksync {
namespace {

// From here on `X-RateLimit-Reset` is a moment, below it a distance (docs/braze-contract.md 1.9).
constexpr std::int64_t kEpochSecondsMin = 1'000'000'000;
// No header makes a lane wait longer without a probe (docs/design.md section 5).
constexpr absl::Duration kRetryAfterMax = absl::Hours(1);

// The first such header that holds a whole number. A 401 carries the rate headers as empty strings
// (docs/braze-contract.md 11), and `Retry-After` may be a date: both count as absent.
std::optional<std::int64_t> ReadNumber(const HttpResponse& response, std::string_view name) {
  for (const auto& [header, value] : response.headers) {
    std::int64_t number = 0;
    if (header == name && absl::SimpleAtoi(absl::StripAsciiWhitespace(value), &number)) {
      return number;
    }
  }
  return std::nullopt;
}

std::optional<absl::Duration> ReadSeconds(const HttpResponse& response, std::string_view name) {
  const std::optional<std::int64_t> seconds = ReadNumber(response, name);
  if (!seconds) return std::nullopt;
  return absl::Seconds(std::max<std::int64_t>(*seconds, 0));
}

std::optional<absl::Duration> ReadReset(const HttpResponse& response, absl::Time now) {
  const std::optional<std::int64_t> reset = ReadNumber(response, "x-ratelimit-reset");
  if (!reset) return std::nullopt;
  const absl::Duration after =
      *reset >= kEpochSecondsMin ? absl::FromUnixSeconds(*reset) - now : absl::Seconds(*reset);
  return std::max(after, absl::ZeroDuration());
}

}  // namespace

RateHints ReadRateHints(const HttpResponse& response, absl::Time now) {
  RateHints hints;
  hints.limit = ReadNumber(response, "x-ratelimit-limit");
  if (hints.limit && *hints.limit < 0) hints.limit.reset();  // No such limit: garbage.
  hints.remaining = ReadNumber(response, "x-ratelimit-remaining");
  if (hints.remaining) hints.remaining = std::max<std::int64_t>(*hints.remaining, 0);
  hints.reset_after = ReadReset(response, now);

  hints.retry_after = ReadSeconds(response, "x-ratelimit-retry-after");
  if (!hints.retry_after) hints.retry_after = ReadSeconds(response, "retry-after");
  if (!hints.retry_after && response.status == 429) hints.retry_after = hints.reset_after;
  if (hints.retry_after) hints.retry_after = std::min(*hints.retry_after, kRetryAfterMax);
  return hints;
}

}  // namespace peaksync

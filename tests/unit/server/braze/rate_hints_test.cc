#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "server/braze/answer.h"

namespace peaksync {
namespace {

using ::testing::Eq;
using ::testing::Optional;

constexpr std::int64_t kNowSeconds = 1'790'000'000;

RateHints Read(int status, std::vector<std::pair<std::string, std::string>> headers) {
  HttpResponse response;
  response.status = status;
  response.headers = std::move(headers);
  return ReadRateHints(response, absl::FromUnixSeconds(kNowSeconds));
}

// docs/braze-contract.md 1.9, general page: reset is a moment.
TEST(RateHints, ReadsResetAsEpochSeconds) {
  const RateHints hints = Read(201, {{"x-ratelimit-limit", "250000"},
                                     {"x-ratelimit-remaining", "249999"},
                                     {"x-ratelimit-reset", std::to_string(kNowSeconds + 90)}});
  EXPECT_THAT(hints.limit, Optional(250000));
  EXPECT_THAT(hints.remaining, Optional(249999));
  EXPECT_THAT(hints.reset_after, Optional(absl::Seconds(90)));
  EXPECT_THAT(hints.retry_after, Eq(std::nullopt));
}

// docs/braze-contract.md 1.9, MAU contracts: reset is a distance.
TEST(RateHints, ReadsResetAsSecondsLeft) {
  EXPECT_THAT(Read(201, {{"x-ratelimit-reset", "2400"}}).reset_after, Optional(absl::Minutes(40)));
}

TEST(RateHints, TellsTheTwoStylesOfResetApartByMagnitude) {
  EXPECT_THAT(Read(201, {{"x-ratelimit-reset", "999999999"}}).reset_after,
              Optional(absl::Seconds(999'999'999)));
  EXPECT_THAT(Read(201, {{"x-ratelimit-reset", "1000000000"}}).reset_after,
              Optional(absl::ZeroDuration()));  // A moment long past.
}

TEST(RateHints, TakesTheFirstOfRetryAfterStylesThatIsThere) {
  using Headers = std::vector<std::pair<std::string, std::string>>;
  const std::string in_a_minute = std::to_string(kNowSeconds + 60);
  const struct {
    int status;
    Headers headers;
    std::optional<absl::Duration> retry_after;
  } cases[] = {
      {429, {{"retry-after", "7"}, {"x-ratelimit-retry-after", "5"}}, absl::Seconds(5)},
      {429, {{"retry-after", "7"}, {"x-ratelimit-reset", in_a_minute}}, absl::Seconds(7)},
      {429, {{"x-ratelimit-reset", in_a_minute}}, absl::Minutes(1)},
      {429, {{"x-ratelimit-reset", "3"}}, absl::Seconds(3)},
      {201, {{"x-ratelimit-reset", "3"}}, std::nullopt},
      {503, {{"retry-after", "30"}}, absl::Seconds(30)},
      {429, {{"retry-after", "Wed, 21 Oct 2026 07:28:00 GMT"}}, std::nullopt},
      {429,
       {{"retry-after", "Wed, 21 Oct 2026 07:28:00 GMT"}, {"x-ratelimit-reset", "3"}},
       absl::Seconds(3)},
      {429, {{"x-ratelimit-retry-after", ""}, {"retry-after", "4"}}, absl::Seconds(4)},
      {429, {{"x-ratelimit-retry-after", "-1"}}, absl::ZeroDuration()},
      {429, {{"x-ratelimit-retry-after", "0"}}, absl::ZeroDuration()},
      {429, {{"x-ratelimit-retry-after", "3601"}}, absl::Hours(1)},
      {429, {{"x-ratelimit-reset", "9223372036854775807"}}, absl::Hours(1)},
      {429, {}, std::nullopt},
  };
  for (const auto& test : cases) {
    EXPECT_THAT(Read(test.status, test.headers).retry_after, Eq(test.retry_after))
        << test.status << " " << ::testing::PrintToString(test.headers);
  }
}

// docs/braze-contract.md 11: a 401 has all three, empty.
TEST(RateHints, TreatsEmptyHeadersAndGarbageAsAbsent) {
  for (const std::string value : {"", " ", "many", "1.5", "0x10", "12 34", "1e3", "nan",
                                  "99999999999999999999", "\xff", "1,2"}) {
    const RateHints hints = Read(429, {{"x-ratelimit-limit", value},
                                       {"x-ratelimit-remaining", value},
                                       {"x-ratelimit-reset", value},
                                       {"x-ratelimit-retry-after", value},
                                       {"retry-after", value}});
    EXPECT_THAT(hints.limit, Eq(std::nullopt)) << value;
    EXPECT_THAT(hints.remaining, Eq(std::nullopt)) << value;
    EXPECT_THAT(hints.reset_after, Eq(std::nullopt)) << value;
    EXPECT_THAT(hints.retry_after, Eq(std::nullopt)) << value;
  }
}

TEST(RateHints, TakesNegativeNumbersAsZeroOrAbsent) {
  const RateHints hints = Read(
      201,
      {{"x-ratelimit-limit", "-5"}, {"x-ratelimit-remaining", "-5"}, {"x-ratelimit-reset", "-5"}});
  EXPECT_THAT(hints.limit, Eq(std::nullopt));
  EXPECT_THAT(hints.remaining, Optional(0));
  EXPECT_THAT(hints.reset_after, Optional(absl::ZeroDuration()));
}

}  // namespace
}  // namespace peaksync

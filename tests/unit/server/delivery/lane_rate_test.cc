// Braze's rate headers, in every documented style, from the answer to the next request
// (docs/braze-contract.md 1.9).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "server/domain/concat.h"
#include "tests/unit/server/delivery/lane_world.h"

namespace peaksync::testing {
namespace {

using Headers = std::vector<std::pair<std::string, std::string>>;
using Kind = ObjectOutcome::Kind;

constexpr std::int64_t kStart = 1'790'000'000;  // LaneWorld's.

struct Style {
  const char* name;
  int status;
  Headers headers;
  absl::Duration wait;  // From the answer to the next request, about.
};

class LaneRate : public ::testing::TestWithParam<Style> {};

TEST_P(LaneRate, WaitsAsTheHeadersSay) {
  const Style& style = GetParam();
  LaneOptions options = LaneWorld::Options();
  options.requests_in_flight_max = 1;
  LaneWorld world(options);
  world.braze = [&](const SentRequest& sent) {
    if (sent.id > 1) return Reply{Accepted()};
    return Reply{Answered(style.status, style.status == 201 ? R"({"message":"success"})" : "",
                          style.headers)};
  };
  world.AddMany(150);
  ASSERT_TRUE(world.RunUntilDelivered(absl::Hours(2)));
  ASSERT_GE(world.sent().size(), 2u);
  const absl::Duration waited =
      world.sent()[1].time - world.sent()[0].time - absl::Milliseconds(400);
  EXPECT_GE(waited, style.wait);
  EXPECT_LE(waited, style.wait + absl::Milliseconds(900));
  EXPECT_EQ(world.Count(Kind::kConfirmed), 150);
}

INSTANTIATE_TEST_SUITE_P(
    Styles, LaneRate,
    ::testing::Values(
        Style{"NoHeaders", 201, {}, {}},
        Style{"Epoch",
              201,
              {{"x-ratelimit-limit", "250000"},
               {"x-ratelimit-remaining", "0"},
               {"x-ratelimit-reset", Concat(kStart + 61)}},
              absl::Milliseconds(60'600)},
        Style{"SecondsLeft",
              201,
              {{"x-ratelimit-limit", "250000"},
               {"x-ratelimit-remaining", "0"},
               {"x-ratelimit-reset", "1200"}},
              absl::Minutes(20)},
        Style{"Left",
              201,
              {{"x-ratelimit-limit", "9"},
               {"x-ratelimit-remaining", "1"},
               {"x-ratelimit-reset", "1200"}},
              {}},
        Style{"Empty",
              201,
              {{"x-ratelimit-limit", ""}, {"x-ratelimit-remaining", ""}, {"x-ratelimit-reset", ""}},
              {}},
        Style{"LongPastEpoch",
              201,
              {{"x-ratelimit-remaining", "0"}, {"x-ratelimit-reset", "1000000000"}},
              {}},
        Style{"Year3000",
              201,
              {{"x-ratelimit-remaining", "0"}, {"x-ratelimit-reset", "32503680000"}},
              absl::Hours(1)},
        Style{"RetryAfterAlone", 429, {{"x-ratelimit-retry-after", "90"}}, absl::Seconds(90)},
        Style{"PlainRetryAfter", 429, {{"retry-after", "45"}}, absl::Seconds(45)},
        Style{"AllThreeOn429",
              429,
              {{"x-ratelimit-limit", "250000"},
               {"x-ratelimit-remaining", "0"},
               {"x-ratelimit-reset", Concat(kStart + 31)}},
              absl::Milliseconds(30'600)},
        Style{"SecondsLeftOn429", 429, {{"x-ratelimit-reset", "30"}}, absl::Seconds(30)},
        Style{"EmptyOn429",
              429,
              {{"x-ratelimit-limit", ""},
               {"x-ratelimit-remaining", ""},
               {"x-ratelimit-reset", ""},
               {"x-ratelimit-retry-after", ""}},
              {}},
        Style{"TenYearsOn429", 429, {{"x-ratelimit-retry-after", "315360000"}}, absl::Hours(1)},
        Style{"Unavailable", 503, {{"retry-after", "20"}}, absl::Seconds(20)}),
    [](const auto& test) { return test.param.name; });

// Braze says so with every answer: it is asked once an hour all the same.
TEST(LaneRateHours, AsksOnceAnHourAtLeastWhateverTheHeadersSay) {
  LaneWorld world;
  world.braze = [](const SentRequest&) {
    return Reply{Answered(429, "",
                          {{"x-ratelimit-remaining", "0"},
                           {"x-ratelimit-reset", "9223372036854775807"},
                           {"x-ratelimit-retry-after", "9223372036854775807"}})};
  };
  world.AddMany(75);
  world.RunFor(absl::Hours(10) + absl::Minutes(1));
  EXPECT_GE(world.sent().size(), 10u);
  EXPECT_LE(world.sent().size(), 11u);
}

// What is in flight when little remains counts: nothing overshoots.
TEST(LaneRateHours, SendsNoMoreThanRemains) {
  LaneOptions options = LaneWorld::Options();
  options.objects_max = 1;
  LaneWorld world(options);
  int left = 1'000;
  int refused = 0;
  world.braze = [&](const SentRequest&) {
    if (left == 0) {
      ++refused;
      return Reply{Answered(429, "", {{"x-ratelimit-retry-after", "600"}})};
    }
    return Reply{
        Answered(201, R"({"message":"success"})",
                 {{"x-ratelimit-remaining", Concat(--left)}, {"x-ratelimit-reset", "600"}})};
  };
  world.AddMany(3'000);
  world.RunFor(absl::Minutes(5));
  EXPECT_EQ(left, 0);
  EXPECT_EQ(refused, 0);
}

TEST(LaneRateHours, KeepsAnHourlyBudgetOfTheClockHour) {
  LaneOptions options = LaneWorld::Options();
  options.objects_max = 1;
  options.pace.hourly_limit = 1'000;
  options.pace.share = 0.5;
  LaneWorld world(options);
  world.AddMany(10'000);
  world.RunFor(absl::Hours(5));
  std::map<std::int64_t, int> by_hour;
  for (const SentRequest& sent : world.sent()) ++by_hour[absl::ToUnixSeconds(sent.time) / 3'600];
  EXPECT_EQ(by_hour.size(), 6u) << "five hours touch six clock hours";
  for (const auto& [hour, requests] : by_hour) EXPECT_EQ(requests, 500) << hour;
}

}  // namespace
}  // namespace peaksync::testing

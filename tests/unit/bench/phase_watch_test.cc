#include "bench/phase_watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace peaksync::bench {
namespace {

using ::testing::DoubleNear;
using ::testing::ElementsAre;
using ::testing::Pair;

const absl::Time kBegin = absl::FromUnixSeconds(1'790'000'000);
constexpr std::int64_t kObjects = 8'200;

// A slow start, 1,000/s from the 1st to the 9th second, and a slow end; 500 were there before, of
// which the look before the begin has seen only 300.
Accepted SlowAtBothEnds() {
  Accepted accepted{{kBegin - absl::Seconds(1), 300}};
  accepted.emplace_back(kBegin + absl::Seconds(1), 600);
  for (int second = 2; second <= 9; ++second) {
    accepted.emplace_back(kBegin + absl::Seconds(second), 600 + (second - 1) * 1'000);
  }
  accepted.emplace_back(kBegin + absl::Seconds(19), 500 + kObjects);
  return accepted;
}

TEST(DeliveringRate, LeavesOutTheBeginningAndTheEnd) {
  EXPECT_THAT(DeliveringRate(SlowAtBothEnds(), kBegin, kObjects), DoubleNear(1'000, 0.1));
}

TEST(DeliveringRate, IsUnknownWithFewLooksOrNothingAccepted) {
  Accepted few = SlowAtBothEnds();
  few.resize(4);
  EXPECT_EQ(DeliveringRate(few, kBegin, 2'100), 0);
  Accepted nothing = SlowAtBothEnds();
  for (auto& [time, objects] : nothing) objects = 500;
  EXPECT_EQ(DeliveringRate(nothing, kBegin, 0), 0);
}

TEST(Timeline, CountsFromTheBegin) {
  Accepted accepted = SlowAtBothEnds();
  accepted.resize(3);
  EXPECT_THAT(TimelineOf(accepted, kBegin, 1'100, 10),
              ElementsAre(Pair(1.0, 100), Pair(2.0, 1'100)));
}

TEST(Timeline, KeepsItsEndsWhenItIsThinnedOut) {
  const auto thin = TimelineOf(SlowAtBothEnds(), kBegin, kObjects, 3);
  ASSERT_EQ(thin.size(), 3U);
  EXPECT_THAT(thin.front(), Pair(1.0, 100));
  EXPECT_THAT(thin.back(), Pair(19.0, kObjects));
}

}  // namespace
}  // namespace peaksync::bench

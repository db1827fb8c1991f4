#include "bench/phase_watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace peaksync::bench {
namespace {

using ::testing::DoubleNear;
using ::testing::ElementsAre;
using ::testing::Pair;

using Accepted = std::vector<std::pair<absl::Time, std::int64_t>>;

const absl::Time kBegin = absl::FromUnixSeconds(1'790'000'000);

// A slow start, 1,000/s from the 1st to the 9th second, and a slow end; 500 were there before.
Accepted SlowAtBothEnds() {
  Accepted accepted{{kBegin - absl::Seconds(1), 500}};
  accepted.emplace_back(kBegin + absl::Seconds(1), 600);
  for (int second = 2; second <= 9; ++second) {
    accepted.emplace_back(kBegin + absl::Seconds(second), 600 + (second - 1) * 1'000);
  }
  accepted.emplace_back(kBegin + absl::Seconds(19), 8'700);
  return accepted;
}

TEST(DeliveringRate, LeavesOutTheBeginningAndTheEnd) {
  EXPECT_THAT(DeliveringRate(SlowAtBothEnds(), kBegin, kBegin + absl::Seconds(20)),
              DoubleNear(1'000, 0.1));
}

TEST(DeliveringRate, IsUnknownWithFewLooksOrNothingAccepted) {
  Accepted few = SlowAtBothEnds();
  few.resize(4);
  EXPECT_EQ(DeliveringRate(few, kBegin, kBegin + absl::Seconds(20)), 0);
  Accepted nothing = SlowAtBothEnds();
  for (auto& [time, objects] : nothing) objects = 500;
  EXPECT_EQ(DeliveringRate(nothing, kBegin, kBegin + absl::Seconds(20)), 0);
}

TEST(Timeline, CountsFromTheBegin) {
  Accepted accepted = SlowAtBothEnds();
  accepted.resize(3);
  EXPECT_THAT(TimelineOf(accepted, kBegin, 10), ElementsAre(Pair(1.0, 100), Pair(2.0, 1'100)));
}

TEST(Timeline, KeepsItsEndsWhenItIsThinnedOut) {
  const auto thin = TimelineOf(SlowAtBothEnds(), kBegin, 3);
  ASSERT_EQ(thin.size(), 3U);
  EXPECT_THAT(thin.front(), Pair(1.0, 100));
  EXPECT_THAT(thin.back(), Pair(19.0, 8'200));
}

}  // namespace
}  // namespace peaksync::bench

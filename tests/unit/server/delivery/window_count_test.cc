#include "server/delivery/window_count.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <random>

namespace peaksync {
namespace {

const absl::Time kStart = absl::FromUnixSeconds(1'790'000'000);
constexpr absl::Duration kWindow = absl::Seconds(3);
const absl::Duration kSlice = kWindow / static_cast<std::int64_t>(WindowCount::kSlices);

TEST(WindowCount, KeepsWhatHappenedUntilTheWindowIsPast) {
  WindowCount count(kWindow, kStart);
  count.Advance(kStart + absl::Milliseconds(2));
  count.Add(7);
  count.Advance(kStart + absl::Milliseconds(2) + kWindow);
  EXPECT_EQ(count.total(), 7);
  count.Advance(kStart + absl::Milliseconds(2) + kWindow + kSlice);
  EXPECT_EQ(count.total(), 0);
}

TEST(WindowCount, CountsNoLessWhereSlicesDoNotDivideTheWindow) {
  const absl::Duration window = absl::Nanoseconds(1'199);  // 1,200 slices of 3.997 quarters.
  WindowCount count(window, kStart);
  count.Add(1);
  count.Advance(kStart + window);
  EXPECT_EQ(count.total(), 1);
}

TEST(WindowCount, TellsWhenItWillHaveFallen) {
  WindowCount count(kWindow, kStart);
  for (int i = 0; i < 10; ++i) {
    count.Advance(kStart + i * 10 * kSlice);
    count.Add(2);
  }
  const absl::Time now = kStart + 90 * kSlice;
  EXPECT_EQ(count.FallsTo(20, now), now);
  for (const int total : {19, 18, 7, 1, 0}) {
    const absl::Time at = count.FallsTo(total, now);
    WindowCount later = count;
    later.Advance(at - absl::Microseconds(1));
    EXPECT_GT(later.total(), total);
    later.Advance(at);
    EXPECT_LE(later.total(), total);
  }
  EXPECT_LE(count.FallsTo(-5, now), now + kWindow + kSlice) << "never, but it is asked again then";
}

TEST(WindowCount, OfAClockThatGoesBackNothingIsForgotten) {
  WindowCount count(kWindow, kStart);
  count.Add(5);
  const absl::Time back = kStart - absl::Hours(1);
  count.Advance(back);
  EXPECT_EQ(count.total(), 5);
  EXPECT_LE(count.FallsTo(0, back), back + kWindow + kSlice);
  count.Advance(back + kWindow + kSlice);
  EXPECT_EQ(count.total(), 0);
  count.Advance(kStart + absl::Hours(1'000));
  EXPECT_EQ(count.total(), 0);
}

TEST(WindowCount, NeverCountsLessThanTheWindowHoldsNorMuchMore) {
  std::mt19937 random{1};
  WindowCount count(kWindow, kStart);
  std::deque<absl::Time> all;
  absl::Time now = kStart;
  for (int step = 0; step < 20'000; ++step) {
    now += absl::Microseconds(random() % (step % 100 == 0 ? 4'000'000 : 3'000));
    count.Advance(now);
    count.Add(1);
    all.push_back(now);
    while (all.front() <= now - kWindow - kSlice) all.pop_front();
    const auto within = std::ranges::count_if(all, [&](absl::Time t) { return t > now - kWindow; });
    ASSERT_GE(count.total(), within);
    ASSERT_LE(count.total(), static_cast<std::int64_t>(all.size()));
  }
}

}  // namespace
}  // namespace peaksync

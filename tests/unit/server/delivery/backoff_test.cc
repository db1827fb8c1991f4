#include "server/delivery/backoff.h"

#include <gtest/gtest.h>

#include <random>

namespace peaksync {
namespace {

constexpr double kAlmostOne = 1 - 1e-9;

TEST(Backoff, DoublesItsCeilingUpToFiveMinutes) {
  Backoff backoff([] { return kAlmostOne; });
  absl::Duration ceiling = Backoff::kFirst;
  for (int i = 0; i < 20; ++i) {
    const absl::Duration delay = backoff.Next();
    EXPECT_LE(delay, ceiling) << i;
    EXPECT_GE(delay, ceiling * 0.999) << i;
    ceiling = std::min(2 * ceiling, absl::Minutes(5));
  }
  EXPECT_EQ(ceiling, absl::Minutes(5));
}

TEST(Backoff, SpreadsOverTheWholeOfItsCeiling) {
  std::mt19937_64 random{7};
  Backoff backoff([&] { return std::uniform_real_distribution<double>(0, 1)(random); });
  for (int i = 0; i < 20; ++i) backoff.Next();
  absl::Duration least = absl::InfiniteDuration();
  absl::Duration most;
  absl::Duration sum;
  constexpr int kDelays = 2'000;
  for (int i = 0; i < kDelays; ++i) {
    const absl::Duration delay = backoff.Next();
    least = std::min(least, delay);
    most = std::max(most, delay);
    sum += delay;
  }
  EXPECT_GE(least, absl::ZeroDuration());
  EXPECT_LT(least, absl::Seconds(3));
  EXPECT_GT(most, absl::Seconds(297));
  EXPECT_LE(most, absl::Minutes(5));
  EXPECT_NEAR(absl::ToDoubleSeconds(sum / kDelays), 150, 8);
}

TEST(Backoff, BeginsAnewAfterReset) {
  Backoff backoff([] { return kAlmostOne; });
  for (int i = 0; i < 5; ++i) backoff.Next();
  backoff.Reset();
  EXPECT_LE(backoff.Next(), absl::Milliseconds(500));
  EXPECT_GT(backoff.Next(), absl::Milliseconds(999));
}

}  // namespace
}  // namespace peaksync

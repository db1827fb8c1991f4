#include "server/delivery/pace.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <deque>
#include <optional>
#include <random>

#include "absl/time/time.h"

namespace peaksync {
namespace {

const absl::Time kStart = absl::FromUnixSeconds(1'790'000'000);

RateHints Hints(std::optional<std::int64_t> remaining, std::optional<absl::Duration> reset_after) {
  RateHints hints;
  hints.remaining = remaining;
  hints.reset_after = reset_after;
  return hints;
}

// Takes whatever there is at `now`, and says how many.
int TakeAll(Pace& pace, absl::Time now) {
  int taken = 0;
  for (; pace.Available(now) > 0; ++taken) pace.Take();
  return taken;
}

struct Usage {
  std::int64_t taken = 0;
  int most_in_window = 0;  // In any window of `per`, its end not included.
  int wakes_for_nothing = 0;
};

// Sends as fast as it may, woken at NextAt, after it has been idle so that the bucket is full.
Usage SendFor(const PaceOptions& options, absl::Duration duration) {
  Pace pace(options, kStart);
  Usage usage;
  std::deque<absl::Time> window;
  for (absl::Time now = kStart + absl::Hours(1); now < kStart + absl::Hours(1) + duration;
       now = pace.NextAt(now)) {
    const int taken = TakeAll(pace, now);
    usage.wakes_for_nothing += taken == 0 ? 1 : 0;
    usage.taken += taken;
    window.insert(window.end(), taken, now);
    while (!window.empty() && window.front() <= now - options.per) window.pop_front();
    usage.most_in_window = std::max(usage.most_in_window, static_cast<int>(window.size()));
  }
  return usage;
}

TEST(Pace, HoldsTheLimitInEveryWindow) {
  const PaceOptions cases[] = {
      {3'000, absl::Seconds(3), 1},   {3'000, absl::Seconds(3), 0.8},
      {3'000, absl::Seconds(3), 0.1}, {50, absl::Seconds(1), 0.8},
      {500, absl::Minutes(1), 1},     {7, absl::Seconds(1), 1},
      {2, absl::Seconds(1), 1},       {1, absl::Seconds(1), 1},
      {20'000, absl::Seconds(3), 1},  {250'000, absl::Hours(1), 0.8},
  };
  for (const PaceOptions& options : cases) {
    const Usage usage = SendFor(options, 40 * options.per);
    EXPECT_LE(usage.most_in_window, std::max(1.0, std::floor(options.requests * options.share)))
        << options.requests << " per " << options.per << ", share " << options.share;
    EXPECT_GT(usage.taken, 0);
    EXPECT_EQ(usage.wakes_for_nothing, 0) << options.requests << " per " << options.per;
  }
}

// A limit below one request a window goes at its own speed, not at one a window.
TEST(Pace, HoldsALimitBelowOneRequestAWindow) {
  const Usage usage = SendFor({1, absl::Seconds(1), 0.5}, absl::Seconds(1'000));
  EXPECT_LE(usage.taken, 501);
  EXPECT_EQ(usage.most_in_window, 1);
}

TEST(Pace, UsesTheLimitInSteadyState) {
  for (const double share : {1.0, 0.8}) {
    const Usage usage = SendFor({3'000, absl::Seconds(3), share}, absl::Seconds(60));
    EXPECT_GE(static_cast<double>(usage.taken), 0.995 * 1'000 * share * 60) << share;
  }
}

// A lane that was kept from sending for a moment makes up for it.
TEST(Pace, LosesNothingToStallsOfATenthOfASecond) {
  Pace pace({3'000, absl::Seconds(3), 1}, kStart);
  int taken = 0;
  absl::Time now = kStart;
  while (now < kStart + absl::Seconds(60)) {
    taken += TakeAll(pace, now);
    const bool stalls = absl::ToUnixMillis(now) % 1'000 < 5;
    now = stalls ? now + absl::Milliseconds(95) : pace.NextAt(now);
  }
  EXPECT_GE(taken, 0.995 * 60'000);
}

TEST(Pace, BeginsWithAShallowBucket) {
  Pace pace({20'000, absl::Seconds(3), 1}, kStart);
  EXPECT_EQ(TakeAll(pace, kStart + absl::Hours(1)), 100);
}

TEST(Pace, GivesNothingForAClockThatGoesBackAndGoesOnFromThere) {
  Pace pace({3'000, absl::Seconds(3), 1}, kStart);
  TakeAll(pace, kStart);
  const absl::Time back = kStart - absl::Hours(2);
  EXPECT_EQ(pace.Available(back), 0);
  EXPECT_LE(pace.NextAt(back), back + absl::Milliseconds(2));
  EXPECT_NEAR(TakeAll(pace, back + absl::Milliseconds(10)), 10, 1);
  // When it is set right again, the bucket is full at most.
  EXPECT_LE(TakeAll(pace, kStart), 100);
}

TEST(Pace, WaitsForTheNextWindowWhenNothingRemains) {
  Pace pace({}, kStart);
  pace.Correct(Hints(0, absl::Seconds(20)), kStart);
  EXPECT_EQ(pace.Available(kStart + absl::Seconds(19)), 0);
  EXPECT_EQ(pace.NextAt(kStart + absl::Seconds(19)), kStart + absl::Seconds(20));
  EXPECT_GT(pace.Available(kStart + absl::Seconds(20)), 0);
  // An answer that was under way longer does not shorten it.
  pace.Correct(Hints(0, absl::Seconds(9)), kStart);
  pace.Correct(Hints(0, absl::Seconds(5)), kStart);
  EXPECT_EQ(pace.NextAt(kStart), kStart + absl::Seconds(20));
}

TEST(Pace, DoesNotWaitWhileSomethingRemainsOrNobodySaysUntilWhen) {
  Pace pace({}, kStart);
  pace.Correct(Hints(1, absl::Seconds(20)), kStart);
  pace.Correct(Hints(0, std::nullopt), kStart);
  pace.Correct(Hints(std::nullopt, absl::Seconds(20)), kStart);
  EXPECT_GT(pace.Available(kStart), 0);
}

TEST(Pace, NeverWaitsLongerThanAnHour) {
  Pace pace({}, kStart);
  pace.Correct(Hints(0, absl::Hours(24 * 365)), kStart);
  EXPECT_EQ(pace.NextAt(kStart), kStart + absl::Hours(1));
  // Also not when the clock is set back meanwhile.
  const absl::Time back = kStart - absl::Hours(5);
  EXPECT_LE(pace.NextAt(back), back + absl::Hours(1));
}

// Random schedules: rests and stalls, greedy and modest takers, answers that correct it, reloads
// with the same limits, and a clock that only goes on. PEAKSYNC_SEED=N repeats one.
TEST(Pace, HoldsTheLimitInEveryWindowOfRandomSchedules) {
  const char* given = std::getenv("PEAKSYNC_SEED");
  const std::uint64_t first =
      given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
  for (std::uint64_t seed = first; seed < first + (given != nullptr ? 1 : 200); ++seed) {
    std::mt19937_64 random{seed};
    const auto below = [&](int end) {
      return std::uniform_int_distribution<int>(0, end - 1)(random);
    };
    PaceOptions options{3'000, absl::Seconds(3), 1};
    if (below(2) == 0) options = {1.0 + below(4'000), absl::Milliseconds(500 + below(60'000)), 0.8};
    const int most = std::max(1, static_cast<int>(options.requests * options.share));
    Pace pace(options, kStart);
    std::deque<absl::Time> window;
    absl::Time now = kStart;
    // In half of them rests and headers are rare, or no window would ever fill.
    const int rarely = below(2) == 0 ? 1'000 : 10;
    for (int step = 0; step < 5'000; ++step) {
      const int kind = below(rarely);
      now = kind == 0             ? now + options.per * (below(30) / 10.0)
            : kind < rarely / 200 ? now + options.per * (below(10) / 100.0)
                                  : std::max(now + absl::Microseconds(below(3'000)),
                                             kind < 8 * rarely / 10 ? pace.NextAt(now) : now);
      int wanted = below(4) == 0 ? below(10) : 1'000'000;
      for (; wanted > 0 && pace.Available(now) > 0; --wanted) {
        pace.Take();
        window.push_back(now);
      }
      while (!window.empty() && window.front() <= now - options.per) window.pop_front();
      ASSERT_LE(window.size(), static_cast<std::size_t>(most)) << "PEAKSYNC_SEED=" << seed;
      if (below(rarely / 2) == 0) {
        pace.Correct(Hints(below(3) == 0 ? 0 : below(5'000), absl::Milliseconds(below(3'000))),
                     now);
      }
      if (below(rarely) == 0) pace.Reconfigure(options, now);
    }
  }
}

TEST(Pace, KeepsAnHourlyBudgetAndBeginsItAnewWithTheClockHour) {
  PaceOptions options;
  options.hourly_limit = 100;
  const absl::Time hour = absl::FromUnixSeconds(1'790'000'000 / 3'600 * 3'600);
  Pace pace(options, hour + absl::Minutes(50));
  absl::Time now = hour + absl::Minutes(50);
  int taken = 0;
  for (; now < hour + absl::Minutes(60); now = pace.NextAt(now)) taken += TakeAll(pace, now);
  EXPECT_EQ(taken, 80) << "of which rate_share is ours";
  EXPECT_EQ(now, hour + absl::Minutes(60));
  EXPECT_GT(pace.Available(now), 0);
}

TEST(Pace, GivesNoNewHourForAClockThatGoesBack) {
  PaceOptions options;
  options.hourly_limit = 10;
  Pace pace(options, kStart);
  absl::Time now = kStart;
  for (int taken = 0; taken < 8; now = pace.NextAt(now)) taken += TakeAll(pace, now);
  EXPECT_EQ(pace.Available(now - absl::Hours(3)), 0);
  EXPECT_LE(pace.NextAt(now - absl::Hours(3)), now - absl::Hours(2));
}

TEST(Pace, KeepsWhatWasUsedWhenTheLimitsChange) {
  Pace pace({}, kStart);
  TakeAll(pace, kStart);
  pace.Reconfigure({30'000, absl::Seconds(3), 1}, kStart);
  EXPECT_EQ(pace.Available(kStart), 0);
  EXPECT_EQ(TakeAll(pace, kStart + absl::Seconds(1)), 100);
  pace.Reconfigure({1, absl::Seconds(1), 1}, kStart + absl::Hours(1));
  EXPECT_EQ(pace.Available(kStart + absl::Hours(1)), 1);
}

// Whether Braze has counted what is in flight nobody knows: it is taken off.
TEST(Pace, SendsNoMoreThanRemainsOfBrazesWindow) {
  Pace pace({}, kStart);
  for (int i = 0; i < 11; ++i) pace.Take();
  pace.Correct(Hints(15, absl::Seconds(20)), kStart);
  EXPECT_EQ(TakeAll(pace, kStart), 5);
  EXPECT_EQ(TakeAll(pace, kStart + absl::Seconds(19)), 0);
  EXPECT_GT(pace.Available(kStart + absl::Seconds(20)), 0);
}

// The answers tell nothing new, or never came: one request may ask.
TEST(Pace, AsksAgainWhenNothingIsInFlight) {
  Pace pace({}, kStart);
  for (int i = 0; i < 3; ++i) pace.Take();
  pace.Correct(Hints(1, absl::Minutes(30)), kStart);
  EXPECT_EQ(pace.Available(kStart), 0);
  EXPECT_LE(pace.NextAt(kStart), kStart + absl::Seconds(10));
  pace.Correct({}, kStart);
  pace.Correct({}, kStart);
  EXPECT_EQ(pace.Available(kStart), 1);
}

}  // namespace
}  // namespace peaksync

#include "server/delivery/pace_group.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <vector>

namespace peaksync {
namespace {

const absl::Time kStart = absl::FromUnixSeconds(1'790'000'000);

// Lanes that send whenever they may, woken when their turn comes; the first is always asked first.
class Lanes {
 public:
  Lanes(int lanes, const PaceOptions& options)
      : group_(std::make_shared<PaceGroup>(options, kStart)), taken_(lanes), wake_(lanes, kStart) {
    for (int i = 0; i < lanes; ++i) seats_.push_back(std::make_unique<PaceSeat>(group_));
  }

  // `wants(lane)`: whether it has something to send.
  void RunFor(absl::Duration duration, const std::function<bool(std::size_t)>& wants) {
    const absl::Time end = now_ + duration;
    while (true) {
      now_ = std::max(now_, *std::ranges::min_element(wake_));
      if (now_ > end) return;
      for (std::size_t i = 0; i < seats_.size(); ++i) {
        if (wake_[i] > now_) continue;
        for (; wants(i) && seats_[i]->Available(now_) > 0; ++taken_[i]) {
          seats_[i]->Take();
          seats_[i]->Correct({}, now_);
        }
        if (wants(i)) {
          wake_[i] = seats_[i]->NextAt(now_);
        } else {
          seats_[i]->Rest();
          wake_[i] = now_ + absl::Milliseconds(500);
        }
      }
    }
  }

  absl::Time now() const { return now_; }
  PaceSeat& seat(std::size_t i) { return *seats_[i]; }
  const std::vector<int>& taken() const { return taken_; }
  int sum() const {
    int sum = 0;
    for (const int taken : taken_) sum += taken;
    return sum;
  }

 private:
  std::shared_ptr<PaceGroup> group_;
  std::vector<std::unique_ptr<PaceSeat>> seats_;
  std::vector<int> taken_;
  std::vector<absl::Time> wake_;
  absl::Time now_ = kStart;
};

TEST(PaceGroup, SharesTheLimitEvenlyAmongBusyLanes) {
  for (const PaceOptions& options :
       {PaceOptions{300, absl::Seconds(3), 1}, PaceOptions{2, absl::Seconds(1), 1},
        PaceOptions{3'000, absl::Seconds(3), 0.8}}) {
    Lanes lanes(3, options);
    lanes.RunFor(absl::Seconds(300), [](std::size_t) { return true; });
    const double all = options.requests * options.share * 300 / absl::ToDoubleSeconds(options.per);
    EXPECT_GE(lanes.sum(), 0.45 * all) << options.requests;
    EXPECT_LE(lanes.sum(), all + 1);
    const double even = lanes.sum() / 3.0;
    for (const int taken : lanes.taken()) EXPECT_NEAR(taken, even, 20 + 0.015 * even);
  }
}

TEST(PaceGroup, GivesTheWholeLimitToTheOneThatNeedsIt) {
  Lanes lanes(3, {300, absl::Seconds(3), 1});
  lanes.RunFor(absl::Seconds(60), [](std::size_t i) { return i == 1; });
  EXPECT_EQ(lanes.taken()[0] + lanes.taken()[2], 0);
  EXPECT_GE(lanes.taken()[1], 60 * 97);
}

// The hour's budget is spent by one; in the next hour the other has its half.
TEST(PaceGroup, LetsNoLaneStarveForGoodByAnHourlyBudget) {
  Lanes lanes(2, {300, absl::Seconds(3), 1, 1'000});
  lanes.RunFor(absl::Minutes(10), [](std::size_t i) { return i == 0; });
  ASSERT_EQ(lanes.taken()[0], 1'000);
  lanes.RunFor(absl::Hours(3), [](std::size_t) { return true; });
  EXPECT_EQ(lanes.sum(), 4'000);
  EXPECT_NEAR(lanes.taken()[1], 1'500, 15);
}

TEST(PaceGroup, DoesNotWaitForOneThatLetsItsTurnPass) {
  auto group = std::make_shared<PaceGroup>(PaceOptions{1, absl::Seconds(1), 1}, kStart);
  PaceSeat idle(group);
  PaceSeat busy(group);
  busy.Take();
  idle.NextAt(kStart);  // And never comes back.
  int taken = 0;
  int wakes = 0;
  for (absl::Time now = kStart; now < kStart + absl::Seconds(60); now = busy.NextAt(now)) {
    ++wakes;
    for (; busy.Available(now) > 0; ++taken) busy.Take();
  }
  EXPECT_GE(taken, 27);
  EXPECT_LE(wakes, 3 * taken + 10) << "no busy loop";
}

TEST(PaceGroup, ForgetsWhatAGoneSeatHasInFlight) {
  auto group = std::make_shared<PaceGroup>(PaceOptions{}, kStart);
  PaceSeat stays(group);
  RateHints hints;
  hints.remaining = 5;
  hints.reset_after = absl::Minutes(30);
  {
    PaceSeat gone(group);
    for (int i = 0; i < 10; ++i) gone.Take();
    gone.Correct(hints, kStart);
    EXPECT_EQ(stays.Available(kStart + absl::Seconds(1)), 0) << "nine are in flight";
  }
  EXPECT_EQ(stays.Available(kStart + absl::Seconds(1)), 1) << "one asks how much remains";
}

}  // namespace
}  // namespace peaksync

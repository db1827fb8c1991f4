#include "server/delivery/pace_group.h"

#include <algorithm>

namespace peaksync {
namespace {

// A turn that is not used for so long passes. Longer than a lease takes.
constexpr absl::Duration kTurnKept = absl::Seconds(1);

}  // namespace

PaceSeat::~PaceSeat() {
  Rest();
  group_->pace_.Forget(in_flight_);
}

// How many wait before this one; all of them when it does not wait itself.
int PaceSeat::Before(absl::Time now) {
  std::deque<PaceGroup::Waiter>& waiting = group_->waiting_;
  if (group_->pace_.Available(now) > 0) {
    std::erase_if(waiting, [&](const PaceGroup::Waiter& waiter) {
      return waiter.seat != this && now - waiter.due > kTurnKept;
    });
  }
  const auto self =
      std::ranges::find(waiting, this, [](const PaceGroup::Waiter& waiter) { return waiter.seat; });
  return static_cast<int>(self - waiting.begin());
}

int PaceSeat::Available(absl::Time now) {
  const int before = Before(now);
  const int available = std::max(0, group_->pace_.Available(now) - before);
  const auto others = static_cast<int>(std::ranges::count_if(
      group_->waiting_, [&](const PaceGroup::Waiter& waiter) { return waiter.seat != this; }));
  if (others == 0) return available;
  if (now != shared_at_) {
    shared_at_ = now;
    share_ = (available + others) / (others + 1);
  }
  return std::min(available, share_);
}

void PaceSeat::Take() {
  Rest();
  --share_;
  group_->pace_.Take();
  ++in_flight_;
}

absl::Time PaceSeat::NextAt(absl::Time now) {
  shared_at_ = absl::InfinitePast();  // Its next turn, also if it comes at once, is another share.
  const int before = Before(now);
  std::deque<PaceGroup::Waiter>& waiting = group_->waiting_;
  if (static_cast<std::size_t>(before) == waiting.size()) waiting.push_back({this, now});
  PaceGroup::Waiter& self = waiting[static_cast<std::size_t>(before)];
  self.due = group_->pace_.NextAt(now, before + 1);
  return self.due;
}

void PaceSeat::Rest() {
  std::erase_if(group_->waiting_,
                [&](const PaceGroup::Waiter& waiter) { return waiter.seat == this; });
}

void PaceSeat::Correct(const RateHints& hints, absl::Time now) {
  if (in_flight_ == 0) return group_->pace_.Correct(hints, now);  // Of a seat it had before.
  --in_flight_;
  group_->pace_.Correct(hints, now);
}

}  // namespace peaksync

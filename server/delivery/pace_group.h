#pragma once

#include <deque>
#include <memory>

#include "absl/time/time.h"
#include "server/delivery/pace.h"

namespace peaksync {

class PaceSeat;

// A pace that one lane has for itself, or that several share: the tenants of one company, whose
// limit Braze counts together. Whoever has to wait gets a turn, in the order of waiting, so a busy
// tenant never starves another. Lives as long as its seats. Thread safety: none; the lanes of a
// group are turned by one thread.
class PaceGroup {
 public:
  PaceGroup(const PaceOptions& options, absl::Time now) : pace_(options, now) {}
  explicit PaceGroup(const Pace& pace) : pace_(pace) {}

 private:
  friend class PaceSeat;
  struct Waiter {
    const PaceSeat* seat;
    absl::Time due;  // When its turn comes, as it was told.
  };
  Pace pace_;
  std::deque<Waiter> waiting_;
};

// One lane's seat in a group; the interface of Pace, with turns.
class PaceSeat {
 public:
  explicit PaceSeat(std::shared_ptr<PaceGroup> group) : group_(std::move(group)) {}
  ~PaceSeat();
  PaceSeat(const PaceSeat&) = delete;
  PaceSeat& operator=(const PaceSeat&) = delete;

  // How many requests may go now. One is kept for everyone whose turn comes before, and in one
  // turn it is given no more than its share of what there is for all who wait.
  int Available(absl::Time now);
  // One has gone; it was this one's turn.
  void Take();
  // When its turn comes. Waits from now on, until it takes one, rests, or lets its turn pass.
  absl::Time NextAt(absl::Time now);
  // How long the pace makes everyone wait, whoever is next.
  absl::Duration Hold(absl::Time now) { return group_->pace_.NextAt(now) - now; }
  // Has nothing to send; waits no longer.
  void Rest();

  void Correct(const RateHints& hints, absl::Time now);
  void Reconfigure(const PaceOptions& options, absl::Time now) {
    group_->pace_.Reconfigure(options, now);
  }
  double per_second() const { return group_->pace_.per_second(); }
  const std::shared_ptr<PaceGroup>& group() const { return group_; }
  // The pace as it is, for a group of its own.
  const Pace& pace() const { return group_->pace_; }

 private:
  int Before(absl::Time now);

  std::shared_ptr<PaceGroup> group_;
  int in_flight_ = 0;
  absl::Time shared_at_ = absl::InfinitePast();
  int share_ = 0;  // Of this turn.
};

}  // namespace peaksync

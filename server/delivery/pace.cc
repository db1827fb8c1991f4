#include "server/delivery/pace.h"

#include <algorithm>
#include <limits>

#include "server/base/check.h"

namespace peaksync {
namespace {

constexpr double kDepthMax = 100;
// The bucket holds a thirtieth of a window, so that a start, and what was late, is made up for at
// once. It fills so much more slowly than the limit that the pause which the full window then makes
// becomes shorter from window to window.
constexpr double kDepthsPerWindow = 30;
constexpr double kFilled = 0.999;
constexpr absl::Duration kHoldMax = absl::Hours(1);
// What is in flight decides how much is left of Braze's window; it is looked at again after this.
constexpr absl::Duration kLookAgain = absl::Seconds(10);

std::int64_t HourOf(absl::Time time) { return absl::ToUnixSeconds(time) / 3'600; }
absl::Time StartOf(std::int64_t hour) { return absl::FromUnixSeconds(hour * 3'600); }

}  // namespace

Pace::Pace(const PaceOptions& options, absl::Time now)
    : refilled_(now), sent_(options.per, now), hour_(HourOf(now)) {
  SetLimits(options);
  tokens_ = depth_;
}

void Pace::SetLimits(const PaceOptions& options) {
  const double limit = options.requests * options.share;
  depth_ = std::clamp(limit / kDepthsPerWindow, 1.0, kDepthMax);
  per_second_ = kFilled * limit / absl::ToDoubleSeconds(options.per);
  per_ = options.per;
  window_max_ = std::max<std::int64_t>(1, static_cast<std::int64_t>(limit));
  hourly_max_ = 0;
  if (options.hourly_limit > 0) {
    const double hourly = static_cast<double>(options.hourly_limit) * options.share;
    hourly_max_ = std::max<std::int64_t>(1, static_cast<std::int64_t>(hourly));
  }
}

void Pace::Reconfigure(const PaceOptions& options, absl::Time now) {
  Refill(now);
  if (options.per != per_) {
    // All of it as if it had been sent now, since nobody knows better.
    const std::int64_t sent = sent_.total();
    sent_ = WindowCount(options.per, now);
    sent_.Add(sent);
  }
  SetLimits(options);
  tokens_ = std::min(tokens_, depth_);
}

void Pace::Refill(absl::Time now) {
  sent_.Advance(now);
  // A clock that went back begins no new hour.
  const std::int64_t hour = HourOf(now);
  if (hour > hour_) used_in_hour_ = 0;
  hour_ = hour;
  if (now < refilled_) {  // Nor does it give anything; it is followed.
    held_until_ = std::min(held_until_, now + kHoldMax);
    left_until_ = std::min(left_until_, now + kHoldMax);
    refilled_ = now;
    return;
  }
  tokens_ = std::min(depth_, tokens_ + per_second_ * absl::ToDoubleSeconds(now - refilled_));
  refilled_ = now;
}

std::int64_t Pace::LeftOfLimit() const { return window_max_ - sent_.total(); }

std::int64_t Pace::LeftOfHour() const {
  return hourly_max_ == 0 ? std::numeric_limits<int>::max() : hourly_max_ - used_in_hour_;
}

// Something remained of the window when an answer told of it, so once nothing is in flight one may
// ask what remains now.
std::int64_t Pace::LeftOfWindow(absl::Time now) const {
  if (now >= left_until_) return std::numeric_limits<int>::max();
  return in_flight_ == 0 ? std::max<std::int64_t>(left_, 1) : left_;
}

int Pace::Available(absl::Time now) {
  Refill(now);
  if (now < held_until_) return 0;
  const std::int64_t left = std::min({LeftOfLimit(), LeftOfHour(), LeftOfWindow(now)});
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, static_cast<int>(tokens_)));
}

void Pace::Take() {
  PEAKSYNC_CHECK(tokens_ >= 1);
  tokens_ -= 1;
  sent_.Add(1);
  left_ -= 1;
  ++used_in_hour_;
  ++in_flight_;
}

absl::Time Pace::NextAt(absl::Time now, int requests) {
  Refill(now);
  absl::Time next = std::max(now, held_until_);
  // A little later than the exact moment, which rounding could put just before a whole token.
  if (tokens_ < requests) {
    next = std::max(
        next, now + absl::Seconds((requests - tokens_) / per_second_) + absl::Microseconds(1));
  }
  next = std::max(next, sent_.FallsTo(window_max_ - requests, now));
  if (LeftOfHour() <= 0) next = std::max(next, StartOf(hour_ + 1));
  if (LeftOfWindow(now) <= 0) next = std::max(next, std::min(left_until_, now + kLookAgain));
  return next;
}

void Pace::Correct(const RateHints& hints, absl::Time now) {
  if (in_flight_ > 0) --in_flight_;
  if (!hints.remaining || !hints.reset_after) return;
  const absl::Time reset = now + std::min(*hints.reset_after, kHoldMax);
  if (*hints.remaining <= 0) {
    held_until_ = std::max(held_until_, reset);
    return;
  }
  // Whether what is in flight is counted already nobody says.
  left_ = *hints.remaining - in_flight_;
  left_until_ = reset;
}

void Pace::Forget(int requests) { in_flight_ = std::max(0, in_flight_ - requests); }

}  // namespace peaksync

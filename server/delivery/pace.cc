#include "server/delivery/pace.h"

#include <algorithm>

#include "server/base/check.h"

namespace peaksync {
namespace {

constexpr double kDepthMax = 100;
constexpr absl::Duration kHoldMax = absl::Hours(1);

}  // namespace

// A window can hold the bucket's depth and what flows in during it: together they make the limit.
Pace::Pace(const PaceOptions& options, absl::Time now) : refilled_(now) {
  const double limit = options.requests * options.share;
  depth_ = std::clamp(limit / 100, 1.0, kDepthMax);
  per_second_ = std::max(limit - depth_, limit / 2) / absl::ToDoubleSeconds(options.per);
  tokens_ = depth_;
}

void Pace::Refill(absl::Time now) {
  if (now < refilled_) {  // A clock that went back gives nothing, and is followed.
    held_until_ = std::min(held_until_, now + kHoldMax);
    refilled_ = now;
    return;
  }
  tokens_ = std::min(depth_, tokens_ + per_second_ * absl::ToDoubleSeconds(now - refilled_));
  refilled_ = now;
}

int Pace::Available(absl::Time now) {
  Refill(now);
  return now < held_until_ ? 0 : static_cast<int>(tokens_);
}

void Pace::Take() {
  PEAKSYNC_CHECK(tokens_ >= 1);
  tokens_ -= 1;
}

absl::Time Pace::NextAt(absl::Time now) {
  Refill(now);
  absl::Time next = std::max(now, held_until_);
  // A little later than the exact moment, which rounding could put just before a whole token.
  if (tokens_ < 1) {
    next = std::max(next, now + absl::Seconds((1 - tokens_) / per_second_) + absl::Microseconds(1));
  }
  return next;
}

void Pace::Correct(const RateHints& hints, absl::Time now) {
  if (!hints.remaining || *hints.remaining > 0 || !hints.reset_after) return;
  held_until_ = std::max(held_until_, now + std::min(*hints.reset_after, kHoldMax));
}

}  // namespace peaksync

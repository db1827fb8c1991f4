#pragma once

#include <algorithm>

namespace peaksync {

// How many requests of a lane may be in flight. Begins with all that it may have, because pace
// times round trip is what flies anyway, and nothing speaks of overload yet: 1,000 requests a
// second at 400 ms are 400 at once. Overload (429, 5xx, time-outs) halves it. After an outage it
// begins gently: doubled with every round trip up to half of what was too much, then grown by an
// eighth. Knows neither clock nor thread.
class Concurrency {
 public:
  static constexpr int kGentle = 4;

  explicit Concurrency(int max) : max_(max), limit_(max), threshold_(max) {}

  int limit() const { return std::max(1, static_cast<int>(limit_)); }

  // Braze has taken a request; `in_flight` were under way with it. Grows only what is used.
  void Answered(int in_flight) {
    if (2 * in_flight < limit()) return;
    limit_ = std::min<double>(max_, limit_ + (limit_ < threshold_ ? 1.0 : 1.0 / 8));
  }
  // Once for all requests that fail together.
  void Overloaded() { limit_ = threshold_ = std::max(1.0, limit_ / 2); }
  // A probe has shown that the outage is over.
  void Restart() { limit_ = std::min<double>(limit_, kGentle); }

  void SetMax(int max) {
    if (limit_ >= max_) limit_ = threshold_ = max;  // It was at its best, and stays there.
    max_ = max;
    limit_ = std::min<double>(limit_, max);
  }

 private:
  int max_;
  double limit_;
  double threshold_;  // Up to here it doubles.
};

}  // namespace peaksync

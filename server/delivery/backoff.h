#pragma once

#include <algorithm>
#include <functional>
#include <utility>

#include "absl/time/time.h"

namespace peaksync {

// How long to wait before Braze is tried again: full jitter under a doubling ceiling. Knows neither
// clock nor thread; there is no last attempt (rule 6).
class Backoff {
 public:
  static constexpr absl::Duration kFirst = absl::Milliseconds(500);
  static constexpr absl::Duration kMax = absl::Minutes(5);

  // `random()` gives a number in [0, 1).
  explicit Backoff(std::function<double()> random) : random_(std::move(random)) {}

  absl::Duration Next() {
    const absl::Duration delay = ceiling_ * random_();
    ceiling_ = std::min(2 * ceiling_, kMax);
    return delay;
  }
  void Reset() { ceiling_ = kFirst; }

 private:
  std::function<double()> random_;
  absl::Duration ceiling_ = kFirst;
};

}  // namespace peaksync

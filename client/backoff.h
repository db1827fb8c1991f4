#pragma once

#include <functional>
#include <string>

#include "absl/time/time.h"
#include "client/limits.h"

namespace peaksync::client {

// How long to wait before the next attempt: full jitter, so a random part of a bound that doubles.
//
// Thread safety: none.
class Backoff {
 public:
  // `random` gives numbers in [0, 1).
  explicit Backoff(std::function<double()> random, absl::Duration min = limits::kBackoffMin,
                   absl::Duration max = limits::kBackoffMax);

  absl::Duration Next();
  // After progress: the next wait is short again.
  void Reset() { bound_ = min_; }

 private:
  std::function<double()> random_;
  absl::Duration min_;
  absl::Duration max_;
  absl::Duration bound_;
};

// Numbers in [0, 1) from a generator seeded by the system.
std::function<double()> SystemRandom();
// 32 random hexadecimal digits.
std::string RandomId();

}  // namespace peaksync::client

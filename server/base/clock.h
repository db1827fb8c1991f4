#pragma once

#include <chrono>

#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace peaksync {

// Where the time comes from. Handed to whoever needs it, so that a test can turn it.
// Thread safety: safe for concurrent use.
class Clock {
 public:
  virtual ~Clock() = default;
  // The time of day: it jumps when somebody sets the machine's clock.
  virtual absl::Time Now() const = 0;
  // For whatever must pass, such as a delay: it goes on evenly, also when Now() jumps. As a time of
  // day it is right only as long as Now() has not jumped.
  virtual absl::Time Steady() const = 0;
};

// The machine's clock.
class SystemClock final : public Clock {
 public:
  absl::Time Now() const override { return absl::Now(); }
  absl::Time Steady() const override {
    return start_ + absl::FromChrono(std::chrono::steady_clock::now() - steady_start_);
  }

 private:
  const absl::Time start_ = absl::Now();
  const std::chrono::steady_clock::time_point steady_start_ = std::chrono::steady_clock::now();
};

}  // namespace peaksync

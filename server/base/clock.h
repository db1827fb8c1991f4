#pragma once

#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace peaksync {

// Where the time comes from. Handed to whoever needs it, so that a test can turn it.
// Thread safety: safe for concurrent use.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual absl::Time Now() const = 0;
};

// The machine's clock.
class SystemClock final : public Clock {
 public:
  absl::Time Now() const override { return absl::Now(); }
};

}  // namespace peaksync

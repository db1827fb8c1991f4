#pragma once

#include "absl/time/time.h"
#include "server/base/clock.h"
#include "server/base/mutex.h"

namespace peaksync::testing {

// A clock that a test turns. Thread safety: safe for concurrent use.
class FakeClock final : public Clock {
 public:
  explicit FakeClock(absl::Time now = absl::FromUnixSeconds(1'790'000'000)) : now_(now) {}

  absl::Time Now() const override {
    MutexLock lock(mutex_);
    return now_;
  }
  absl::Time Steady() const override {
    MutexLock lock(mutex_);
    return now_ - jumped_;
  }
  void Advance(absl::Duration by) {
    MutexLock lock(mutex_);
    now_ += by;
  }
  // Somebody sets the machine's clock.
  void Jump(absl::Duration by) {
    MutexLock lock(mutex_);
    now_ += by;
    jumped_ += by;
  }

 private:
  mutable Mutex mutex_;
  absl::Time now_ ABSL_GUARDED_BY(mutex_);
  absl::Duration jumped_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace peaksync::testing

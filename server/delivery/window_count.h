#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "absl/time/time.h"

namespace peaksync {

// Counts what happened within the last `window`. It knows moments to a slice of it only, a 1,200th,
// and keeps what happened in one until the whole of it is past: so it counts a little more, never
// less, and takes the same memory however much happens. A value. Thread safety: none.
class WindowCount {
 public:
  static constexpr std::size_t kSlices = 1'200;

  WindowCount(absl::Duration window, absl::Time now);

  // Time goes on; a clock that went back makes nothing happen.
  void Advance(absl::Time now);
  // Now, which is the time of the last Advance.
  void Add(std::int64_t count) {
    counts_[current_] += count;
    total_ += count;
  }
  std::int64_t total() const { return total_; }
  // When the total will be so much at most, if nothing happens meanwhile. Not before now.
  absl::Time FallsTo(std::int64_t total, absl::Time now) const;

 private:
  std::int64_t NumberOf(absl::Time time) const;

  absl::Duration slice_;
  std::array<std::int64_t, kSlices + 1> counts_{};  // A ring: the oldest comes after the current.
  std::size_t current_ = 0;
  std::int64_t number_;  // Of the current slice, since the epoch.
  std::int64_t total_ = 0;
};

}  // namespace peaksync

#include "server/delivery/window_count.h"

#include <algorithm>

namespace peaksync {

WindowCount::WindowCount(absl::Duration window, absl::Time now)
    : slice_(absl::Ceil(window / static_cast<std::int64_t>(kSlices), absl::Nanoseconds(1))),
      number_(NumberOf(now)) {}

std::int64_t WindowCount::NumberOf(absl::Time time) const {
  absl::Duration rest;
  return absl::IDivDuration(time - absl::UnixEpoch(), slice_, &rest);
}

void WindowCount::Advance(absl::Time now) {
  const std::int64_t number = NumberOf(now);
  const std::int64_t passed =
      std::min<std::int64_t>(number - number_, static_cast<std::int64_t>(kSlices) + 1);
  number_ = number;
  for (std::int64_t i = 0; i < passed; ++i) {
    current_ = (current_ + 1) % (kSlices + 1);
    total_ -= counts_[current_];
    counts_[current_] = 0;
  }
}

absl::Time WindowCount::FallsTo(std::int64_t total, absl::Time now) const {
  std::int64_t left = total_;
  std::size_t passed = 0;  // Slices that are past by then.
  while (left > total && passed <= kSlices) {
    ++passed;
    left -= counts_[(current_ + passed) % (kSlices + 1)];
  }
  if (passed == 0) return now;
  return std::max(now, absl::UnixEpoch() + (number_ + static_cast<std::int64_t>(passed)) * slice_);
}

}  // namespace peaksync

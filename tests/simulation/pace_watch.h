#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "server/delivery/pace.h"

namespace peaksync::simulation {

// Counts the requests of one process: no window of `per` may hold more than our share of Braze's
// limit, and no clock hour more than our share of the hour's (docs/design.md section 5). What an
// earlier process sent it does not know, as the lane does not.
class PaceWatch {
 public:
  explicit PaceWatch(const PaceOptions& options)
      : per_(options.per),
        window_max_(OursOf(options.requests, options.share)),
        hour_max_(OursOf(static_cast<double>(options.hourly_limit), options.share)),
        hourly_(options.hourly_limit > 0) {}

  // A request is sent. Says which limit it breaks; empty: none.
  std::string Sent(absl::Time now) {
    while (!sent_.empty() && sent_.front() <= now - per_) sent_.pop_front();
    sent_.push_back(now);
    const std::int64_t hour = absl::ToUnixSeconds(now) / 3'600;
    in_hour_ = hour == hour_ ? in_hour_ + 1 : 1;
    hour_ = hour;
    if (in_window() > window_max_) {
      return absl::StrCat(in_window(), " requests within ", absl::FormatDuration(per_), ", ",
                          window_max_, " are allowed");
    }
    if (hourly_ && in_hour_ > hour_max_) {
      return absl::StrCat(in_hour_, " requests in an hour, ", hour_max_, " are allowed");
    }
    return "";
  }
  bool window_is_full() const { return in_window() == window_max_; }
  bool hour_is_spent() const { return hourly_ && in_hour_ == hour_max_; }

 private:
  static std::int64_t OursOf(double limit, double share) {
    return std::max<std::int64_t>(1, static_cast<std::int64_t>(limit * share));
  }
  std::int64_t in_window() const { return static_cast<std::int64_t>(sent_.size()); }

  absl::Duration per_;
  std::int64_t window_max_;
  std::int64_t hour_max_;
  bool hourly_;
  std::deque<absl::Time> sent_;  // Within the last window.
  std::int64_t hour_ = 0;        // Since the epoch.
  std::int64_t in_hour_ = 0;
};

}  // namespace peaksync::simulation

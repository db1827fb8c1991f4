#pragma once

#include <cstdint>

#include "absl/time/time.h"
#include "server/braze/answer.h"
#include "server/delivery/window_count.h"

namespace peaksync {

struct PaceOptions {
  double requests = 3'000;                // Braze's limit: so many …
  absl::Duration per = absl::Seconds(3);  // … in any window of this length (contract 1.8).
  double share = 0.8;                     // Of all limits that is ours, 0 < share <= 1.
  std::int64_t hourly_limit = 0;          // Requests in a clock hour; 0: no such limit.
};

// When the next request may go: a token bucket, shallow, that fills a little more slowly than the
// limit; a count of the last window's requests, for what the bucket gives after a rest would be
// more than the limit; a budget that begins anew with every clock hour; corrected by the rate
// headers of the answers. Knows neither clock nor thread. A value: a copy goes on from what was
// used.
class Pace {
 public:
  Pace(const PaceOptions& options, absl::Time now);

  // Other limits from now on. What was used stays used.
  void Reconfigure(const PaceOptions& options, absl::Time now);

  // How many requests may go now.
  int Available(absl::Time now);
  // One has gone; there must have been one available.
  void Take();
  // When there will be so many, were nobody to take one meanwhile.
  absl::Time NextAt(absl::Time now, int requests = 1);

  // An answer has come. Braze may say how much is left of its window: no more than that is sent
  // until the next one, what is in flight included. Never waits longer than an hour without asking
  // again.
  void Correct(const RateHints& hints, absl::Time now);
  // So many requests will never be answered.
  void Forget(int requests);

  // Requests a second, in the long run.
  double per_second() const { return per_second_; }

 private:
  void SetLimits(const PaceOptions& options);
  void Refill(absl::Time now);
  std::int64_t LeftOfLimit() const;
  std::int64_t LeftOfHour() const;
  std::int64_t LeftOfWindow(absl::Time now) const;

  double depth_ = 1;
  double per_second_ = 1;
  double tokens_ = 0;
  absl::Time refilled_;
  std::int64_t window_max_ = 1;
  absl::Duration per_;
  WindowCount sent_;  // Within `per_`.
  absl::Time held_until_ = absl::InfinitePast();
  std::int64_t hourly_max_ = 0;  // 0: none.
  std::int64_t hour_;            // Since the epoch.
  std::int64_t used_in_hour_ = 0;
  int in_flight_ = 0;
  // Of Braze's window, as an answer told; negative when more was in flight than it leaves.
  std::int64_t left_ = 0;
  absl::Time left_until_ = absl::InfinitePast();
};

}  // namespace peaksync

#pragma once

#include <cstdint>

#include "absl/time/time.h"
#include "server/braze/answer.h"

namespace peaksync {

struct PaceOptions {
  double requests = 3'000;                // Braze's limit: so many …
  absl::Duration per = absl::Seconds(3);  // … in any window of this length (contract 1.8).
  double share = 0.8;                     // Of it that is ours, 0 < share <= 1.
};

// When the next request may go: a token bucket, so shallow that no window ever holds more than the
// limit, corrected by the rate headers of the answers. Knows neither clock nor thread.
class Pace {
 public:
  Pace(const PaceOptions& options, absl::Time now);

  // How many requests may go now.
  int Available(absl::Time now);
  // One has gone; there must have been one available.
  void Take();
  // When there will be one.
  absl::Time NextAt(absl::Time now);

  // Braze says how much is left of its window; nothing is left: waits for the next one, but never
  // longer than an hour without asking again.
  void Correct(const RateHints& hints, absl::Time now);

 private:
  void Refill(absl::Time now);

  double depth_;
  double per_second_;
  double tokens_;
  absl::Time refilled_;
  absl::Time held_until_ = absl::InfinitePast();
};

}  // namespace peaksync

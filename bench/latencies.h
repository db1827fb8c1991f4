#pragma once

#include <cstdint>
#include <vector>

#include "absl/time/time.h"

namespace peaksync::bench {

// How long something took, many times. All zero when it never happened.
struct Latencies {
  std::int64_t count = 0;
  absl::Duration p50;
  absl::Duration p90;
  absl::Duration p99;
  absl::Duration p999;
  absl::Duration max;
};

// The nearest-rank percentiles of these, in any order.
Latencies SummarizeLatencies(std::vector<absl::Duration> samples);

}  // namespace peaksync::bench

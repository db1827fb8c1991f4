#include "bench/latencies.h"

#include <algorithm>

namespace peaksync::bench {

Latencies SummarizeLatencies(std::vector<absl::Duration> samples) {
  if (samples.empty()) return {};
  std::ranges::sort(samples);
  // The smallest sample that at least so many thousandths of all are not greater than.
  const auto at = [&samples](std::size_t thousandths) {
    const std::size_t rank = (samples.size() * thousandths + 999) / 1'000;
    return samples[std::max<std::size_t>(rank, 1) - 1];
  };
  return {static_cast<std::int64_t>(samples.size()),
          at(500),
          at(900),
          at(990),
          at(999),
          samples.back()};
}

}  // namespace peaksync::bench

#include "bench/latencies.h"

#include <gtest/gtest.h>

namespace peaksync::bench {
namespace {

TEST(Latencies, AreNearestRanks) {
  std::vector<absl::Duration> samples;
  for (int i = 1'000; i > 0; --i) samples.push_back(absl::Milliseconds(i));
  const Latencies latencies = SummarizeLatencies(samples);
  EXPECT_EQ(latencies.count, 1'000);
  EXPECT_EQ(latencies.p50, absl::Milliseconds(500));
  EXPECT_EQ(latencies.p90, absl::Milliseconds(900));
  EXPECT_EQ(latencies.p99, absl::Milliseconds(990));
  EXPECT_EQ(latencies.p999, absl::Milliseconds(999));
  EXPECT_EQ(latencies.max, absl::Milliseconds(1'000));
}

TEST(Latencies, OfFewSamplesAreNotBelowTheirShare) {
  const Latencies latencies =
      SummarizeLatencies({absl::Seconds(3), absl::Seconds(1), absl::Seconds(2)});
  EXPECT_EQ(latencies.p50, absl::Seconds(2));
  EXPECT_EQ(latencies.p90, absl::Seconds(3));
}

TEST(Latencies, OfOneSampleAreThatSample) {
  const Latencies latencies = SummarizeLatencies({absl::Seconds(2)});
  EXPECT_EQ(latencies.p50, absl::Seconds(2));
  EXPECT_EQ(latencies.p99, absl::Seconds(2));
}

TEST(Latencies, OfNothingAreZero) {
  EXPECT_EQ(SummarizeLatencies({}).count, 0);
  EXPECT_EQ(SummarizeLatencies({}).max, absl::ZeroDuration());
}

}  // namespace
}  // namespace peaksync::bench

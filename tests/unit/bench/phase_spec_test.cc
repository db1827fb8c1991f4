#include "bench/phase_spec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/status_matchers.h"

namespace peaksync::bench {
namespace {

using ::peaksync::testing::IsOk;
using ::peaksync::testing::StatusIs;
using ::testing::HasSubstr;

TEST(PhaseSpec, IsNamedAsItsKindAndStreamsEverybodyOnce) {
  const auto spec = ParsePhaseSpec("unchanged_newer");
  ASSERT_THAT(spec, IsOk());
  EXPECT_EQ(spec->kind, PhaseKind::kUnchangedNewer);
  EXPECT_EQ(spec->label, "unchanged_newer");
  EXPECT_EQ(spec->customers, 0U);
  EXPECT_EQ(spec->passes, 1);
  EXPECT_EQ(spec->batch_size, 0);
  EXPECT_FALSE(spec->latency.has_value());
  EXPECT_FALSE(spec->limiter.has_value());
  EXPECT_FALSE(spec->half_rate);
}

TEST(PhaseSpec, TakesEveryKey) {
  const auto spec = ParsePhaseSpec(
      "changed,as=slow,customers=2000000,passes=2,batch=1,latency=400ms,limiter=on,rate=50000");
  ASSERT_THAT(spec, IsOk());
  EXPECT_EQ(spec->kind, PhaseKind::kChanged);
  EXPECT_EQ(spec->label, "slow");
  EXPECT_EQ(spec->customers, 2'000'000U);
  EXPECT_EQ(spec->passes, 2);
  EXPECT_EQ(spec->batch_size, 1);
  EXPECT_EQ(spec->latency, absl::Milliseconds(400));
  EXPECT_EQ(spec->limiter, true);
  EXPECT_EQ(spec->rate, 50'000);
}

TEST(PhaseSpec, TakesHalfOfTheTopRate) {
  const auto spec = ParsePhaseSpec("changed,rate=half,limiter=off");
  ASSERT_THAT(spec, IsOk());
  EXPECT_TRUE(spec->half_rate);
  EXPECT_EQ(spec->limiter, false);
}

TEST(PhaseSpec, NamesThePartAtFault) {
  for (const char* text :
       {"chnged", "changed,", "changed,passes=0", "changed,passes=101", "changed,batch=5001",
        "changed,customers=-1", "changed,latency=4", "changed,latency=2h", "changed,limiter=yes",
        "changed,rate=0", "changed,rate=quarter", "changed,as=", "changed,size=4", "new,passes=2",
        "new,customers=5", "restart,passes=2"}) {
    EXPECT_THAT(ParsePhaseSpec(text), StatusIs(absl::StatusCode::kInvalidArgument)) << text;
  }
  EXPECT_THAT(ParsePhaseSpec("changed,size=4").status().message(), HasSubstr("'size=4'"));
}

}  // namespace
}  // namespace peaksync::bench

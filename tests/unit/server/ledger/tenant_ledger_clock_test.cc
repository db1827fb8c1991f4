// Somebody sets the machine's clock by a day: delays stay as long as they are, and times that the
// ledger gives never go back (docs/design.md section 4, "Times").
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/unit/server/ledger/ledger_fixture.h"

namespace peaksync::testing {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr absl::Duration kDay = absl::Hours(24);

// By how much it jumps.
class TenantLedgerClock : public TenantLedgerTest,
                          public ::testing::WithParamInterface<absl::Duration> {};

INSTANTIATE_TEST_SUITE_P(ByADay, TenantLedgerClock, ::testing::Values(kDay, -kDay),
                         [](const auto& jump) { return jump.param > kDay / 2 ? "Ahead" : "Back"; });

TEST_P(TenantLedgerClock, ALostAnswerIsWaitedForAsLongAsEver) {
  Push({{"jo", {{"a", 1}}}}, At(1));
  Settle(LeaseAll(), Kind::kReturned, clock_.Steady() + limits::kLostOutcomeWait);
  clock_.Jump(GetParam());
  EXPECT_THAT(LeaseAll(), IsEmpty());
  clock_.Advance(limits::kLostOutcomeWait);
  EXPECT_THAT(LeaseAll(), SizeIs(1));
}

TEST_P(TenantLedgerClock, ARunWithoutAStreamStaysOpenForADayOfItsOwn) {
  const std::string run = Start();
  EndStream(run);
  clock_.Jump(GetParam());
  clock_.Advance(absl::Hours(23));
  EXPECT_FALSE(ledger_->HasExpiredRuns());
  clock_.Advance(absl::Hours(1));
  EXPECT_TRUE(ledger_->HasExpiredRuns());
}

TEST_P(TenantLedgerClock, TimesOfRunsNeverGoBackAndNewestStaysNewest) {
  const std::string before = Push({{"jo", {{"a", 1}}}}, At(1));
  Confirm();
  clock_.Jump(GetParam());
  const std::string after = Push({{"jo", {{"a", 2}}}}, At(2));
  EXPECT_GE(RunOf(after).create_time, RunOf(before).create_time);
  EXPECT_GE(RunOf(after).default_updated_at, RunOf(before).default_updated_at);
  EXPECT_EQ(Confirm(), 1);
  EXPECT_EQ(braze_["jo"]["a"], "2");
}

TEST_P(TenantLedgerClock, AFullRunSendsOnceAndEnds) {
  Push({{"jo", {{"a", 1}}}}, At(1));
  Confirm();
  clock_.Jump(GetParam());
  const std::string full = Push({{"jo", {{"a", 1}}}}, At(1), RunMode::kFull);
  clock_.Jump(-GetParam());
  EXPECT_EQ(Confirm(), 1);
  EXPECT_EQ(RunOf(full).state, RunState::kCompleted);
}

}  // namespace
}  // namespace peaksync::testing

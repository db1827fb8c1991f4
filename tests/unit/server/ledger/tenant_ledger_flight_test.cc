// What comes while the customer's request is in flight, and what each answer makes of it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/unit/server/ledger/ledger_fixture.h"

namespace peaksync::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class TenantLedgerFlight : public TenantLedgerTest {
 protected:
  // Braze has A of hour 1; a request with B of hour 3 is in flight.
  void SetUp() override {
    TenantLedgerTest::SetUp();
    Push({{"jo", {{"a", "A"}}}}, At(1));
    Confirm();
    sent_run_ = Push({{"jo", {{"a", "B"}}}}, At(3));
    sent_ = LeaseAll();
    ASSERT_THAT(Shown(sent_), ElementsAre("jo.a=\"B\""));
  }

  std::string sent_run_;
  Objects sent_;
};

TEST_F(TenantLedgerFlight, WaitsBehindTheRequest) {
  const std::string run = Push({{"jo", {{"a", "C"}, {"b", 1}}}}, At(4));
  EXPECT_THAT(Values(run), CountsAre(ValueCounts{.pending = 2}));
  EXPECT_THAT(LeaseAll(), IsEmpty());
  Settle(sent_, Kind::kConfirmed);
  EXPECT_THAT(Shown(LeaseAll()), ElementsAre("jo.a=\"C\"", "jo.b=1"));
  EXPECT_THAT(Values(sent_run_), CountsAre(ValueCounts{.confirmed = 1}));
}

TEST_F(TenantLedgerFlight, MergesAllThatComesMeanwhile) {
  const std::string one = Push({{"jo", {{"a", "C"}}}}, At(4));
  const std::string two = Push({{"jo", {{"a", "D"}}}}, At(5));
  Settle(sent_, Kind::kConfirmed);
  EXPECT_THAT(Values(one), CountsAre(ValueCounts{.pending = 1}));
  EXPECT_EQ(Confirm(), 1u);
  EXPECT_THAT(Values(one), CountsAre(ValueCounts{.superseded = 1}));
  EXPECT_THAT(Values(two), CountsAre(ValueCounts{.confirmed = 1}));
}

TEST_F(TenantLedgerFlight, IsUnchangedWhenTheRequestBroughtTheSame) {
  const std::string run = Push({{"jo", {{"a", "B"}}}}, At(4));
  EXPECT_THAT(Values(run), CountsAre(ValueCounts{.pending = 1}));
  Settle(sent_, Kind::kConfirmed);
  EXPECT_THAT(Values(run), CountsAre(ValueCounts{.unchanged = 1}));
  EXPECT_EQ(RunOf(run).state, RunState::kCompleted);
  EXPECT_THAT(LeaseAll(), IsEmpty());
  // Its newer time is known.
  Reopen();
  EXPECT_THAT(Values(Push({{"jo", {{"a", "C"}}}}, At(3))), CountsAre(ValueCounts{.stale = 1}));
}

TEST_F(TenantLedgerFlight, IsUnchangedWithinMinChangeOfWhatTheRequestBrought) {
  Settle(sent_, Kind::kConfirmed);
  rules_.attributes["n"].min_change = 0.1;
  Reopen();
  Push({{"jo", {{"n", 0.5}}}}, At(4));
  const Objects sent = LeaseAll();
  const std::string run = Push({{"jo", {{"n", 0.55}}}}, At(5));
  Settle(sent, Kind::kConfirmed);
  EXPECT_THAT(Values(run), CountsAre(ValueCounts{.unchanged = 1}));
}

TEST_F(TenantLedgerFlight, SendsTheOldValueAgainAfterTheRequestChangedIt) {
  Push({{"jo", {{"a", "A"}}}}, At(4));
  Settle(sent_, Kind::kConfirmed);
  Confirm();
  EXPECT_EQ(braze_["jo"]["a"], "\"A\"");
}

TEST_F(TenantLedgerFlight, IsUnchangedWhenTheRequestIsRejected) {
  const std::string run = Push({{"jo", {{"a", "A"}}}}, At(4));
  Settle(sent_, Kind::kRejected);
  EXPECT_THAT(Values(run), CountsAre(ValueCounts{.unchanged = 1}));
  EXPECT_THAT(LeaseAll(), IsEmpty());
}

TEST_F(TenantLedgerFlight, IsSentAfterARejection) {
  Push({{"jo", {{"a", "C"}}}}, At(4));
  Settle(sent_, Kind::kRejected);
  EXPECT_THAT(Shown(LeaseAll()), ElementsAre("jo.a=\"C\""));
}

TEST_F(TenantLedgerFlight, IsSentAfterAReturnAlsoWhenItIsTheConfirmedValue) {
  const std::string run = Push({{"jo", {{"a", "A"}}}}, At(4));
  Settle(sent_, Kind::kReturned);
  EXPECT_THAT(Values(sent_run_), CountsAre(ValueCounts{.pending = 1}));
  EXPECT_THAT(Shown(LeaseAll()), ElementsAre("jo.a=\"A\""));
  Reopen();
  Confirm();
  EXPECT_THAT(Values(sent_run_), CountsAre(ValueCounts{.superseded = 1}));
  EXPECT_THAT(Values(run), CountsAre(ValueCounts{.confirmed = 1}));
}

TEST_F(TenantLedgerFlight, CancelsOutWhenTheRequestWasNotSentAfterAll) {
  const std::string run = Push({{"jo", {{"a", "A"}}}}, At(4));
  Settle(sent_, Kind::kUnsent);
  EXPECT_THAT(Values(sent_run_), CountsAre(ValueCounts{.superseded = 1}));
  EXPECT_THAT(Values(run), CountsAre(ValueCounts{.unchanged = 1}));
  EXPECT_THAT(LeaseAll(), IsEmpty());
}

TEST_F(TenantLedgerFlight, JoinsTheReturnedValueWhenItIsTheSame) {
  const std::string run = Push({{"jo", {{"a", "B"}}}}, At(4));
  Settle(sent_, Kind::kReturned);
  EXPECT_EQ(Confirm(), 1u);
  EXPECT_THAT(Values(sent_run_), CountsAre(ValueCounts{.confirmed = 1}));
  EXPECT_THAT(Values(run), CountsAre(ValueCounts{.confirmed = 1}));
}

TEST_F(TenantLedgerFlight, IsStaleAgainstTheRequestAlsoBehindAnOlderEqualValue) {
  Push({{"jo", {{"a", "B"}}}}, At(1));  // Equal, older: waits behind.
  EXPECT_THAT(Values(Push({{"jo", {{"a", "C"}}}}, At(2))), CountsAre(ValueCounts{.stale = 1}));
  Settle(sent_, Kind::kConfirmed);
  Confirm();
  EXPECT_EQ(braze_["jo"]["a"], "\"B\"");
}

TEST_F(TenantLedgerFlight, KeepsTheNewestTimeOfAReturnedValueAndTheOneBehindIt) {
  Push({{"jo", {{"a", "B"}}}}, At(1));
  Settle(sent_, Kind::kReturned);
  EXPECT_THAT(Values(Push({{"jo", {{"a", "C"}}}}, At(2))), CountsAre(ValueCounts{.stale = 1}));
  Confirm();
  EXPECT_EQ(braze_["jo"]["a"], "\"B\"");
}

TEST_F(TenantLedgerFlight, DelaysAReturnedCustomer) {
  Settle(sent_, Kind::kReturned, clock_.Now() + absl::Seconds(10));
  Push({{"jo", {{"b", 1}}}}, At(4));
  EXPECT_THAT(LeaseAll(), IsEmpty());
  clock_.Advance(absl::Seconds(10));
  EXPECT_THAT(Shown(LeaseAll()), ElementsAre("jo.a=\"B\"", "jo.b=1"));
}

TEST_F(TenantLedgerFlight, SendsARejectedValueAgainWhenItIsPushedAgain) {
  Settle(sent_, Kind::kRejected);
  EXPECT_THAT(Values(sent_run_), CountsAre(ValueCounts{.rejected = 1}));
  Push({{"jo", {{"a", "B"}}}}, At(3));
  EXPECT_THAT(Shown(LeaseAll()), ElementsAre("jo.a=\"B\""));
}

TEST_F(TenantLedgerFlight, ForgetsTheTimeOfARejectedValue) {
  Settle(sent_, Kind::kRejected);
  Push({{"jo", {{"a", "C"}}}}, At(2));
  EXPECT_THAT(Shown(LeaseAll()), ElementsAre("jo.a=\"C\""));
}

TEST_F(TenantLedgerFlight, KnowsTheOldValueStillAfterAClearRejection) {
  Settle(sent_, Kind::kRejected);
  EXPECT_THAT(Values(Push({{"jo", {{"a", "A"}}}}, At(4))), CountsAre(ValueCounts{.unchanged = 1}));
}

TEST_F(TenantLedgerFlight, KnowsNothingAfterTheRejectionOfAValueThatMayStandInBraze) {
  Settle(sent_, Kind::kReturned);
  Settle(LeaseAll(), Kind::kRejected);
  Push({{"jo", {{"a", "A"}}}}, At(4));
  EXPECT_THAT(Shown(LeaseAll()), ElementsAre("jo.a=\"A\""));
}

TEST_F(TenantLedgerFlight, KnowsNothingAfterARejectionThatMayHaveBeenAppliedAllTheSame) {
  ASSERT_THAT(ledger_->Begin(), IsOk());
  ledger_->Settle(
      {{.lease = sent_[0].lease, .kind = Kind::kRejected, .may_have_been_applied = true}});
  ASSERT_THAT(ledger_->Commit(), IsOk());
  in_flight_.clear();
  Push({{"jo", {{"a", "A"}}}}, At(4));
  EXPECT_THAT(Shown(LeaseAll()), ElementsAre("jo.a=\"A\""));
}

TEST_F(TenantLedgerFlight, KnowsNothingAfterTheRejectionOfWhatOvertookAMaybeSentValue) {
  Settle(sent_, Kind::kReturned);
  Push({{"jo", {{"a", "C"}}}}, At(4));
  Settle(LeaseAll(), Kind::kRejected);
  Push({{"jo", {{"a", "A"}}}}, At(5));
  EXPECT_THAT(Shown(LeaseAll()), ElementsAre("jo.a=\"A\""));
}

TEST_F(TenantLedgerFlight, KeepsTheTimeOfAnUnknownValue) {
  Settle(sent_, Kind::kReturned);
  Settle(LeaseAll(), Kind::kRejected);
  // The rejected time, 3, no longer counts; the confirmed one, 1, does.
  EXPECT_THAT(Values(Push({{"jo", {{"a", "C"}}}}, At(0))), CountsAre(ValueCounts{.stale = 1}));
  EXPECT_THAT(Values(Push({{"jo", {{"a", "C"}}}}, At(2))), CountsAre(ValueCounts{.pending = 1}));
}

TEST_F(TenantLedgerFlight, RemembersAnUnknownValueAcrossARestart) {
  Settle(sent_, Kind::kReturned);
  Settle(LeaseAll(), Kind::kRejected);
  Reopen();
  Push({{"jo", {{"a", "A"}}}}, At(4));
  EXPECT_THAT(Shown(LeaseAll()), ElementsAre("jo.a=\"A\""));
}

TEST_F(TenantLedgerFlight, SettlesEachOfManyOutcomesByItself) {
  Settle(sent_, Kind::kConfirmed);
  const std::string run =
      Push({{"c1", {{"n", 1}}}, {"c2", {{"n", 1}}}, {"c3", {{"n", 1}}}, {"c4", {{"n", 1}}}}, At(4));
  const Objects objects = LeaseAll();
  ASSERT_EQ(objects.size(), 4u);
  ASSERT_THAT(ledger_->Begin(), IsOk());
  ledger_->Settle({{objects[0].lease, Kind::kConfirmed},
                   {.lease = objects[1].lease, .kind = Kind::kRejected, .reason = "no"},
                   {objects[2].lease, Kind::kReturned},
                   {objects[3].lease, Kind::kUnsent}});
  ASSERT_THAT(ledger_->Commit(), IsOk());
  EXPECT_THAT(Values(run), CountsAre(ValueCounts{.confirmed = 1, .rejected = 1, .pending = 2}));
}

// Rule 4: Braze may still be working on the request that a killed service left behind.
TEST_F(TenantLedgerFlight, WaitsAfterACrashUntilLostRequestsAreOver) {
  Crash();
  EXPECT_TRUE(LeaseAll().empty());
  clock_.Advance(limits::kLostOutcomeWait);
  EXPECT_EQ(LeaseAll().size(), 1u);
}

TEST_F(TenantLedgerFlight, WaitsAfterAStopThatLeftARequestUnderWay) {
  Restart();
  EXPECT_TRUE(LeaseAll().empty());
}

TEST_F(TenantLedgerFlight, SendsAtOnceAfterAStopThatLeftNothingUnderWay) {
  Settle(sent_, Kind::kUnsent);
  Restart();
  EXPECT_EQ(LeaseAll().size(), 1u);
  Crash();  // The mark of a clean stop holds once.
  EXPECT_TRUE(LeaseAll().empty());
}

TEST_F(TenantLedgerFlight, CountsAndDeliversWhatWasInFlightAtARestart) {
  Reopen();
  EXPECT_THAT(Values(sent_run_), CountsAre(ValueCounts{.pending = 1}));
  EXPECT_EQ(Confirm(), 1u);
  EXPECT_EQ(braze_["jo"]["a"], "\"B\"");
  EXPECT_EQ(RunOf(sent_run_).state, RunState::kCompleted);
}

}  // namespace
}  // namespace peaksync::testing

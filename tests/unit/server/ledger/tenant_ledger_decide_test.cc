// What is sent and what is not, over whole runs (docs/design.md section 4).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/unit/server/ledger/ledger_fixture.h"

namespace peaksync::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

using TenantLedgerDecide = TenantLedgerTest;

TEST_F(TenantLedgerDecide, SendsWhatIsNewAndWhatHasChangedOnly) {
  Push({{"jo", {{"a", 1}, {"b", "x"}}}, {"li", {{"a", 2}}}}, At(1));
  EXPECT_THAT(Shown(LeaseAll()), UnorderedElementsAre("jo.a=1", "jo.b=\"x\"", "li.a=2"));
  Reopen();
  Confirm();
  const std::string run = Push({{"jo", {{"a", 1}, {"b", "y"}}}, {"li", {{"a", 2}}}}, At(2));
  EXPECT_THAT(Values(run), CountsAre(ValueCounts{.unchanged = 2, .pending = 1}));
  EXPECT_THAT(Shown(LeaseAll()), ElementsAre("jo.b=\"y\""));
}

TEST_F(TenantLedgerDecide, SendsTheSecondAOfAba) {
  Push({{"jo", {{"a", "A"}}}}, At(1));
  Confirm();
  Push({{"jo", {{"a", "B"}}}}, At(2));
  Confirm();
  Push({{"jo", {{"a", "A"}}}}, At(3));
  EXPECT_THAT(Shown(LeaseAll()), ElementsAre("jo.a=\"A\""));
}

TEST_F(TenantLedgerDecide, KeepsANewerAWhenALateBComes) {
  Push({{"jo", {{"a", "A"}}}}, At(1));
  Confirm();
  Push({{"jo", {{"a", "A"}}}}, At(3));
  EXPECT_EQ(Confirm(), 0u);
  const std::string late = Push({{"jo", {{"a", "B"}}}}, At(2));
  EXPECT_THAT(Values(late), CountsAre(ValueCounts{.stale = 1}));
  EXPECT_EQ(RunOf(late).stale_newest_known_time, At(3));
  EXPECT_EQ(RunOf(late).state, RunState::kCompleted);
  EXPECT_THAT(LeaseAll(), IsEmpty());
}

TEST_F(TenantLedgerDecide, RemembersANewerTimeAcrossARestart) {
  Push({{"jo", {{"a", "A"}}}}, At(1));
  Confirm();
  Push({{"jo", {{"a", "A"}}}}, At(3));
  Reopen();
  const std::string late = Push({{"jo", {{"a", "B"}}}}, At(2));
  EXPECT_THAT(Values(late), CountsAre(ValueCounts{.stale = 1}));
  EXPECT_EQ(Confirm(), 0u);
}

TEST_F(TenantLedgerDecide, RemembersANewerTimeOfTheWaitingValueAcrossARestart) {
  Push({{"jo", {{"a", "A"}}}}, At(1));
  Push({{"jo", {{"a", "A"}}}}, At(3));  // Joins.
  Reopen();
  const std::string late = Push({{"jo", {{"a", "B"}}}}, At(2));
  EXPECT_THAT(Values(late), CountsAre(ValueCounts{.stale = 1}));
}

TEST_F(TenantLedgerDecide, TakesTheLastToArriveOfTheSameTime) {
  Push({{"jo", {{"a", "A"}}}}, At(1));
  Confirm();
  Push({{"jo", {{"a", "B"}}}}, At(1));
  Confirm();
  EXPECT_EQ(braze_["jo"]["a"], "\"B\"");
}

TEST_F(TenantLedgerDecide, JoinsTheEqualValueThatWaits) {
  const std::string first = Push({{"jo", {{"a", "A"}}}}, At(1));
  const std::string second = Push({{"jo", {{"a", "A"}}}}, At(2));
  EXPECT_THAT(Values(second), CountsAre(ValueCounts{.pending = 1}));
  EXPECT_EQ(Confirm(), 1u);
  EXPECT_THAT(Values(first), CountsAre(ValueCounts{.confirmed = 1}));
  EXPECT_THAT(Values(second), CountsAre(ValueCounts{.confirmed = 1}));
}

TEST_F(TenantLedgerDecide, CountsAnOvertakenValueSupersededOnceTheNewerOneIsSettled) {
  const std::string first = Push({{"jo", {{"a", "A"}}}}, At(1));
  const std::string second = Push({{"jo", {{"a", "B"}}}}, At(2));
  EXPECT_THAT(Values(first), CountsAre(ValueCounts{.pending = 1}));
  EXPECT_EQ(RunOf(first).state, RunState::kReceived);
  const Objects objects = LeaseAll();
  EXPECT_THAT(Shown(objects), ElementsAre("jo.a=\"B\""));
  EXPECT_THAT(Values(first), CountsAre(ValueCounts{.pending = 1}));
  Settle(objects, Kind::kConfirmed);
  EXPECT_THAT(Values(first), CountsAre(ValueCounts{.superseded = 1}));
  EXPECT_THAT(Values(second), CountsAre(ValueCounts{.confirmed = 1}));
  EXPECT_EQ(RunOf(first).state, RunState::kCompleted);
}

TEST_F(TenantLedgerDecide, CountsAnOvertakenValueSupersededWhenTheNewerOneIsRejected) {
  const std::string first = Push({{"jo", {{"a", "A"}}}}, At(1));
  const std::string second = Push({{"jo", {{"a", "B"}}}}, At(2));
  Settle(LeaseAll(), Kind::kRejected);
  EXPECT_THAT(Values(first), CountsAre(ValueCounts{.superseded = 1}));
  EXPECT_THAT(Values(second), CountsAre(ValueCounts{.rejected = 1}));
  EXPECT_EQ(RunOf(first).state, RunState::kCompleted);
  EXPECT_EQ(RunOf(second).state, RunState::kCompletedWithRejections);
}

TEST_F(TenantLedgerDecide, CancelsOutWhatWasNeverSent) {
  Push({{"jo", {{"a", "A"}}}}, At(1));
  Confirm();
  const std::string there = Push({{"jo", {{"a", "B"}}}}, At(2));
  const std::string back = Push({{"jo", {{"a", "A"}}}}, At(3));
  EXPECT_THAT(Values(there), CountsAre(ValueCounts{.superseded = 1}));
  EXPECT_THAT(Values(back), CountsAre(ValueCounts{.unchanged = 1}));
  EXPECT_EQ(RunOf(there).state, RunState::kCompleted);
  EXPECT_EQ(RunOf(back).state, RunState::kCompleted);
  EXPECT_THAT(LeaseAll(), IsEmpty());
  EXPECT_EQ(ledger_->delivery().waiting_bytes, 0);
  // The time of the second A counts.
  Reopen();
  EXPECT_THAT(Values(Push({{"jo", {{"a", "C"}}}}, At(2))), CountsAre(ValueCounts{.stale = 1}));
}

TEST_F(TenantLedgerDecide, DoesNotCancelOutWhatMayHaveBeenSent) {
  Push({{"jo", {{"a", "A"}}}}, At(1));
  Confirm();
  Push({{"jo", {{"a", "B"}}}}, At(2));
  Settle(LeaseAll(), Kind::kReturned);
  const std::string back = Push({{"jo", {{"a", "A"}}}}, At(3));
  EXPECT_THAT(Values(back), CountsAre(ValueCounts{.pending = 1}));
  EXPECT_THAT(Shown(LeaseAll()), ElementsAre("jo.a=\"A\""));
}

TEST_F(TenantLedgerDecide, DoesNotCancelOutWhatWaitedAtARestart) {
  Push({{"jo", {{"a", "A"}}}}, At(1));
  Confirm();
  Push({{"jo", {{"a", "B"}}}}, At(2));
  Reopen();
  Push({{"jo", {{"a", "A"}}}}, At(3));
  EXPECT_THAT(Shown(LeaseAll()), ElementsAre("jo.a=\"A\""));
}

TEST_F(TenantLedgerDecide, CancelsOutWhatCameBackUnsent) {
  Push({{"jo", {{"a", "A"}}}}, At(1));
  Confirm();
  Push({{"jo", {{"a", "B"}}}}, At(2));
  Settle(LeaseAll(), Kind::kUnsent);
  const std::string back = Push({{"jo", {{"a", "A"}}}}, At(3));
  EXPECT_THAT(Values(back), CountsAre(ValueCounts{.unchanged = 1}));
  EXPECT_EQ(Confirm(), 0u);
}

TEST_F(TenantLedgerDecide, SendsNullOnceToAnAttributeThatWasNeverSet) {
  Push({{"jo", {{"a", nullptr}}}}, At(1));
  EXPECT_THAT(Shown(LeaseAll()), ElementsAre("jo.a=null"));
  Reopen();
  Confirm();
  EXPECT_THAT(Values(Push({{"jo", {{"a", nullptr}}}}, At(2))),
              CountsAre(ValueCounts{.unchanged = 1}));
}

TEST_F(TenantLedgerDecide, MergesTwoUpdatesOfACustomerInOneBatch) {
  const std::string run = Start();
  PushTo(run, {{"jo", {{"a", 1}, {"b", 1}}}, {"li", {{"a", 1}}}, {"jo", {{"a", 2}, {"c", 1}}}},
         At(1));
  EXPECT_THAT(Shown(LeaseAll()), UnorderedElementsAre("jo.a=2", "jo.b=1", "jo.c=1", "li.a=1"));
  EXPECT_EQ(RunOf(run).updates.changed, 3);
  EXPECT_EQ(Values(run).pending, 5);
}

TEST_F(TenantLedgerDecide, MergesUpdatesOfTwoRunsAndCountsEachWithItsRun) {
  const std::string one = Start("one");
  const std::string two = Start("two");
  PushTo(one, {{"jo", {{"a", 1}, {"b", 1}}}}, At(1));
  PushTo(two, {{"jo", {{"b", 2}, {"c", 2}}}}, At(2));
  EXPECT_EQ(Confirm(), 1u);
  EXPECT_THAT(Values(one), CountsAre(ValueCounts{.superseded = 1, .confirmed = 1}));
  EXPECT_THAT(Values(two), CountsAre(ValueCounts{.confirmed = 2}));
  EXPECT_EQ(braze_["jo"]["b"], "2");
}

TEST_F(TenantLedgerDecide, TakesTheNewestOfTwoSourcesWhicheverComesFirst) {
  const std::string one = Start("one");
  const std::string two = Start("two");
  PushTo(one, {{"jo", {{"a", "new"}}}}, At(2));
  PushTo(two, {{"jo", {{"a", "old"}}}}, At(1));
  Confirm();
  EXPECT_EQ(braze_["jo"]["a"], "\"new\"");
  EXPECT_THAT(Values(two), CountsAre(ValueCounts{.stale = 1}));
}

TEST_F(TenantLedgerDecide, SendsNothingAgainWhenARoundIsAdded) {
  Push({{"jo", {{"a", 0.123456}}}}, At(1));
  Confirm();
  rules_.attributes["a"].round = 4;
  Reopen();
  EXPECT_THAT(Values(Push({{"jo", {{"a", 0.1235}}}}, At(2))),
              CountsAre(ValueCounts{.unchanged = 1}));
  EXPECT_THAT(Values(Push({{"jo", {{"a", 0.1236}}}}, At(3))), CountsAre(ValueCounts{.pending = 1}));
}

TEST_F(TenantLedgerDecide, AppliesRulesUnderTheNameOfBraze) {
  rules_.attributes["score"].rename = "churn";
  rules_.attributes["score"].min_change = 0.1;
  Reopen();
  Push({{"jo", {{"churn", 0.5}}}}, At(1));
  Confirm();
  EXPECT_THAT(Values(Push({{"jo", {{"churn", 0.55}}}}, At(2))),
              CountsAre(ValueCounts{.unchanged = 1}));
}

// Compared with what Braze holds, never with the last value received.
TEST_F(TenantLedgerDecide, SendsSlowDriftInTheEnd) {
  rules_.attributes["a"].min_change = 0.05;
  Reopen();
  Push({{"jo", {{"a", 0.5}}}}, At(0));
  Confirm();
  std::vector<std::size_t> sent;
  int hour = 0;
  for (const double value : {0.52, 0.54, 0.55, 0.57, 0.59, 0.60}) {
    Push({{"jo", {{"a", value}}}}, At(++hour));
    sent.push_back(Confirm());
  }
  EXPECT_THAT(sent, ElementsAre(0u, 0u, 1u, 0u, 0u, 1u));
}

TEST_F(TenantLedgerDecide, CountsAnInsignificantValueWithTheWaitingOneAlsoAfterARestart) {
  rules_.attributes["a"].min_change = 0.05;
  Reopen();
  Push({{"jo", {{"a", 0.5}}}}, At(1));
  Confirm();
  const std::string first = Push({{"jo", {{"a", 0.7}}}}, At(2));
  const std::string second = Push({{"jo", {{"a", 0.72}}}}, At(3));
  Reopen();
  EXPECT_THAT(Shown(LeaseAll()), ElementsAre("jo.a=0.7"));
  Reopen();
  Confirm();
  EXPECT_THAT(Values(first), CountsAre(ValueCounts{.confirmed = 1}));
  EXPECT_THAT(Values(second), CountsAre(ValueCounts{.confirmed = 1}));
}

// A FULL run lets an equal, older value wait; its time must not hide the newer one, also when only
// the outbox is left of it.
TEST_F(TenantLedgerDecide, KeepsTheConfirmedTimeWhileAnOlderEqualValueWaits) {
  Push({{"jo", {{"a", "A"}}}}, At(3));
  Confirm();
  clock_.Advance(absl::Hours(1));
  Push({{"jo", {{"a", "A"}}}}, At(1), RunMode::kFull);
  Reopen();
  EXPECT_THAT(Values(Push({{"jo", {{"a", "B"}}}}, At(2))), CountsAre(ValueCounts{.stale = 1}));
  Confirm();
  EXPECT_EQ(braze_["jo"]["a"], "\"A\"");
}

TEST_F(TenantLedgerDecide, KnowsAnEmailInAnyCaseAsOneCustomer) {
  const std::string run = Start();
  auto updates = maker_.Make({{"Jo@X.example", {{"a", 1}}}, {"jo@x.example", {{"b", 1}}}}, At(1));
  for (PreparedUpdate& update : updates) {
    update.customer->kind = IdentifierKind::kEmail;
    update.customer_key = update.customer->Key();
  }
  ASSERT_THAT(TryPush(run, std::move(updates)), IsOk());
  EXPECT_EQ(LeaseAll().size(), 1u);
}

}  // namespace
}  // namespace peaksync::testing

// Every value is accounted for (docs/design.md, rule 3), also after a restart.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/unit/server/ledger/ledger_fixture.h"

namespace peaksync::testing {
namespace {

using ::testing::ElementsAre;

using TenantLedgerCounts = TenantLedgerTest;

TEST_F(TenantLedgerCounts, CountsEachUpdateOnce) {
  Push({{"jo", {{"a", 1}, {"b", 1}}}}, At(1));
  Confirm();
  const std::string run = Start();
  const BatchReceipt receipt = PushTo(run,
                                      {{"jo", {{"a", 1}, {"b", 2}}},  // Changed: b.
                                       {"jo", {{"a", 1}}},            // Unchanged.
                                       {"li", {{"a", 1}}, {{"x"}}}},  // Invalid.
                                      At(2));
  EXPECT_EQ(receipt.updates,
            (UpdateCounts{.received = 3, .invalid = 1, .changed = 1, .unchanged = 1}));
  EXPECT_THAT(receipt.values, CountsAre(ValueCounts{.unchanged = 2, .invalid = 2, .pending = 1}));
  EXPECT_EQ(receipt.sequence, 1);
  EXPECT_EQ(receipt.failed, "");
}

TEST_F(TenantLedgerCounts, CountsAnUpdateOfStaleValuesUnchanged) {
  Push({{"jo", {{"a", 1}}}}, At(2));
  Confirm();
  const std::string run = Push({{"jo", {{"a", 2}}}}, At(1));
  EXPECT_EQ(RunOf(run).updates, (UpdateCounts{.received = 1, .unchanged = 1}));
}

TEST_F(TenantLedgerCounts, CountsPendingFromTheOutboxAfterARestart) {
  const std::string run = Start();
  PushTo(run, {{"jo", {{"a", 1}, {"b", 1}}}, {"li", {{"a", 1}}}}, At(1));
  PushTo(run, {{"jo", {{"a", 2}}}}, At(2));
  const ValueCounts before = Values(run);
  Reopen();
  EXPECT_EQ(Values(run), before);
  EXPECT_EQ(ledger_->totals().pending, 4);
  EXPECT_EQ(ledger_->delivery().waiting_values, 4);
  EXPECT_EQ(ledger_->delivery().waiting_customers, 2);
  Confirm();
  EXPECT_THAT(Values(run), CountsAre(ValueCounts{.superseded = 1, .confirmed = 3}));
  Reopen();
  EXPECT_EQ(ledger_->totals().pending, 0);
  EXPECT_EQ(ledger_->totals().confirmed, 3);
}

TEST_F(TenantLedgerCounts, RemembersWhatOfAnUpdateIsSettled) {
  Push({{"jo", {{"a", "A"}}}}, At(1));
  Confirm();
  const std::string run = Push({{"jo", {{"a", "B"}, {"b", 1}}}}, At(2));
  const std::string back = Push({{"jo", {{"a", "A"}}}}, At(3));  // a cancels out, b waits.
  EXPECT_THAT(Values(run), CountsAre(ValueCounts{.superseded = 1, .pending = 1}));
  Reopen();
  EXPECT_THAT(Values(run), CountsAre(ValueCounts{.superseded = 1, .pending = 1}));
  const Objects objects = LeaseAll();
  EXPECT_THAT(Shown(objects), ElementsAre("jo.b=1"));
  Settle(objects, Kind::kConfirmed);
  EXPECT_THAT(Values(run), CountsAre(ValueCounts{.superseded = 1, .confirmed = 1}));
  EXPECT_THAT(Values(back), CountsAre(ValueCounts{.unchanged = 1}));
  Reopen();
  EXPECT_EQ(ledger_->totals().pending, 0);
}

TEST_F(TenantLedgerCounts, RemembersWhatIsSettledBesideWhatIsReturned) {
  const std::string run = Push({{"jo", {{"a", 1}}}}, At(1));
  const Objects sent = LeaseAll();
  const std::string later = Push({{"jo", {{"a", 1}, {"b", 2}}}}, At(2));
  Settle(sent, Kind::kConfirmed);  // Of the later update, a is unchanged, and b still waits.
  EXPECT_THAT(Values(later), CountsAre(ValueCounts{.unchanged = 1, .pending = 1}));
  Reopen();
  EXPECT_THAT(Values(later), CountsAre(ValueCounts{.unchanged = 1, .pending = 1}));
  Confirm();
  EXPECT_THAT(Values(later), CountsAre(ValueCounts{.unchanged = 1, .confirmed = 1}));
  EXPECT_THAT(Values(run), CountsAre(ValueCounts{.confirmed = 1}));
}

TEST_F(TenantLedgerCounts, SettlesInTheGroupInWhichItWasAccepted) {
  Push({{"jo", {{"a", "A"}}}}, At(1));
  Confirm();
  const std::string run = Start();
  PushTo(run, {{"jo", {{"a", "B"}}}, {"jo", {{"a", "A"}}}}, At(2));
  EXPECT_THAT(Values(run), CountsAre(ValueCounts{.unchanged = 1, .superseded = 1}));
  Reopen();
  EXPECT_THAT(Values(run), CountsAre(ValueCounts{.unchanged = 1, .superseded = 1}));
  EXPECT_EQ(ledger_->delivery().waiting_customers, 0);
}

TEST_F(TenantLedgerCounts, GivesTheTotalsOfRunsThatEndedLongAgo) {
  for (int hour = 1; hour <= 3; ++hour) {
    Push({{"jo", {{"a", hour}}}}, At(hour));
    Confirm();
    Reopen();
  }
  EXPECT_THAT(ledger_->totals(), CountsAre(ValueCounts{.confirmed = 3}));
}

TEST_F(TenantLedgerCounts, NamesTheRunsThatACommitChanged) {
  const std::string one = Start("one");
  const std::string two = Start("two");
  PushTo(one, {{"jo", {{"a", 1}}}}, At(1));
  EXPECT_THAT(ledger_->changed_runs(), ElementsAre(one));
  PushTo(two, {{"jo", {{"a", 2}}}}, At(2));
  Confirm();
  EXPECT_THAT(ledger_->changed_runs(), ::testing::UnorderedElementsAre(one, two));
}

TEST_F(TenantLedgerCounts, HasRoomUntilTooMuchWaits) {
  rules_.max_waiting_bytes = 20'000;
  Reopen();
  const std::string run = Start();
  int pushed = 0;
  while (ledger_->NoRoomReason().empty() && pushed < 1'000) {
    PushTo(run, {{"c" + std::to_string(++pushed), {{"a", 1}}}}, At(1));
  }
  EXPECT_LT(pushed, 200);
  EXPECT_GE(ledger_->delivery().waiting_bytes, 20'000);
  EXPECT_THAT(ledger_->NoRoomReason(), ::testing::HasSubstr("max_waiting_bytes is 20000"));
  Confirm();
  EXPECT_EQ(ledger_->NoRoomReason(), "");
  EXPECT_EQ(ledger_->delivery().waiting_bytes, 0);
}

}  // namespace
}  // namespace peaksync::testing

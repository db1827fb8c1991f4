// What Braze holds becomes unknown: resync, another workspace, a restored backup, resend_after
// (docs/design.md section 1, "unknown").
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/unit/server/ledger/ledger_fixture.h"

namespace peaksync::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

class TenantLedgerResync : public TenantLedgerTest {
 protected:
  void SetUp() override {
    rules_.max_invalid_percent = 100;
    TenantLedgerTest::SetUp();
    Push({{"jo", {{"a", 1}, {"b", 1}}}, {"li", {{"a", 1}}}}, At(1));
    Confirm();
  }
  absl::StatusOr<std::int64_t> TryResync(const ResyncRequest& request) {
    return InGroup([&] { return ledger_->Resync(request); });
  }
  std::int64_t Resync(const ResyncRequest& request) {
    const auto values = TryResync(request);
    EXPECT_THAT(values, IsOk());
    return values.value_or(-1);
  }
  // What of the same data would be sent now.
  std::vector<std::string> SentAgain(int hour = 2) {
    Push({{"jo", {{"a", 1}, {"b", 1}}}, {"li", {{"a", 1}}}}, At(hour));
    Objects sent = LeaseAll();
    Settle(sent, Kind::kConfirmed);
    return Shown(sent);
  }
  static ResyncRequest Of(const std::string& attribute, const std::string& id = "",
                          bool validate_only = false) {
    ResyncRequest request;
    request.attribute = attribute;
    if (!id.empty()) request.customer = Customer{IdentifierKind::kExternalId, id, ""};
    request.validate_only = validate_only;
    return request;
  }
};

TEST_F(TenantLedgerResync, EverythingIsSentOnceMore) {
  EXPECT_EQ(Resync(Of("")), 3);
  Reopen();
  EXPECT_THAT(SentAgain(), UnorderedElementsAre("jo.a=1", "jo.b=1", "li.a=1"));
  EXPECT_THAT(SentAgain(3), IsEmpty());
}

TEST_F(TenantLedgerResync, OneAttributeOrCustomerOnly) {
  EXPECT_EQ(Resync(Of("a")), 2);
  EXPECT_THAT(SentAgain(), UnorderedElementsAre("jo.a=1", "li.a=1"));
  EXPECT_EQ(Resync(Of("", "jo")), 2);
  EXPECT_THAT(SentAgain(3), UnorderedElementsAre("jo.a=1", "jo.b=1"));
  EXPECT_EQ(Resync(Of("b", "jo")), 1);
  Reopen();
  EXPECT_THAT(SentAgain(4), UnorderedElementsAre("jo.b=1"));
}

TEST_F(TenantLedgerResync, SaysWhatItCostsAndCountsOnlyWhatIsKnown) {
  EXPECT_EQ(Resync(Of("", "", true)), 3);
  EXPECT_EQ(Resync(Of("a", "", true)), 2);
  EXPECT_EQ(Resync(Of("", "jo", true)), 2);
  EXPECT_THAT(SentAgain(), IsEmpty()) << "it only asked";
  EXPECT_EQ(Resync(Of("", "jo")), 2);
  EXPECT_EQ(Resync(Of("", "jo")), 0);
  EXPECT_EQ(Resync(Of("", "", true)), 1);
  Reopen();
  EXPECT_EQ(Resync(Of("", "", true)), 1);
  SentAgain();
  EXPECT_EQ(Resync(Of("", "", true)), 3);
}

TEST_F(TenantLedgerResync, StaleStaysStale) {
  Resync(Of(""));
  const std::string late = Push({{"jo", {{"a", 9}}}}, At(0));
  EXPECT_THAT(Values(late), CountsAre(ValueCounts{.stale = 1}));
}

TEST_F(TenantLedgerResync, AnAttributeMayBeOfAnotherTypeThen) {
  const std::string before = Push({{"jo", {{"a", "text"}}}}, At(2));
  EXPECT_THAT(Values(before), CountsAre(ValueCounts{.invalid = 1}));
  Resync(Of("a"));
  const std::string after = Push({{"jo", {{"a", "text"}}}}, At(2));
  EXPECT_EQ(Confirm(), 1);
  EXPECT_THAT(Values(after), CountsAre(ValueCounts{.confirmed = 1}));
}

TEST_F(TenantLedgerResync, NothingCancelsOutAgainstWhatIsUnknown) {
  Push({{"jo", {{"a", 2}}}}, At(2));
  Resync(Of(""));
  Push({{"jo", {{"a", 1}}}}, At(3));
  EXPECT_THAT(Shown(LeaseAll()), ElementsAre("jo.a=1"));
}

TEST_F(TenantLedgerResync, WhatIsNotKnownIsNotFound) {
  EXPECT_THAT(TryResync(Of("none")), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(TryResync(Of("", "nobody")), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(TenantLedgerResync, RebindMakesItTheLedgerOfAnotherWorkspace) {
  Push({{"jo", {{"b", 2}}}}, At(2));  // Waits, and goes to the new one.
  const auto values = InGroup([&] { return ledger_->Rebind("https://other.example", "staging"); });
  ASSERT_THAT(values, IsOk());
  EXPECT_EQ(*values, 3);
  EXPECT_THAT(ledger_->workspace_guard(), IsOk());
  EXPECT_THAT(Shown(LeaseAll()), ElementsAre("jo.b=2"));
  Restart();
  EXPECT_THAT(ledger_->workspace_guard(),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("staging")))
      << "the options still name the old one";
}

TEST_F(TenantLedgerResync, ARestoredLedgerKeepsHistoryAndTrustsNothing) {
  const std::string waiting = Push({{"jo", {{"a", 2}}}}, At(2));
  const std::string open = Start("other");
  PushTo(open, {{"jo", {{"c", 1}}}}, At(2));
  Reopen();
  ASSERT_THAT(ledger_->Begin(), IsOk());
  ASSERT_THAT(ledger_->BecomeRestored("the ledger was restored from a backup"), IsOk());
  ASSERT_THAT(ledger_->Commit(), IsOk());
  Restart();
  EXPECT_THAT(LeaseAll(), IsEmpty());
  EXPECT_EQ(RunOf(waiting).state, RunState::kCanceled);
  EXPECT_THAT(Values(waiting), CountsAre(ValueCounts{.discarded = 1}));
  EXPECT_EQ(RunOf(open).state, RunState::kCanceled);

  StartRequest incremental;
  incremental.source = "model";
  EXPECT_THAT(TryStart(incremental),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("restored from a backup. The next run of source model must be "
                                 "full: send its current data with --full")));
  auto sources = ledger_->ListSources(10, "");
  ASSERT_THAT(sources, IsOk());
  ASSERT_THAT(sources->sources, SizeIs(2));
  EXPECT_EQ(sources->sources[0].full_required, "the ledger was restored from a backup");
}

TEST_F(TenantLedgerResync, ARestoredLedgerWaitsForRequestsOfTheOneItReplaces) {
  Restart();  // Stopped cleanly: the backup of then says that no request is under way.
  ASSERT_THAT(ledger_->Begin(), IsOk());
  ASSERT_THAT(ledger_->BecomeRestored("restored"), IsOk());
  ASSERT_THAT(ledger_->Commit(), IsOk());
  Restart();
  Push({{"jo", {{"a", 1}}}}, At(2), RunMode::kFull);
  EXPECT_THAT(LeaseAll(), IsEmpty());
  clock_.Advance(limits::kLostOutcomeWait);
  EXPECT_THAT(Shown(LeaseAll()), ElementsAre("jo.a=1"));
}

TEST_F(TenantLedgerResync, AFullRunThatCompletesEndsTheNeedForOne) {
  ASSERT_THAT(ledger_->Begin(), IsOk());
  ASSERT_THAT(ledger_->BecomeRestored("restored"), IsOk());
  ASSERT_THAT(ledger_->Commit(), IsOk());
  clock_.Advance(limits::kLostOutcomeWait);
  Push({{"jo", {{"a", 1}}}}, At(2), RunMode::kFull);
  StartRequest incremental;
  incremental.source = "model";
  EXPECT_THAT(TryStart(incremental), StatusIs(absl::StatusCode::kFailedPrecondition))
      << "Braze has not answered yet";
  EXPECT_EQ(Confirm(), 1);
  Reopen();
  EXPECT_THAT(TryStart(incremental), IsOk());
}

TEST_F(TenantLedgerResync, ResendAfterSendsWhatWasConfirmedLongAgo) {
  rules_.resend_after = absl::Hours(24);
  ledger_->Reconfigure(std::make_shared<const TenantRules>(rules_));
  clock_.Advance(absl::Hours(23));
  EXPECT_THAT(SentAgain(), IsEmpty());
  clock_.Advance(absl::Hours(2));
  EXPECT_THAT(SentAgain(3), UnorderedElementsAre("jo.a=1", "jo.b=1", "li.a=1"));
  EXPECT_THAT(SentAgain(4), IsEmpty()) << "that counts anew";
}

TEST_F(TenantLedgerResync, RulesOfAReloadHoldForWhatComesThen) {
  rules_.attributes["a"].min_change = 5;
  ledger_->Reconfigure(std::make_shared<const TenantRules>(rules_));
  const std::string run = Push({{"jo", {{"a", 3}}}}, At(2));
  EXPECT_THAT(Values(run), CountsAre(ValueCounts{.unchanged = 1}));
}

}  // namespace
}  // namespace peaksync::testing

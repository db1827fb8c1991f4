// Rejections: kept with all that is known of them, listed, tried again, given up (docs/design.md
// sections 1 and 4).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/unit/server/ledger/ledger_fixture.h"

namespace peaksync::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class TenantLedgerRejections : public TenantLedgerTest {
 protected:
  void SetUp() override {
    rules_.max_invalid_percent = 100;
    TenantLedgerTest::SetUp();
  }
  std::vector<Rejection> List(const RejectionFilter& filter = {}) {
    auto page = ledger_->ListRejections(filter, 1'000, 0);
    EXPECT_THAT(page, IsOk());
    return page.ok() ? page->rejections : std::vector<Rejection>{};
  }
  // By the rules of now.
  absl::StatusOr<RetryResult> TryRetry(const RejectionFilter& filter = {}) {
    RetryRequest request;
    request.filter = filter;
    request.catalog = std::make_shared<AttributeCatalog>("acme", rules_);
    catalogs_.push_back(request.catalog);
    ledger_->Reconfigure(std::make_shared<const TenantRules>(rules_));
    return InGroup([&] { return ledger_->RetryRejections(request); });
  }
  RetryResult Retry(const RejectionFilter& filter = {}) {
    auto result = TryRetry(filter);
    EXPECT_THAT(result, IsOk());
    return result.value_or(RetryResult{});
  }
  std::string Refused(const std::vector<Update>& updates, UnixNanos at) {
    const std::string run = Push(updates, at);
    Settle(LeaseAll(), Kind::kRejected);
    return run;
  }

  std::vector<std::shared_ptr<AttributeCatalog>> catalogs_;
};

TEST_F(TenantLedgerRejections, KeepAllThatIsKnownOfThem) {
  const std::string run = Refused({{"jo", {{"a", 1.5}}}}, At(1));
  const auto listed = List();
  ASSERT_THAT(listed, SizeIs(1));
  const Rejection& rejection = listed[0];
  EXPECT_EQ(rejection.customer.id, "jo");
  EXPECT_EQ(rejection.source, "model");
  EXPECT_EQ(rejection.attribute, "a");
  EXPECT_EQ(rejection.json, "1.5");
  EXPECT_EQ(rejection.updated_at, At(1));
  EXPECT_EQ(rejection.kind, RejectionKind::kBraze);
  EXPECT_EQ(rejection.reason, "refused");
  EXPECT_EQ(rejection.run_id, run);
  EXPECT_EQ(rejection.attempts, 1);
}

TEST_F(TenantLedgerRejections, AreListedByEachCondition) {
  const std::string braze = Refused({{"jo", {{"a", 1}, {"b", 1}}}}, At(1));
  const std::string ours = Start("other");
  PushTo(ours, {{"li", {}, {{"a"}}}}, At(1));
  EXPECT_THAT(List(), SizeIs(3));
  EXPECT_THAT(List({.source = "other", .run_id = "", .attribute = "", .customer = {}, .kind = {}}),
              SizeIs(1));
  EXPECT_THAT(List({.source = "", .run_id = braze, .attribute = "", .customer = {}, .kind = {}}),
              SizeIs(2));
  EXPECT_THAT(List({.source = "", .run_id = "", .attribute = "a", .customer = {}, .kind = {}}),
              SizeIs(2));
  const Customer li{IdentifierKind::kExternalId, "li", ""};
  EXPECT_THAT(List({.source = "", .run_id = "", .attribute = "", .customer = li, .kind = {}}),
              SizeIs(1));
  EXPECT_THAT(List({.source = "",
                    .run_id = "",
                    .attribute = "",
                    .customer = {},
                    .kind = RejectionKind::kValidation}),
              SizeIs(1));
  EXPECT_THAT(
      List({.source = "model", .run_id = ours, .attribute = "", .customer = {}, .kind = {}}),
      IsEmpty());
}

TEST_F(TenantLedgerRejections, AreListedInPages) {
  Refused({{"a", {{"x", 1}}}, {"b", {{"x", 1}}}, {"c", {{"x", 1}}}}, At(1));
  auto first = ledger_->ListRejections({}, 2, 0);
  ASSERT_THAT(first, IsOk());
  EXPECT_THAT(first->rejections, SizeIs(2));
  ASSERT_TRUE(first->next_after.has_value());
  auto second = ledger_->ListRejections({}, 2, *first->next_after);
  ASSERT_THAT(second, IsOk());
  EXPECT_THAT(second->rejections, SizeIs(1));
  EXPECT_FALSE(second->next_after.has_value());
}

TEST_F(TenantLedgerRejections, AnUnknownSourceOrRunIsNotFound) {
  RejectionFilter filter;
  filter.source = "none";
  EXPECT_THAT(ledger_->ListRejections(filter, 10, 0), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(TryRetry(filter), StatusIs(absl::StatusCode::kNotFound));
  filter.source = "";
  filter.run_id = "none";
  EXPECT_THAT(ledger_->ListRejections(filter, 10, 0), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(TenantLedgerRejections, ARejectedValueIsForgottenByTheDedupe) {
  Refused({{"jo", {{"a", 1}}}}, At(1));
  const std::string again = Push({{"jo", {{"a", 1}}}}, At(1));
  EXPECT_EQ(Confirm(), 1);
  EXPECT_THAT(Values(again), CountsAre(ValueCounts{.confirmed = 1}));
  EXPECT_THAT(List(), IsEmpty()) << "it was accepted after all";
}

TEST_F(TenantLedgerRejections, ANewerAcceptedValueClosesThem) {
  Refused({{"jo", {{"a", 1}}}}, At(1));
  Push({{"jo", {{"a", 2}}}}, At(2));
  EXPECT_THAT(List(), SizeIs(1)) << "nothing was accepted yet";
  Confirm();
  EXPECT_THAT(List(), IsEmpty());
}

TEST_F(TenantLedgerRejections, AnOlderAcceptedValueLeavesThemOpen) {
  Refused({{"jo", {{"a", 1}}}}, At(5));
  Push({{"jo", {{"a", 2}}}}, At(2));
  Confirm();
  EXPECT_THAT(List(), SizeIs(1));
}

TEST_F(TenantLedgerRejections, ANewerUnchangedValueClosesThem) {
  Push({{"jo", {{"a", 1}}}}, At(1));
  Confirm();
  Refused({{"jo", {{"a", 2}}}}, At(2));
  Push({{"jo", {{"a", 1}}}}, At(3));
  EXPECT_THAT(List(), IsEmpty());
}

TEST_F(TenantLedgerRejections, RetryDecidesThemAsIfTheyCameAgain) {
  Refused({{"jo", {{"a", 1}}}}, At(1));
  const RetryResult result = Retry();
  EXPECT_EQ(result.retried, 1);
  ASSERT_THAT(result.runs, SizeIs(1));
  const std::string run = result.runs[0].run_id;
  EXPECT_EQ(RunOf(run).kind, RunKind::kRetry);
  EXPECT_EQ(RunOf(run).state, RunState::kReceived);
  EXPECT_THAT(List(), IsEmpty());
  EXPECT_EQ(Confirm(), 1);
  EXPECT_EQ(RunOf(run).state, RunState::kCompleted);
  EXPECT_THAT(Values(run), CountsAre(ValueCounts{.confirmed = 1}));
  EXPECT_EQ(braze_["jo"]["a"], "1");
}

TEST_F(TenantLedgerRejections, RetryKeepsTheValuesOwnTimes) {
  Refused({{"jo", {{"a", 1}}}}, At(1));
  Push({{"jo", {{"b", 1}}}}, At(1));
  Push({{"jo", {{"a", 5}}}}, At(5));  // Waits.
  const RetryResult result = Retry();
  EXPECT_THAT(Values(result.runs[0].run_id), CountsAre(ValueCounts{.stale = 1}));
}

TEST_F(TenantLedgerRejections, RetryThatIsRefusedAgainCountsItsAttempts) {
  Refused({{"jo", {{"a", 1}}}}, At(1));
  Retry();
  Reopen();  // The attempts stand in the outbox.
  Settle(LeaseAll(), Kind::kRejected);
  ASSERT_THAT(List(), SizeIs(1));
  EXPECT_EQ(List()[0].attempts, 2);
}

TEST_F(TenantLedgerRejections, RetryValidatesByTheRulesOfNow) {
  rules_.attributes["a"].range = {0, 1};
  const std::string run = Start();
  auto updates = maker_.Make({{"jo", {}}, {"li", {}}}, At(1));
  updates[0].invalid.push_back({"a", "7", "more than 1"});
  updates[0].received_values = 1;
  updates[1].invalid.push_back({"a", "700", "more than 1"});
  updates[1].received_values = 1;
  ASSERT_THAT(TryPush(run, std::move(updates)), IsOk());
  rules_.attributes["a"].range = {0, 10};
  const RetryResult result = Retry();
  EXPECT_EQ(result.retried, 2);
  EXPECT_THAT(Values(result.runs[0].run_id), CountsAre(ValueCounts{.invalid = 1, .pending = 1}));
  EXPECT_THAT(Shown(LeaseAll()), ElementsAre("jo.a=7"));
  ASSERT_THAT(List(), SizeIs(1));
  EXPECT_EQ(List()[0].customer.id, "li");
  EXPECT_THAT(List()[0].reason, HasSubstr("10"));
  EXPECT_EQ(List()[0].attempts, 2);
}

TEST_F(TenantLedgerRejections, RetryMakesARunForEachSourceAndNoSync) {
  Refused({{"jo", {{"a", 1}}}}, At(1));
  const std::string other = Start("other");
  PushTo(other, {{"li", {{"a", 2}}}}, At(1));
  EXPECT_THAT(TryFinish(other), IsOk());
  Settle(LeaseAll(), Kind::kRejected);
  const RetryResult result = Retry();
  ASSERT_THAT(result.runs, SizeIs(2));
  Confirm();
  auto last = ledger_->GetLastSync("other");
  ASSERT_THAT(last, IsOk());
  EXPECT_EQ(last->run.run_id, other) << "a retry selects nothing";
}

TEST_F(TenantLedgerRejections, RetryLeavesWhatCouldNotBeKept) {
  const std::string run = Start();
  auto updates = maker_.Make({{"jo", {}}}, At(1));
  updates[0].invalid.push_back({"a", "", "longer than 100,000 bytes"});
  updates[0].received_values = 1;
  ASSERT_THAT(TryPush(run, std::move(updates)), IsOk());
  const RetryResult result = Retry();
  EXPECT_EQ(result.retried, 0);
  EXPECT_EQ(result.not_retriable, 1);
  EXPECT_THAT(result.runs, IsEmpty());
  EXPECT_THAT(List(), SizeIs(1));
}

TEST_F(TenantLedgerRejections, RetryEndsThoughAllAreRefusedAgain) {
  rules_.accept_unlisted_attributes = false;
  const std::string run = Start();
  PushTo(run, {{"jo", {}, {{"a"}}}, {"li", {}, {{"a"}}}}, At(1));
  const RetryResult first = Retry();
  EXPECT_EQ(first.retried, 2);
  EXPECT_THAT(List(), SizeIs(2));
  RetryRequest rest;
  rest.after = 1;
  rest.until = first.until;
  rest.catalog = catalogs_.back();
  const auto second = InGroup([&] { return ledger_->RetryRejections(rest); });
  ASSERT_THAT(second, IsOk());
  EXPECT_EQ(second->retried, 0) << "those of this retry came again";
}

TEST_F(TenantLedgerRejections, DiscardGivesThemUpByCondition) {
  Refused({{"jo", {{"a", 1}, {"b", 1}}}}, At(1));
  RejectionFilter filter;
  filter.attribute = "b";
  const auto discarded = InGroup([&] { return ledger_->DiscardRejections(filter); });
  ASSERT_THAT(discarded, IsOk());
  EXPECT_EQ(*discarded, 1);
  ASSERT_THAT(List(), SizeIs(1));
  EXPECT_EQ(List()[0].attribute, "a");
  Reopen();
  EXPECT_THAT(List(), SizeIs(1));
}

TEST_F(TenantLedgerRejections, MayStandInBrazeWhenAnEarlierAnswerWasLost) {
  Push({{"jo", {{"a", 1}}}}, At(1));
  Confirm();
  Push({{"jo", {{"a", 2}}}}, At(2));
  Settle(LeaseAll(), Kind::kReturned);
  Settle(LeaseAll(), Kind::kRejected);
  const std::string back = Push({{"jo", {{"a", 1}}}}, At(3));
  EXPECT_THAT(Values(back), CountsAre(ValueCounts{.pending = 1}));
}

}  // namespace
}  // namespace peaksync::testing

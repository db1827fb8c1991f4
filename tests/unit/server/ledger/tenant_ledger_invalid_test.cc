// What is not taken: values that validation refused, and what only the ledger remembers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "server/base/limits.h"
#include "tests/unit/server/ledger/ledger_fixture.h"

namespace peaksync::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class TenantLedgerInvalid : public TenantLedgerTest {
 protected:
  // Leaves max_invalid_percent out of a test's way.
  void SetUp() override {
    rules_.max_invalid_percent = 100;
    TenantLedgerTest::SetUp();
  }
  void SkipAttributesOnly() {
    rules_.on_invalid = TenantRules::OnInvalid::kSkipAttribute;
    Reopen();
  }
  static std::vector<std::string> Reasons(const BatchReceipt& receipt) {
    std::vector<std::string> reasons;
    for (const InvalidReport& report : receipt.invalid) {
      reasons.push_back(std::to_string(report.index) + " " + report.field + ": " + report.reason);
    }
    return reasons;
  }
};

TEST_F(TenantLedgerInvalid, SkipsTheUpdateByDefault) {
  const std::string run = Start();
  const BatchReceipt receipt =
      PushTo(run, {{"li", {{"a", 1}}}, {"jo", {{"a", 1}, {"b", 2}}, {{"x"}}}}, At(1));
  EXPECT_THAT(receipt.values, CountsAre(ValueCounts{.invalid = 3, .pending = 1}));
  EXPECT_THAT(Reasons(receipt), ElementsAre("1 x: out of range"));
  EXPECT_THAT(Shown(LeaseAll()), ElementsAre("li.a=1"));
}

TEST_F(TenantLedgerInvalid, SkipsTheAttributeWhenToldSo) {
  SkipAttributesOnly();
  const std::string run = Start();
  const BatchReceipt receipt = PushTo(run, {{"jo", {{"a", 1}, {"b", 2}}, {{"x"}}}}, At(1));
  EXPECT_THAT(receipt.values, CountsAre(ValueCounts{.invalid = 1, .pending = 2}));
  EXPECT_EQ(receipt.updates, (UpdateCounts{.received = 1, .changed = 1}));
  EXPECT_THAT(Shown(LeaseAll()), ElementsAre("jo.a=1", "jo.b=2"));
}

TEST_F(TenantLedgerInvalid, SkipsTheUpdateForAFaultOfTheWholeAlways) {
  SkipAttributesOnly();
  const std::string run = Start();
  auto updates = maker_.Make({{"jo", {{"a", 1}, {"b", 2}}}}, At(1));
  updates[0].invalid.push_back({"updated_at", "\"2999\"", "is in the future", true});
  auto receipt = TryPush(run, std::move(updates));
  ASSERT_THAT(receipt, IsOk());
  EXPECT_THAT(receipt->values, CountsAre(ValueCounts{.invalid = 2}));
  EXPECT_EQ(receipt->updates, (UpdateCounts{.received = 1, .invalid = 1}));
  EXPECT_THAT(Reasons(*receipt), ElementsAre("0 updated_at: is in the future"));
}

TEST_F(TenantLedgerInvalid, CountsAnUpdateWithoutCustomerAndKeepsNothingOfIt) {
  SkipAttributesOnly();
  const std::string run = Start();
  auto updates = maker_.Make({{"", {{"a", 1}, {"b", 2}}}, {"jo", {{"a", 1}}}}, At(1));
  updates[0].customer.reset();
  updates[0].customer_key.clear();
  updates[0].invalid.push_back({"customer", "null", "has no identifier", true});
  auto receipt = TryPush(run, std::move(updates));
  ASSERT_THAT(receipt, IsOk());
  EXPECT_THAT(receipt->values, CountsAre(ValueCounts{.invalid = 2, .pending = 1}));
  EXPECT_EQ(receipt->updates, (UpdateCounts{.received = 2, .invalid = 1, .changed = 1}));
  EXPECT_THAT(Reasons(*receipt), ElementsAre("0 customer: has no identifier"));
}

TEST_F(TenantLedgerInvalid, ReportsInTheOrderOfTheBatch) {
  const std::string run = Start();
  const BatchReceipt receipt =
      PushTo(run, {{"z", {}, {{"x"}}}, {"a", {}, {{"x"}}}, {"m", {}, {{"x"}, {"y"}}}}, At(1));
  EXPECT_THAT(Reasons(receipt), ElementsAre("0 x: out of range", "1 x: out of range",
                                            "2 x: out of range", "2 y: out of range"));
}

TEST_F(TenantLedgerInvalid, ReportsAThousandAndCountsTheRest) {
  std::vector<Update> updates;
  for (int i = 0; i < 1'003; ++i) updates.push_back({"c" + std::to_string(i), {}, {{"x"}}});
  const BatchReceipt receipt = PushTo(Start(), updates, At(1));
  EXPECT_THAT(receipt.invalid, SizeIs(limits::kInvalidReportedPerBatchMax));
  EXPECT_EQ(receipt.invalid_omitted, 3);
}

TEST_F(TenantLedgerInvalid, OmitsAFaultOfTheWholeAsOne) {
  std::vector<Update> updates;
  for (int i = 0; i < 1'000; ++i) updates.push_back({"c" + std::to_string(i), {}, {{"x"}}});
  updates.push_back({"z", {}, {{"x"}, {"y"}}});
  auto prepared = maker_.Make(updates, At(1));
  prepared.back().invalid.insert(prepared.back().invalid.begin(),
                                 {"updated_at", "0", "is in the future", true});
  auto receipt = TryPush(Start(), std::move(prepared));
  ASSERT_THAT(receipt, IsOk());
  EXPECT_EQ(receipt->invalid_omitted, 1);
}

TEST_F(TenantLedgerInvalid, RemembersTheTypeThatBrazeConfirmed) {
  Push({{"jo", {{"plan", 1}}}}, At(1));
  Confirm();
  Reopen();
  const std::string run = Start();
  const BatchReceipt receipt = PushTo(run, {{"li", {{"plan", "gold"}}}}, At(2));
  EXPECT_THAT(receipt.values, CountsAre(ValueCounts{.invalid = 1}));
  EXPECT_THAT(Reasons(receipt),
              ElementsAre("0 plan: was a number until now; Braze would ignore a string; see "
                          "--types, or configure its type"));
}

TEST_F(TenantLedgerInvalid, AConfiguredTypeReplacesTheOneThatBrazeConfirmed) {
  Push({{"jo", {{"plan", 1}}}}, At(1));
  Confirm();
  rules_.attributes["plan"].type = RuleType::kString;
  Reopen();
  EXPECT_THAT(Values(Push({{"jo", {{"plan", "gold"}}}}, At(2))),
              CountsAre(ValueCounts{.pending = 1}));
  Confirm();
  rules_.attributes.clear();
  Reopen();
  EXPECT_THAT(Values(Push({{"jo", {{"plan", 2}}}}, At(3))), CountsAre(ValueCounts{.invalid = 1}));
}

TEST_F(TenantLedgerInvalid, TakesNullAndTheOtherKindOfNumberForTheSameType) {
  Push({{"jo", {{"plan", 1}}}}, At(1));
  Confirm();
  EXPECT_THAT(Values(Push({{"jo", {{"plan", 1.5}}}, {"li", {{"plan", nullptr}}}}, At(2))),
              CountsAre(ValueCounts{.pending = 2}));
  Confirm();
  // Null has not changed the type.
  EXPECT_THAT(Values(Push({{"li", {{"plan", "x"}}}}, At(3))), CountsAre(ValueCounts{.invalid = 1}));
}

TEST_F(TenantLedgerInvalid, RemembersNoTypeOfWhatWasNotConfirmed) {
  Push({{"jo", {{"plan", 1}}}}, At(1));
  Settle(LeaseAll(), Kind::kRejected);
  EXPECT_THAT(Values(Push({{"jo", {{"plan", "gold"}}}}, At(2))),
              CountsAre(ValueCounts{.pending = 1}));
}

TEST_F(TenantLedgerInvalid, TakesAThousandNamesAndNoMore) {
  Update update{"jo", {}};
  for (int i = 0; i < 999; ++i) update.attributes.push_back({"a" + std::to_string(i), 1});
  Push({update}, At(1));
  SkipAttributesOnly();
  const std::string run = Start();
  const BatchReceipt receipt = PushTo(run, {{"jo", {{"new1", 1}, {"new2", 1}, {"a0", 2}}}}, At(2));
  EXPECT_THAT(receipt.values, CountsAre(ValueCounts{.invalid = 1, .pending = 2}));
  EXPECT_THAT(Reasons(receipt), ElementsAre(HasSubstr("new2: the tenant uses 1000 attribute")));
  EXPECT_THAT(PushTo(run, {{"li", {{"new2", 1}, {"new1", 2}}}}, At(2)).values,
              CountsAre(ValueCounts{.invalid = 2, .pending = 3}));
}

TEST_F(TenantLedgerInvalid, ListsAgainAndCountsNothingForARepeatedBatch) {
  const std::string run = Start();
  const std::vector<Update> updates = {{"jo", {{"a", 1}}, {{"x"}}}, {"li", {{"a", 1}}}};
  const BatchReceipt first = PushTo(run, updates, At(1));
  auto again = TryPush(run, maker_.Make(updates, At(1)), 1);
  ASSERT_THAT(again, IsOk());
  EXPECT_EQ(again->values, first.values);
  EXPECT_EQ(again->updates, first.updates);
  EXPECT_EQ(again->sequence, 1);
  EXPECT_EQ(Reasons(*again), Reasons(first));
  EXPECT_THAT(first.invalid, SizeIs(1));
}

TEST_F(TenantLedgerInvalid, ListsAgainForARunThatIsSettled) {
  const std::string run = Push({{"jo", {}, {{"x"}}}}, At(1));
  EXPECT_EQ(RunOf(run).state, RunState::kCompletedWithRejections);
  auto again = TryPush(run, maker_.Make({{"jo", {}, {{"x"}}}}, At(1)), 1);
  ASSERT_THAT(again, IsOk());
  EXPECT_THAT(again->invalid, SizeIs(1));
  EXPECT_THAT(again->values, CountsAre(ValueCounts{.invalid = 1}));
}

TEST_F(TenantLedgerInvalid, KeepsNoMoreRejectionsThanAllowed) {
  rules_.max_rejections = 2;
  Reopen();
  const std::string run = Push(
      {{"c1", {}, {{"x"}}}, {"c2", {}, {{"x"}}}, {"c3", {}, {{"x"}}}, {"c1", {}, {{"x"}}}}, At(1));
  EXPECT_THAT(Values(run), CountsAre(ValueCounts{.invalid = 4}));
  Reopen();
  EXPECT_THAT(Values(Push({{"c4", {}, {{"x"}}}}, At(1))), CountsAre(ValueCounts{.invalid = 1}));
}

// max_invalid_percent.

TEST_F(TenantLedgerInvalid, FailsAtTheEndByTooManyInvalidValues) {
  rules_.max_invalid_percent = 5;
  Reopen();
  const std::string run = Start();
  PushTo(run, {{"jo", {{"a", 1}}}, {"li", {}, {{"x"}}}}, At(1));
  EXPECT_THAT(TryFinish(run), StatusIs(absl::StatusCode::kFailedPrecondition,
                                       HasSubstr("1 of 2 values (50.0 %) are invalid")));
  EXPECT_EQ(RunOf(run).state, RunState::kFailed);
  EXPECT_EQ(RunOf(run).complete_time, std::nullopt);
  EXPECT_EQ(ledger_->Ready().flush_customers, 1);
  EXPECT_EQ(Confirm(), 1u);  // What was accepted is still delivered.
  EXPECT_EQ(RunOf(run).state, RunState::kFailed);
  EXPECT_NE(RunOf(run).complete_time, std::nullopt);
}

TEST_F(TenantLedgerInvalid, StaysFailedWhenItIsFinishedAgain) {
  rules_.max_invalid_percent = 5;
  Reopen();
  const std::string run = Start();
  PushTo(run, {{"li", {}, {{"x"}}}}, At(1));
  EXPECT_THAT(TryFinish(run), StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("failed")));
  EXPECT_THAT(TryFinish(run), StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("FAILED")));
}

TEST_F(TenantLedgerInvalid, DoesNotFailAtExactlyTheLimit) {
  rules_.max_invalid_percent = 50;
  Reopen();
  const std::string run = Start();
  PushTo(run, {{"jo", {{"a", 1}}}, {"li", {}, {{"x"}}}}, At(1));
  EXPECT_THAT(TryFinish(run), IsOk());
}

TEST_F(TenantLedgerInvalid, FailsOnTheWayFromTheTenThousandthValueOn) {
  rules_.max_invalid_percent = 5;
  Reopen();
  const std::string run = Start();
  const auto invalid = [](int count) {
    std::vector<Update> updates;
    for (int i = 0; i < count; ++i) updates.push_back({"c" + std::to_string(i), {}, {{"x"}}});
    return updates;
  };
  EXPECT_EQ(PushTo(run, invalid(5'000), At(1)).failed, "");
  EXPECT_EQ(PushTo(run, invalid(4'999), At(1)).failed, "");
  const BatchReceipt receipt = PushTo(run, invalid(1), At(1));
  EXPECT_THAT(receipt.failed, HasSubstr("10000 of 10000 values"));
  EXPECT_EQ(receipt.values.invalid, 10'000);
  EXPECT_THAT(TryPush(run, maker_.Make({{"jo", {{"a", 1}}}}, At(1))),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("10000 of 10000")));
}

TEST_F(TenantLedgerInvalid, DoesNotFailARunWithoutValues) {
  rules_.max_invalid_percent = 0;
  Reopen();
  EXPECT_THAT(TryFinish(Start()), IsOk());
}

}  // namespace
}  // namespace peaksync::testing

// Runs of mode FULL: everything is sent once more (docs/design.md section 4).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/unit/server/ledger/ledger_fixture.h"

namespace peaksync::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class TenantLedgerFull : public TenantLedgerTest {
 protected:
  // Braze has A of hour 2, for an hour.
  void SetUp() override {
    TenantLedgerTest::SetUp();
    Push({{"jo", {{"a", "A"}}}}, At(2));
    Confirm();
    clock_.Advance(absl::Hours(1));
    full_ = Start("model", RunMode::kFull);
    clock_.Advance(absl::Seconds(1));
  }

  std::string full_;
};

TEST_F(TenantLedgerFull, SendsWhatBrazeHas) {
  PushTo(full_, {{"jo", {{"a", "A"}}}}, At(3));
  EXPECT_THAT(Shown(LeaseAll()), ElementsAre("jo.a=\"A\""));
}

TEST_F(TenantLedgerFull, SendsARepeatWithinTheRunOnce) {
  PushTo(full_, {{"jo", {{"a", "A"}}}, {"jo", {{"a", "A"}}}}, At(3));
  PushTo(full_, {{"jo", {{"a", "A"}}}}, At(3));
  EXPECT_THAT(Values(full_), CountsAre(ValueCounts{.pending = 3}));
  EXPECT_EQ(Confirm(), 1u);
  EXPECT_THAT(Values(full_), CountsAre(ValueCounts{.confirmed = 3}));
}

TEST_F(TenantLedgerFull, DoesNotSendAgainWhatWasConfirmedInTheRun) {
  PushTo(full_, {{"jo", {{"a", "A"}}}}, At(3));
  EXPECT_EQ(Confirm(), 1u);
  PushTo(full_, {{"jo", {{"a", "A"}}}}, At(3));
  EXPECT_EQ(Confirm(), 0u);
  EXPECT_THAT(Values(full_), CountsAre(ValueCounts{.unchanged = 1, .confirmed = 1}));
}

TEST_F(TenantLedgerFull, DoesNotSendAgainWhatWasConfirmedInTheRunBeforeARestart) {
  PushTo(full_, {{"jo", {{"a", "A"}}}}, At(3));
  EXPECT_EQ(Confirm(), 1u);
  Reopen();
  ASSERT_THAT(TryResume(full_), IsOk());
  PushTo(full_, {{"jo", {{"a", "A"}}}}, At(3));
  EXPECT_EQ(Confirm(), 0u);
}

TEST_F(TenantLedgerFull, SendsARepeatBehindTheRequestOnce) {
  PushTo(full_, {{"jo", {{"a", "A"}}}}, At(3));
  const Objects sent = LeaseAll();
  PushTo(full_, {{"jo", {{"a", "A"}}}}, At(3));
  Settle(sent, Kind::kConfirmed);
  EXPECT_THAT(LeaseAll(), IsEmpty());
  EXPECT_THAT(Values(full_), CountsAre(ValueCounts{.unchanged = 1, .confirmed = 1}));
}

TEST_F(TenantLedgerFull, SendsAgainWhatAnotherRequestOfOldBroughtAndWasRejected) {
  PushTo(full_, {{"jo", {{"a", "B"}}}}, At(3));
  const Objects sent = LeaseAll();
  PushTo(full_, {{"jo", {{"a", "A"}}}}, At(3));
  Settle(sent, Kind::kRejected);
  EXPECT_THAT(Shown(LeaseAll()), ElementsAre("jo.a=\"A\""));  // Not confirmed since it began.
}

TEST_F(TenantLedgerFull, IsStaleAllTheSame) {
  PushTo(full_, {{"jo", {{"a", "B"}}}}, At(1));
  EXPECT_THAT(Values(full_), CountsAre(ValueCounts{.stale = 1}));
  EXPECT_EQ(Confirm(), 0u);
}

TEST_F(TenantLedgerFull, IsNotCancelledOutByALaterRun) {
  PushTo(full_, {{"jo", {{"a", "B"}}}}, At(3));
  const std::string later = Start("other");
  PushTo(later, {{"jo", {{"a", "A"}}}}, At(4));
  EXPECT_THAT(Shown(LeaseAll()), ElementsAre("jo.a=\"A\""));
}

TEST_F(TenantLedgerFull, StaysForcedAcrossARestart) {
  PushTo(full_, {{"jo", {{"a", "A"}}}}, At(3));
  Reopen();
  EXPECT_EQ(Confirm(), 1u);
}

TEST_F(TenantLedgerFull, SendsOnceAlsoWhenTheClockHasGoneBack) {
  clock_.Advance(-absl::Hours(5));
  PushTo(full_, {{"jo", {{"a", "A"}}}}, At(3));
  EXPECT_EQ(Confirm(), 1u);
  PushTo(full_, {{"jo", {{"a", "A"}}}}, At(3));
  EXPECT_EQ(Confirm(), 0u);
}

}  // namespace
}  // namespace peaksync::testing

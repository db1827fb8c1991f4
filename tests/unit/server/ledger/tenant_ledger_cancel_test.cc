// A run is canceled: what nobody else wants is discarded, the rest is delivered (docs/design.md
// section 6).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/unit/server/ledger/ledger_fixture.h"

namespace peaksync::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class TenantLedgerCancel : public TenantLedgerTest {
 protected:
  absl::StatusOr<RunView> TryCancel(const std::string& run) {
    return InGroup([&] { return ledger_->CancelRun(run); });
  }
  void Cancel(const std::string& run) { ASSERT_THAT(TryCancel(run), IsOk()); }
  // A run of another source, so that both may be open.
  std::string PushFrom(const std::string& source, const std::vector<Update>& updates,
                       UnixNanos at) {
    const std::string run = Start(source);
    PushTo(run, updates, at);
    EXPECT_THAT(TryFinish(run), IsOk());
    return run;
  }
};

TEST_F(TenantLedgerCancel, DiscardsWhatWaits) {
  const std::string run = Push({{"jo", {{"a", 1}, {"b", 2}}}, {"li", {{"a", 1}}}}, At(1));
  Cancel(run);
  const Run canceled = RunOf(run);
  EXPECT_EQ(canceled.state, RunState::kCanceled);
  EXPECT_EQ(canceled.state_reason, "canceled by a person");
  EXPECT_TRUE(canceled.complete_time.has_value());
  EXPECT_THAT(canceled.values, CountsAre(ValueCounts{.discarded = 3}));
  EXPECT_THAT(LeaseAll(), IsEmpty());
  Crash();
  EXPECT_THAT(LeaseAll(), IsEmpty()) << "it came back with the outbox";
  EXPECT_THAT(Values(run), CountsAre(ValueCounts{.discarded = 3}));
}

TEST_F(TenantLedgerCancel, ForgetsTheTimeOfWhatItDiscards) {
  Push({{"jo", {{"a", 1}}}}, At(1));
  Confirm();
  Cancel(Push({{"jo", {{"a", 2}}}}, At(3)));
  const std::string late = Push({{"jo", {{"a", 3}}}}, At(2));
  EXPECT_EQ(Confirm(), 1);
  EXPECT_THAT(Values(late), CountsAre(ValueCounts{.confirmed = 1}));
  EXPECT_EQ(braze_["jo"]["a"], "3");
}

TEST_F(TenantLedgerCancel, DeliversWhatAnotherRunHasJoined) {
  const std::string first = Push({{"jo", {{"a", 1}, {"b", 2}}}}, At(1));
  const std::string second = PushFrom("other", {{"jo", {{"a", 1}}}}, At(1));
  Cancel(first);
  EXPECT_THAT(Values(first), CountsAre(ValueCounts{.discarded = 1, .pending = 1}));
  EXPECT_FALSE(RunOf(first).complete_time.has_value());
  EXPECT_THAT(Shown(LeaseAll()), ElementsAre("jo.a=1"));
}

TEST_F(TenantLedgerCancel, NothingIsUnchangedAgainstWhatOnlyWaited) {
  // The second run of a step that is retried while the key is refused joins; it is not unchanged.
  const std::string first = Push({{"jo", {{"a", 1}}}}, At(1));
  const std::string again = PushFrom("other", {{"jo", {{"a", 1}}}}, At(1));
  EXPECT_THAT(Values(again), CountsAre(ValueCounts{.pending = 1}));
  Cancel(first);
  EXPECT_NE(RunOf(again).state, RunState::kCompleted) << "Braze has nothing yet";
  EXPECT_EQ(Confirm(), 1);
  EXPECT_EQ(RunOf(again).state, RunState::kCompleted);
  EXPECT_EQ(braze_["jo"]["a"], "1");
}

TEST_F(TenantLedgerCancel, DeliversAValueThatAnotherRunHasLostTo) {
  const std::string older = PushFrom("other", {{"jo", {{"a", 1}}}}, At(1));
  const std::string newer = Push({{"jo", {{"a", 2}}}}, At(2));
  Cancel(newer);
  EXPECT_EQ(Confirm(), 1);
  EXPECT_EQ(braze_["jo"]["a"], "2") << "the older one was given up for it";
  EXPECT_THAT(Values(older), CountsAre(ValueCounts{.superseded = 1}));
  EXPECT_THAT(Values(newer), CountsAre(ValueCounts{.confirmed = 1}));
}

TEST_F(TenantLedgerCancel, TheLastOfTwoCanceledRunsTakesWhatBothWanted) {
  const std::string one = Push({{"jo", {{"a", 1}}}}, At(1));
  const std::string two = PushFrom("other", {{"jo", {{"a", 1}}}}, At(1));
  Cancel(one);
  Cancel(two);
  EXPECT_THAT(LeaseAll(), IsEmpty());
  EXPECT_THAT(Values(one), CountsAre(ValueCounts{.discarded = 1}));
  EXPECT_THAT(Values(two), CountsAre(ValueCounts{.discarded = 1}));
}

TEST_F(TenantLedgerCancel, WhatIsInFlightSettles) {
  const std::string run = Push({{"jo", {{"a", 1}}}}, At(1));
  const Objects sent = LeaseAll();
  Cancel(run);
  EXPECT_THAT(Values(run), CountsAre(ValueCounts{.pending = 1}));
  Settle(sent, Kind::kConfirmed);
  EXPECT_THAT(Values(run), CountsAre(ValueCounts{.confirmed = 1}));
  EXPECT_EQ(RunOf(run).state, RunState::kCanceled);
  EXPECT_THAT(Values(Push({{"jo", {{"a", 1}}}}, At(1))), CountsAre(ValueCounts{.unchanged = 1}));
}

TEST_F(TenantLedgerCancel, WhatComesBackWithoutAnAnswerIsDiscardedAndUnknown) {
  Push({{"jo", {{"a", 1}}}}, At(1));
  Confirm();
  const std::string run = Push({{"jo", {{"a", 2}}}}, At(2));
  const Objects sent = LeaseAll();
  Cancel(run);
  Settle(sent, Kind::kReturned);
  EXPECT_THAT(Values(run), CountsAre(ValueCounts{.discarded = 1}));
  EXPECT_THAT(LeaseAll(), IsEmpty());
  // Braze may have taken it: 1 is sent again although it was confirmed.
  const std::string back = Push({{"jo", {{"a", 1}}}}, At(3));
  EXPECT_THAT(Values(back), CountsAre(ValueCounts{.pending = 1}));
}

// The lost request may still be running: the next one waits for its end, whatever was discarded.
TEST_F(TenantLedgerCancel, ACustomerWhoseAnswerWasLostStillWaits) {
  const std::string run = Push({{"jo", {{"a", 1}}}}, At(1));
  Settle(LeaseAll(), Kind::kReturned, clock_.Now() + absl::Seconds(10));
  Cancel(run);
  ASSERT_THAT(Values(run), CountsAre(ValueCounts{.discarded = 1}));
  Push({{"jo", {{"a", 2}}}}, At(2));
  clock_.Advance(absl::Seconds(9));
  EXPECT_THAT(LeaseAll(), IsEmpty());
  clock_.Advance(absl::Seconds(1));
  EXPECT_THAT(Shown(LeaseAll()), ElementsAre("jo.a=2"));
}

TEST_F(TenantLedgerCancel, ALostAnswerIsRememberedByTheEnd) {
  const std::string run = Push({{"jo", {{"a", 1}}}}, At(1));
  Settle(LeaseAll(), Kind::kReturned, clock_.Now() + absl::Seconds(10));
  Cancel(run);
  Push({{"li", {{"a", 2}}}}, At(2));
  Restart();
  EXPECT_THAT(LeaseAll(), IsEmpty());  // Not all was quiet.
}

TEST_F(TenantLedgerCancel, AKilledProcessMayHaveLostTheAnswerOfACustomerOfWhomNothingWaits) {
  const std::string run = Push({{"jo", {{"a", 1}}}}, At(1));
  Settle(LeaseAll(), Kind::kReturned, clock_.Now() + absl::Seconds(10));
  Cancel(run);
  Crash();
  Push({{"jo", {{"a", 2}}}}, At(2));
  clock_.Advance(absl::Seconds(9));
  EXPECT_THAT(LeaseAll(), IsEmpty());
  clock_.Advance(absl::Seconds(1));
  EXPECT_THAT(Shown(LeaseAll()), ElementsAre("jo.a=2"));
}

TEST_F(TenantLedgerCancel, WhatMayHaveBeenSentBeforeIsUnknown) {
  Push({{"jo", {{"a", 1}}}}, At(1));
  Confirm();
  const std::string run = Push({{"jo", {{"a", 2}}}}, At(2));
  Reopen();  // It waited when the service stopped: it may have been sent.
  Cancel(run);
  EXPECT_THAT(Values(Push({{"jo", {{"a", 1}}}}, At(3))), CountsAre(ValueCounts{.pending = 1}));
}

TEST_F(TenantLedgerCancel, EndsTheStreamOfAnOpenRun) {
  absl::Status told;
  StartRequest request;
  request.source = "model";
  request.ended = [&](const absl::Status& status) { told = status; };
  const auto run = TryStart(request);
  ASSERT_THAT(run, IsOk());
  PushTo(run->run_id, {{"jo", {{"a", 1}}}}, At(1));
  Cancel(run->run_id);
  EXPECT_THAT(told, StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("was canceled")));
  EXPECT_THAT(TryPush(run->run_id, maker_.Make({{"li", {{"a", 1}}}}, At(1))),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("canceled by a person")));
  EXPECT_THAT(TryFinish(run->run_id), StatusIs(absl::StatusCode::kFailedPrecondition));
}

TEST_F(TenantLedgerCancel, AnAbandonedRunsValuesCanBeWithdrawn) {
  const std::string run = Start();
  PushTo(run, {{"jo", {{"a", 1}}}}, At(1));
  EndStream(run);
  const std::string next = Start();
  Cancel(run);
  EXPECT_EQ(RunOf(run).state, RunState::kCanceled);
  EXPECT_THAT(RunOf(run).state_reason, HasSubstr("before, it was ABANDONED"));
  EXPECT_THAT(Values(run), CountsAre(ValueCounts{.discarded = 1}));
}

TEST_F(TenantLedgerCancel, IsRepeatedWithoutHarm) {
  const std::string run = Push({{"jo", {{"a", 1}}}}, At(1));
  Cancel(run);
  const auto again = TryCancel(run);
  ASSERT_THAT(again, IsOk());
  EXPECT_THAT(again->run.values, CountsAre(ValueCounts{.discarded = 1}));
}

TEST_F(TenantLedgerCancel, RefusesARunThatHasCompleted) {
  const std::string run = Push({{"jo", {{"a", 1}}}}, At(1));
  Confirm();
  EXPECT_THAT(TryCancel(run),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("is COMPLETED")));
  EXPECT_THAT(TryCancel("none"), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(TenantLedgerCancel, MovesNoCursor) {
  const std::string run = Start();
  PushTo(run, {{"jo", {{"a", 1}}}}, At(1));
  EXPECT_THAT(TryFinish(run, At(1)), IsOk());
  Cancel(run);
  EXPECT_EQ(CursorOf("model"), std::nullopt);
}

}  // namespace
}  // namespace peaksync::testing

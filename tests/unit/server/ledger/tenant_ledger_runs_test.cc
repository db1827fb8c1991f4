// The life of a run: starting, resuming, ending; and the cursors of sources.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/unit/server/ledger/ledger_fixture.h"

namespace peaksync::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class TenantLedgerRuns : public TenantLedgerTest {
 protected:
  RunState StateOf(const std::string& run) { return RunOf(run).state; }
  absl::StatusOr<BatchReceipt> TryPushOne(const std::string& run, std::int64_t sequence) {
    return TryPush(run, maker_.Make({{"jo", {{"a", static_cast<int>(sequence)}}}}, At(1)),
                   sequence);
  }
  // A run with these cursors, completed.
  std::string Sync(std::optional<UnixNanos> from, std::optional<UnixNanos> to) {
    StartRequest request;
    request.source = "model";
    request.from_cursor = from;
    const std::string run = TryStart(request)->run_id;
    EXPECT_THAT(TryFinish(run, to), IsOk());
    return run;
  }
};

TEST_F(TenantLedgerRuns, GoesFromOpenOverReceivedToCompleted) {
  const std::string run = Start();
  EXPECT_EQ(StateOf(run), RunState::kOpen);
  PushTo(run, {{"jo", {{"a", 1}}}}, At(1));
  Confirm();
  EXPECT_EQ(StateOf(run), RunState::kOpen);  // More may come.
  PushTo(run, {{"li", {{"a", 1}}}}, At(1));
  auto received = TryFinish(run);
  ASSERT_THAT(received, IsOk());
  EXPECT_EQ(received->state, RunState::kReceived);
  EXPECT_EQ(StateOf(run), RunState::kReceived);
  EXPECT_EQ(ledger_->Ready().flush_customers, 1);
  clock_.Advance(absl::Minutes(1));
  Confirm();
  const Run done = RunOf(run);
  EXPECT_EQ(done.state, RunState::kCompleted);
  EXPECT_EQ(done.complete_time, absl::ToUnixNanos(clock_.Now()));
  EXPECT_EQ(done.receive_time, absl::ToUnixNanos(clock_.Now() - absl::Minutes(1)));
  EXPECT_EQ(done.last_sequence, 2);
  Reopen();
  EXPECT_EQ(StateOf(run), RunState::kCompleted);
}

TEST_F(TenantLedgerRuns, CompletesAtOnceWithoutAnythingToSend) {
  const std::string run = Start();
  ASSERT_THAT(TryFinish(run), IsOk());
  EXPECT_EQ(StateOf(run), RunState::kCompleted);
}

TEST_F(TenantLedgerRuns, CompletesWithRejections) {
  const std::string run = Push({{"jo", {{"a", 1}}}}, At(1));
  Settle(LeaseAll(), Kind::kRejected);
  EXPECT_EQ(StateOf(run), RunState::kCompletedWithRejections);
}

TEST_F(TenantLedgerRuns, KeepsWhatTheStartSaid) {
  StartRequest request;
  request.source = "model";
  request.request_id = "r1";
  request.mode = RunMode::kFull;
  request.client = "peaksync 1.0";
  request.updated_at = At(7);
  request.from_cursor = At(6);
  const std::string id = TryStart(request)->run_id;
  Crash();
  const Run run = RunOf(id);
  EXPECT_EQ(run.source, "model");
  EXPECT_EQ(run.request_id, "r1");
  EXPECT_EQ(run.mode, RunMode::kFull);
  EXPECT_EQ(run.client, "peaksync 1.0");
  EXPECT_EQ(run.default_updated_at, At(7));
  EXPECT_EQ(run.from_cursor, At(6));
  EXPECT_EQ(run.create_time, absl::ToUnixNanos(clock_.Now()));
}

TEST_F(TenantLedgerRuns, TakesTheStartOfTheRunForItsDefaultTime) {
  EXPECT_EQ(RunOf(Start()).default_updated_at, absl::ToUnixNanos(clock_.Now()));
}

TEST_F(TenantLedgerRuns, NeverGoesBackInTimeWithTheClock) {
  const UnixNanos first = RunOf(Start("one")).create_time;
  clock_.Advance(-absl::Hours(3));
  EXPECT_GE(RunOf(Start("two")).create_time, first);
  Reopen();
  const Run third = RunOf(Start("three"));
  EXPECT_GE(third.create_time, first);
  EXPECT_GE(third.default_updated_at, first);
}

TEST_F(TenantLedgerRuns, NamesRunsOfATimeDifferently) {
  const std::string one = Start("one");
  const std::string two = Start("two");
  EXPECT_NE(one, two);
  EXPECT_EQ(one.size(), 26u);
  clock_.Advance(absl::Seconds(1));
  EXPECT_LT(two, Start("three"));
}

// Batches.

TEST_F(TenantLedgerRuns, RefusesAGapWithTheExpectedNumber) {
  const std::string run = Start();
  ASSERT_THAT(TryPushOne(run, 1), IsOk());
  EXPECT_THAT(TryPushOne(run, 3),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("expected 2")));
  EXPECT_THAT(TryPushOne(run, 0),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("expected 2")));
  EXPECT_THAT(TryPushOne(run, -1),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("expected 2")));
  EXPECT_THAT(TryPushOne(run, 2), IsOk());
}

TEST_F(TenantLedgerRuns, RefusesABatchAfterTheEnd) {
  const std::string run = Push({{"jo", {{"a", 1}}}}, At(1));
  EXPECT_THAT(TryPushOne(run, 2),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("its last batch was 1")));
  Confirm();
  EXPECT_THAT(TryPushOne(run, 2), StatusIs(absl::StatusCode::kFailedPrecondition, ::testing::_));
  EXPECT_THAT(Values(run), CountsAre(ValueCounts{.confirmed = 1}));
}

TEST_F(TenantLedgerRuns, RefusesABatchOfNoRun) {
  EXPECT_THAT(TryPushOne("none", 1), StatusIs(absl::StatusCode::kNotFound, HasSubstr("none")));
  EXPECT_THAT(TryFinish("none"), StatusIs(absl::StatusCode::kNotFound, HasSubstr("none")));
}

TEST_F(TenantLedgerRuns, FinishesTwiceWithTheSameAnswer) {
  const std::string run = Push({{"jo", {{"a", 1}}}}, At(1));
  auto again = TryFinish(run, At(9));
  ASSERT_THAT(again, IsOk());
  EXPECT_EQ(again->state, RunState::kReceived);
  EXPECT_EQ(again->cursor, std::nullopt);
  Confirm();
  again = TryFinish(run);
  ASSERT_THAT(again, IsOk());
  EXPECT_EQ(again->state, RunState::kCompleted);
}

// Streams.

TEST_F(TenantLedgerRuns, RefusesASecondRunWhileTheFirstOnesStreamIsAlive) {
  const std::string run = Start();
  StartRequest request;
  request.source = "model";
  EXPECT_THAT(TryStart(request), StatusIs(absl::StatusCode::kAborted, HasSubstr(run)));
  EXPECT_EQ(StateOf(run), RunState::kOpen);
  Start("other");
}

TEST_F(TenantLedgerRuns, AbandonsARunWithoutStreamForANewOne) {
  const std::string run = Start();
  PushTo(run, {{"jo", {{"a", 1}}}}, At(1));
  EndStream(run);
  const std::string next = Start();
  EXPECT_EQ(StateOf(run), RunState::kAbandoned);
  EXPECT_EQ(StateOf(next), RunState::kOpen);
  EXPECT_EQ(RunOf(run).complete_time, std::nullopt);
  EXPECT_EQ(Confirm(), 1u);  // What it accepted is still delivered.
  EXPECT_EQ(StateOf(run), RunState::kAbandoned);
  EXPECT_NE(RunOf(run).complete_time, std::nullopt);
}

TEST_F(TenantLedgerRuns, AbandonsARunLeftOpenByARestart) {
  const std::string run = Start();
  Reopen();
  Start();
  EXPECT_EQ(StateOf(run), RunState::kAbandoned);
  EXPECT_NE(RunOf(run).complete_time, std::nullopt);
}

TEST_F(TenantLedgerRuns, AbandonsARunAfterADayWithoutStream) {
  const std::string run = Start();
  const std::string alive = Start("alive");
  EndStream(run);
  clock_.Advance(absl::Hours(24) - absl::Seconds(1));
  EXPECT_FALSE(ledger_->HasExpiredRuns());
  clock_.Advance(absl::Seconds(1));
  EXPECT_TRUE(ledger_->HasExpiredRuns());
  InGroup([&] { return ledger_->ExpireRuns(), 0; });
  EXPECT_FALSE(ledger_->HasExpiredRuns());
  EXPECT_EQ(StateOf(run), RunState::kAbandoned);
  EXPECT_EQ(StateOf(alive), RunState::kOpen);
  EXPECT_THAT(RunOf(run).state_reason, HasSubstr("24 hours"));
}

TEST_F(TenantLedgerRuns, RefusesTheFinishOfAnAbandonedRun) {
  const std::string run = Start();
  EndStream(run);
  Start();
  EXPECT_THAT(TryFinish(run),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("ABANDONED")));
}

TEST_F(TenantLedgerRuns, ResumesByRunIdAndDisplacesTheOlderStream) {
  bool displaced = false;
  StartRequest request;
  request.source = "model";
  request.stream = 100;
  request.ended = [&](const absl::Status&) { displaced = true; };
  const std::string run = TryStart(request)->run_id;
  ASSERT_THAT(TryPushOne(run, 1), IsOk());
  StartRequest resume;
  resume.source = "model";
  resume.run_id = run;
  resume.stream = 101;
  auto resumed = TryStart(resume);
  ASSERT_THAT(resumed, IsOk());
  EXPECT_TRUE(displaced);
  EXPECT_EQ(resumed->last_sequence, 1);
  runs_[run].stream = 100;
  EXPECT_THAT(TryPushOne(run, 2), StatusIs(absl::StatusCode::kAborted, HasSubstr("newer stream")));
  EXPECT_THAT(TryFinish(run), StatusIs(absl::StatusCode::kAborted, HasSubstr("newer stream")));
  EndStream(run);  // Of the old one: says nothing of the new one.
  runs_[run].stream = 101;
  EXPECT_THAT(TryPushOne(run, 2), IsOk());
}

TEST_F(TenantLedgerRuns, DoesNotDisplaceAStreamThatEnded) {
  bool displaced = false;
  StartRequest request;
  request.source = "model";
  request.ended = [&](const absl::Status&) { displaced = true; };
  const std::string run = TryStart(request)->run_id;
  EndStream(run);
  ASSERT_THAT(TryResume(run), IsOk());
  EXPECT_FALSE(displaced);
}

TEST_F(TenantLedgerRuns, ResumesAfterARestartWhereItWasDurable) {
  const std::string run = Start();
  ASSERT_THAT(TryPushOne(run, 1), IsOk());
  Reopen();
  auto resumed = TryResume(run);
  ASSERT_THAT(resumed, IsOk());
  EXPECT_EQ(resumed->last_sequence, 1);
  EXPECT_THAT(TryPushOne(run, 2), IsOk());
}

TEST_F(TenantLedgerRuns, ResumesACompletedRunToHearOfItsEnd) {
  const std::string run = Push({{"jo", {{"a", 1}}}}, At(1));
  Confirm();
  auto resumed = TryResume(run);
  ASSERT_THAT(resumed, IsOk());
  EXPECT_EQ(resumed->state, RunState::kCompleted);
}

TEST_F(TenantLedgerRuns, RefusesToResumeWhatCannotBeResumed) {
  EXPECT_THAT(TryResume("none"), StatusIs(absl::StatusCode::kNotFound, HasSubstr("none")));
  const std::string run = Start();
  EXPECT_THAT(TryResume(run, "other"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("belongs to source model")));
  EndStream(run);
  Start();
  EXPECT_THAT(TryResume(run),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       AllOf(HasSubstr("ABANDONED"), HasSubstr("start a new one"))));
}

TEST_F(TenantLedgerRuns, FindsTheSameRunByItsRequest) {
  StartRequest request;
  request.source = "model";
  request.request_id = "r1";
  const std::string run = TryStart(request)->run_id;
  EXPECT_EQ(TryStart(request)->run_id, run);
  Reopen();
  EXPECT_EQ(TryStart(request)->run_id, run);
  ASSERT_THAT(TryFinish(run), IsOk());
  EXPECT_EQ(TryStart(request)->run_id, run);  // Settled.
  request.source = "other";
  EXPECT_NE(TryStart(request)->run_id, run);
}

TEST_F(TenantLedgerRuns, RefusesMoreSourcesThanATenantMayHave) {
  for (int i = 0; i < 1'000; ++i) Start("s" + std::to_string(i));
  StartRequest request;
  request.source = "one-too-many";
  EXPECT_THAT(TryStart(request),
              StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("1000 sources")));
}

// Cursors.

TEST_F(TenantLedgerRuns, MovesTheCursorOnCompletionOnly) {
  const std::string run = Start();
  PushTo(run, {{"jo", {{"a", 1}}}}, At(1));
  ASSERT_THAT(TryFinish(run, At(5)), IsOk());
  EXPECT_EQ(CursorOf("model"), std::nullopt);
  Confirm();
  EXPECT_EQ(CursorOf("model"), At(5));
  Reopen();
  EXPECT_EQ(CursorOf("model"), At(5));
}

TEST_F(TenantLedgerRuns, MovesTheCursorAlsoWithRejections) {
  const std::string run = Start();
  PushTo(run, {{"jo", {{"a", 1}}}}, At(1));
  ASSERT_THAT(TryFinish(run, At(5)), IsOk());
  Settle(LeaseAll(), Kind::kRejected);
  EXPECT_EQ(CursorOf("model"), At(5));
}

TEST_F(TenantLedgerRuns, MovesTheCursorWhereTheSelectionJoinsOn) {
  Sync(std::nullopt, At(5));
  Sync(At(5), At(6));
  EXPECT_EQ(CursorOf("model"), At(6));
  Sync(At(3), At(7));
  EXPECT_EQ(CursorOf("model"), At(7));
  Sync(At(8), At(9));  // A gap: what changed between 7 and 8 was never selected.
  EXPECT_EQ(CursorOf("model"), At(7));
}

TEST_F(TenantLedgerRuns, NeverMovesTheCursorBackwards) {
  Sync(std::nullopt, At(5));
  Sync(At(1), At(4));
  EXPECT_EQ(CursorOf("model"), At(5));
  Sync(std::nullopt, At(4));
  EXPECT_EQ(CursorOf("model"), At(5));
}

TEST_F(TenantLedgerRuns, LeavesTheCursorWithoutOne) {
  Sync(std::nullopt, At(5));
  Sync(At(5), std::nullopt);
  EXPECT_EQ(CursorOf("model"), At(5));
}

TEST_F(TenantLedgerRuns, DoesNotMoveTheCursorForAnAbandonedOrFailedRun) {
  rules_.max_invalid_percent = 5;
  Reopen();
  const std::string failed = Start();
  PushTo(failed, {{"jo", {}, {{"x"}}}}, At(1));
  EXPECT_FALSE(TryFinish(failed, At(5)).ok());
  EXPECT_EQ(StateOf(failed), RunState::kFailed);
  EXPECT_EQ(CursorOf("model"), std::nullopt);
  EndStream(Start());
  Start();
  EXPECT_EQ(CursorOf("model"), std::nullopt);
}

class TenantLedgerSetCursor : public TenantLedgerRuns {
 protected:
  absl::StatusOr<SourceView> Set(const std::string& source, std::optional<UnixNanos> cursor) {
    return InGroup([&] { return ledger_->SetSourceCursor(source, cursor); });
  }
};

TEST_F(TenantLedgerSetCursor, MovesAnywhereAndStaysThere) {
  const std::string run = Push({{"jo", {{"a", 1}}}}, At(1));
  Confirm();
  for (const std::optional<UnixNanos> cursor :
       {std::optional(At(9)), std::optional(At(2)), std::optional<UnixNanos>()}) {
    const auto view = Set("model", cursor);
    ASSERT_THAT(view, IsOk());
    EXPECT_EQ(view->source.name, "model");
    EXPECT_EQ(view->source.cursor, cursor);
    EXPECT_EQ(view->source.last_completed_run->run_id, run);
    Reopen();
    EXPECT_EQ(CursorOf("model"), cursor);
  }
}

TEST_F(TenantLedgerSetCursor, ARunThatStartedFromALaterCursorDoesNotMoveItBack) {
  Sync(std::nullopt, At(5));
  StartRequest request;
  request.source = "model";
  request.from_cursor = At(5);
  const std::string run = TryStart(request)->run_id;
  ASSERT_THAT(Set("model", At(2)), IsOk());
  ASSERT_THAT(TryFinish(run, At(8)), IsOk());
  EXPECT_EQ(CursorOf("model"), At(2));
}

TEST_F(TenantLedgerSetCursor, KnowsNoOtherSource) {
  EXPECT_THAT(Set("modle", At(1)), StatusIs(absl::StatusCode::kNotFound, HasSubstr("modle")));
  EXPECT_THAT(ledger_->ListSources(10, "")->sources, ::testing::SizeIs(0));
}

}  // namespace
}  // namespace peaksync::testing

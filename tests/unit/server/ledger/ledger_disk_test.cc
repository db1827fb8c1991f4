// A disk that is full or fails: nothing is promised that was not kept, nothing is lost, and it
// heals (docs/design.md, rules 1 to 3).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/unit/server/ledger/faulty_disk.h"
#include "tests/unit/server/ledger/ledger_fixture.h"

namespace peaksync::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class LedgerDisk : public TenantLedgerTest {
 protected:
  // A run with a value that waits.
  void SetUp() override {
    TenantLedgerTest::SetUp();
    run_ = Start();
    PushTo(run_, {{"jo", {{"a", 1}}}}, At(1));
  }
  BatchRequest Batch(const std::string& run, const std::vector<Update>& updates, UnixNanos at) {
    return {.run_id = run,
            .stream = runs_[run].stream,
            .sequence = runs_[run].last_sequence + 1,
            .updates = maker_.Make(updates, at)};
  }
  // A group that accepts the updates, and what Commit says.
  absl::Status CommitBatch(const std::vector<Update>& updates, UnixNanos at) {
    EXPECT_THAT(ledger_->Begin(), IsOk());
    BatchRequest batch = Batch(run_, updates, at);
    EXPECT_THAT(ledger_->AcceptBatch(batch), IsOk());
    return ledger_->Commit();
  }
  absl::Status CommitSettle(const Objects& objects, Kind kind,
                            absl::Time not_before = absl::InfinitePast()) {
    EXPECT_THAT(ledger_->Begin(), IsOk());
    for (const LeasedObject& object : objects) {
      in_flight_.erase(object.customer.Key());
      ledger_->Settle({{.lease = object.lease, .kind = kind, .not_before = not_before}});
    }
    return ledger_->Commit();
  }
  static auto CannotBeWritten() {
    return StatusIs(absl::StatusCode::kUnavailable,
                    HasSubstr("ledger of acme cannot be written now"));
  }

  FaultyDisk disk_;
  std::string run_;
};

TEST_F(LedgerDisk, SaysThatNothingHappenedWhenTheDiskIsFullFailingOrReadOnly) {
  for (const int error : {ENOSPC, EIO, EROFS}) {
    disk_.FailWrites(error);
    EXPECT_THAT(CommitBatch({{"li", {{"a", 1}}}}, At(1)), CannotBeWritten());
    disk_.Heal();
    EXPECT_THAT(Values(run_), CountsAre(ValueCounts{.pending = 1}));
    CheckLaws();
  }
  Reopen();
  EXPECT_THAT(Values(run_), CountsAre(ValueCounts{.pending = 1}));
}

TEST_F(LedgerDisk, TakesTheSameBatchOnceItHasHealed) {
  disk_.FailWrites(ENOSPC);
  EXPECT_THAT(CommitBatch({{"li", {{"a", 1}}}}, At(1)), CannotBeWritten());
  disk_.Heal();
  EXPECT_THAT(CommitBatch({{"li", {{"a", 1}}}}, At(1)), IsOk());
  EXPECT_THAT(Values(run_), CountsAre(ValueCounts{.pending = 2}));
  EXPECT_EQ(Confirm(), 2u);
  EXPECT_THAT(Values(run_), CountsAre(ValueCounts{.confirmed = 2}));
}

TEST_F(LedgerDisk, ReadsWhatIsDurableAfterAFailedCommit) {
  disk_.FailWrites(ENOSPC);
  ASSERT_THAT(ledger_->Begin(), IsOk());
  StartRequest start;
  start.source = "new";
  start.stream = 7;
  auto run = ledger_->StartRun(start);
  ASSERT_THAT(run, IsOk());
  ASSERT_FALSE(ledger_->Commit().ok());
  EXPECT_THAT(ledger_->GetRun(run->run_id), StatusIs(absl::StatusCode::kNotFound, ::testing::_));
  EXPECT_THAT(ledger_->ListRuns("", 10, std::nullopt)->runs, SizeIs(1));
  EXPECT_THAT(ledger_->ListSources(10, "")->sources, SizeIs(1));
  EXPECT_THAT(ledger_->GetLastSync("new"), StatusIs(absl::StatusCode::kNotFound, ::testing::_));
}

TEST_F(LedgerDisk, LeasesWhatIsDurableAndNothingElseAfterAFailedCommit) {
  disk_.FailWrites(ENOSPC);
  EXPECT_THAT(CommitBatch({{"jo", {{"a", 2}}}, {"li", {{"a", 1}}}}, At(2)), CannotBeWritten());
  EXPECT_EQ(ledger_->Ready().customers, 1);
  EXPECT_THAT(Shown(LeaseAll()), ElementsAre("jo.a=1"));
}

TEST_F(LedgerDisk, SendsAgainWhatCouldNotBeSettled) {
  const Objects sent = LeaseAll();
  disk_.FailWrites(ENOSPC);
  EXPECT_THAT(CommitSettle(sent, Kind::kConfirmed), CannotBeWritten());
  disk_.Heal();
  EXPECT_THAT(Values(run_), CountsAre(ValueCounts{.pending = 1}));
  EXPECT_EQ(Confirm(), 1u);
  EXPECT_THAT(Values(run_), CountsAre(ValueCounts{.confirmed = 1}));
}

// SQLite ends the transaction when a read fails: what comes after it must not be written alone.
TEST_F(LedgerDisk, NothingOfAGroupIsKeptWhenAReadInItFails) {
  EXPECT_THAT(TryFinish(run_), IsOk());
  Confirm();
  const std::string other = Start("other");
  Crash();
  ASSERT_THAT(TryResume(other, "other"), IsOk());
  ASSERT_THAT(ledger_->Begin(), IsOk());
  BatchRequest first = Batch(other, {{"li", {{"a", 1}}}}, At(1));
  ASSERT_THAT(ledger_->AcceptBatch(first), IsOk());
  disk_.FailReads(1);
  EXPECT_FALSE(ledger_->CancelRun(run_).ok());  // Settled: it is looked up in the file.
  disk_.Heal();
  BatchRequest second = Batch(other, {{"jo", {{"b", 1}}}}, At(1));
  ++second.sequence;
  EXPECT_FALSE(ledger_->AcceptBatch(second).ok());
  EXPECT_THAT(ledger_->Commit(), CannotBeWritten());
  Reopen();
  EXPECT_THAT(Values(other), CountsAre(ValueCounts{}));
  EXPECT_THAT(LeaseAll(), IsEmpty());
}

// The outcome was lost with the group, so that the value may stand in Braze.
TEST_F(LedgerDisk, DoesNotCancelOutWhatCouldNotBeSettled) {
  Confirm();
  ASSERT_THAT(CommitBatch({{"jo", {{"a", 2}}}}, At(2)), IsOk());
  runs_[run_].last_sequence = 2;
  const Objects sent = LeaseAll();
  disk_.FailWrites(ENOSPC);
  EXPECT_THAT(CommitSettle(sent, Kind::kConfirmed), CannotBeWritten());
  disk_.Heal();
  PushTo(run_, {{"jo", {{"a", 1}}}}, At(3));
  EXPECT_THAT(Shown(LeaseAll()), ElementsAre("jo.a=1"));
}

TEST_F(LedgerDisk, KeepsTheWaitAfterALostAnswerThroughAFailedCommit) {
  const Objects sent = LeaseAll();
  disk_.FailWrites(ENOSPC);
  ASSERT_THAT(ledger_->Begin(), IsOk());
  ledger_->Settle({{.lease = sent[0].lease,
                    .kind = Kind::kReturned,
                    .not_before = clock_.Now() + absl::Seconds(10)}});
  BatchRequest batch = Batch(run_, {{"li", {{"a", 1}}}}, At(1));
  EXPECT_THAT(ledger_->AcceptBatch(batch), IsOk());
  EXPECT_THAT(ledger_->Commit(), CannotBeWritten());
  in_flight_.clear();
  disk_.Heal();
  EXPECT_THAT(LeaseAll(), IsEmpty());
  clock_.Advance(absl::Seconds(10));
  EXPECT_THAT(LeaseAll(), SizeIs(1));
}

// Another customer's group fails while a request is on its way.
TEST_F(LedgerDisk, EndsALeaseThatWasOutDuringAFailedCommit) {
  const Objects sent = LeaseAll();
  disk_.FailWrites(ENOSPC);
  EXPECT_THAT(CommitBatch({{"li", {{"a", 1}}}}, At(1)), CannotBeWritten());
  disk_.Heal();
  EXPECT_THAT(LeaseAll(), IsEmpty());  // Rule 4: its answer is still to come.
  EXPECT_THAT(CommitSettle(sent, Kind::kConfirmed), IsOk());
  EXPECT_EQ(Confirm(), 1u);
  EXPECT_THAT(Values(run_), CountsAre(ValueCounts{.confirmed = 1}));
  EXPECT_EQ(ledger_->delivery().waiting_bytes, 0);
  EXPECT_EQ(ledger_->delivery().waiting_customers, 0);
}

TEST_F(LedgerDisk, KeepsStreamsThroughAFailedCommit) {
  disk_.FailWrites(ENOSPC);
  EXPECT_THAT(CommitBatch({{"li", {{"a", 1}}}}, At(1)), CannotBeWritten());
  disk_.Heal();
  StartRequest request;
  request.source = "model";
  EXPECT_THAT(TryStart(request), StatusIs(absl::StatusCode::kAborted, HasSubstr(run_)));
  EXPECT_THAT(TryPush(run_, maker_.Make({{"li", {{"a", 1}}}}, At(1))), IsOk());
}

// Its api was told UNAVAILABLE and knows of no run to leave.
TEST_F(LedgerDisk, ForgetsAStreamThatCameWithAFailedGroup) {
  EndStream(run_);
  StartRequest resume;
  resume.source = "model";
  resume.run_id = run_;
  resume.stream = 50;
  ASSERT_THAT(ledger_->Begin(), IsOk());
  ASSERT_THAT(ledger_->StartRun(resume), IsOk());
  BatchRequest batch = Batch(run_, {{"li", {{"a", 1}}}}, At(1));
  batch.stream = 50;
  ASSERT_THAT(ledger_->AcceptBatch(batch), IsOk());
  disk_.FailWrites(ENOSPC);
  EXPECT_THAT(ledger_->Commit(), CannotBeWritten());
  disk_.Heal();
  EXPECT_NE(Start(), run_);
  EXPECT_EQ(RunOf(run_).state, RunState::kAbandoned);
}

// After some errors SQLite ends the transaction by itself; what is then written would be durable at
// once, alone.
TEST_F(LedgerDisk, WritesNothingOfAGroupAfterItsFirstError) {
  const std::string other = Start("other");
  std::vector<Update> many;
  for (int i = 0; i < 500; ++i) many.push_back({"c" + std::to_string(i), {{"a", 1}}});
  PushTo(run_, many, At(1));
  Confirm();
  FoldAll();
  Reopen();
  for (const std::string& run : {run_, other}) {
    ASSERT_THAT(TryResume(run, RunOf(run).source), IsOk());
  }
  const ValueCounts before = ledger_->totals();
  ASSERT_THAT(ledger_->Begin(), IsOk());
  BatchRequest first = Batch(run_, {{"c250", {{"a", 2}}}}, At(2));
  disk_.FailReads(1);
  EXPECT_FALSE(ledger_->AcceptBatch(first).ok());
  disk_.Heal();
  BatchRequest second = Batch(other, {{"c1", {{"a", 3}}}}, At(2));
  EXPECT_FALSE(ledger_->AcceptBatch(second).ok());
  StartRequest start;
  start.source = "third";
  start.stream = 9;
  EXPECT_FALSE(ledger_->StartRun(start).ok());
  EXPECT_FALSE(
      ledger_->FinishRun({.run_id = other, .stream = runs_[other].stream, .cursor = {}}).ok());
  EXPECT_THAT(ledger_->Commit(), CannotBeWritten());
  Reopen();
  EXPECT_EQ(ledger_->totals(), before);
  EXPECT_EQ(RunOf(other).last_sequence, 0);
  EXPECT_THAT(ledger_->ListSources(10, "")->sources, SizeIs(2));
}

// Nothing has been changed when a group cannot even begin.
TEST_F(LedgerDisk, KeepsWhatIsInFlightWhenAGroupCannotBegin) {
  const Objects sent = LeaseAll();
  sqlite3* db = nullptr;  // Another's commit makes the next transaction read from the disk.
  ASSERT_EQ(sqlite3_open(dir_.File("acme.db").c_str(), &db), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(db, "INSERT INTO meta VALUES ('x', 'y')", nullptr, nullptr, nullptr),
            SQLITE_OK);
  sqlite3_close(db);
  disk_.FailReads(1'000);
  EXPECT_THAT(ledger_->Begin(), CannotBeWritten());
  disk_.Heal();
  EXPECT_THAT(CommitSettle(sent, Kind::kConfirmed), IsOk());
  EXPECT_THAT(Values(run_), CountsAre(ValueCounts{.confirmed = 1}));
}

}  // namespace
}  // namespace peaksync::testing

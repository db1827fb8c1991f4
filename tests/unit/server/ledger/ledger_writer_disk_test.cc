// The writer over a disk that is full or fails (docs/design.md, rule 1).
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <cerrno>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/unit/server/ledger/ledger_writer_fixture.h"

namespace peaksync::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class LedgerWriterDisk : public LedgerWriterTest {
 protected:
  // Another's commit makes the next transaction read from the disk.
  void TouchFile() {
    sqlite3* db = nullptr;
    ASSERT_EQ(sqlite3_open(dir_.File("acme.db").c_str(), &db), SQLITE_OK);
    ASSERT_EQ(sqlite3_exec(db, "INSERT INTO meta VALUES ('x', 'y')", nullptr, nullptr, nullptr),
              SQLITE_OK);
    sqlite3_close(db);
  }
};

TEST_F(LedgerWriterDisk, AcknowledgesNothingOfAFailedGroup) {
  const std::string run = Start("model");
  const std::string other = Start("other", 2);
  StatusAnswer<BatchReceipt> one;
  StatusAnswer<BatchReceipt> two;
  StatusAnswer<Run> finished;
  {
    Gate gate(*writer_);
    disk_.FailWrites(ENOSPC);
    one = Push(run, 1, {{"jo", {{"a", 1}}}});
    two = Push(other, 1, {{"li", {{"a", 1}}}}, 2);
    finished = Finish(run);
  }
  const auto failed = StatusIs(absl::StatusCode::kUnavailable, HasSubstr("cannot be written now"));
  EXPECT_THAT(one.Get(), failed);
  EXPECT_THAT(two.Get(), failed);
  EXPECT_THAT(finished.Get(), failed);
  EXPECT_EQ(Get(run).state, RunState::kOpen);
  EXPECT_EQ(Get(run).values.received, 0);
  disk_.Heal();
  EXPECT_THAT(Push(run, 1, {{"jo", {{"a", 1}}}}).Get(), IsOk());
  EXPECT_THAT(Finish(run).Get(), IsOk());
  writer_->Settle(LeaseAll());
  Drain();
  EXPECT_EQ(Get(run).state, RunState::kCompleted);
}

TEST_F(LedgerWriterDisk, GoesOnDeliveringAfterAFailedGroupWithoutAnyNewCommand) {
  const std::string run = Start("model");
  ASSERT_THAT(Push(run, 1, {{"jo", {{"a", 1}}}}).Get(), IsOk());
  disk_.FailWrites(ENOSPC);
  EXPECT_FALSE(Push(run, 2, {{"li", {{"a", 1}}}}).Get().ok());
  disk_.Heal();
  EXPECT_THAT(LeaseAll(ObjectOutcome::Kind::kUnsent), SizeIs(1));
  EXPECT_THAT(LeaseAll(), IsEmpty());
}

TEST_F(LedgerWriterDisk, LosesNothingWhenOutcomesCannotBeWritten) {
  const std::string run = Start("model");
  ASSERT_THAT(Push(run, 1, {{"jo", {{"a", 1}}}}).Get(), IsOk());
  auto outcomes = LeaseAll();
  disk_.FailWrites(EIO);
  writer_->Settle(std::move(outcomes));
  Drain();
  disk_.Heal();
  EXPECT_EQ(Get(run).values.pending, 1);
  outcomes = LeaseAll();
  ASSERT_THAT(outcomes, SizeIs(1));
  writer_->Settle(std::move(outcomes));
  Drain();
  EXPECT_EQ(Get(run).values.confirmed, 1);
}

TEST_F(LedgerWriterDisk, TriesOutcomesAgainUntilAGroupCanBegin) {
  const std::string run = Start("model");
  ASSERT_THAT(Push(run, 1, {{"jo", {{"a", 1}}}}).Get(), IsOk());
  auto outcomes = LeaseAll();
  Drain();
  TouchFile();
  disk_.FailReads(1'000'000);
  writer_->Settle(std::move(outcomes));
  EXPECT_FALSE(TryStart("other", 2).Get().ok());
  disk_.Heal();
  EXPECT_THAT(TryStart("other", 2).Get(), IsOk());
  EXPECT_EQ(Get(run).values.confirmed, 1);
}

// Silence would make it wait for ever.
TEST_F(LedgerWriterDisk, TellsAWatcherThatItsRunCannotBeRead) {
  const std::string run = Start("model");
  ASSERT_THAT(Push(run, 1, {{"jo", {{"a", 1}}}}).Get(), IsOk());
  ASSERT_THAT(Finish(run).Get(), IsOk());
  writer_->Settle(LeaseAll());
  Drain();
  std::vector<absl::Status> seen;
  writer_->WatchRun(run, 5,
                    [&](const absl::StatusOr<RunView>& view) { seen.push_back(view.status()); });
  TouchFile();
  disk_.FailReads(1'000'000);
  writer_->SetDeliveryStatus({});
  Drain();
  disk_.Heal();
  writer_->SetDeliveryStatus({});
  Drain();
  ASSERT_THAT(seen, SizeIs(2));
  EXPECT_FALSE(seen[0].ok());
  EXPECT_THAT(seen[1], IsOk());
}

TEST_F(LedgerWriterDisk, ShowsThatTheDiskFailsAndThatItIsWellAgain) {
  const std::string run = Start("model");
  disk_.FailWrites(ENOSPC);
  EXPECT_FALSE(Push(run, 1, {{"jo", {{"a", 1}}}}).Get().ok());
  EXPECT_FALSE(Push(run, 1, {{"jo", {{"a", 1}}}}).Get().ok());
  Drain();
  EXPECT_THAT(View(run).delivery.back_pressure, HasSubstr("cannot be written now"));
  disk_.Heal();
  EXPECT_THAT(Push(run, 1, {{"jo", {{"a", 1}}}}).Get(), IsOk());
  Drain();
  EXPECT_EQ(View(run).delivery.back_pressure, "");
  EXPECT_THAT(Health(),
              ::testing::ElementsAre(absl::StatusCode::kUnavailable, absl::StatusCode::kOk));
}

TEST_F(LedgerWriterDisk, StopsAlsoWhileTheDiskFails) {
  const std::string run = Start("model");
  ASSERT_THAT(Push(run, 1, {{"jo", {{"a", 1}}}}).Get(), IsOk());
  auto outcomes = LeaseAll();
  Drain();
  TouchFile();
  disk_.FailReads(1'000'000'000);
  writer_->Settle(std::move(outcomes));
  Answer<int> stopped;
  std::thread stopper([&, done = stopped.Done()]() mutable {
    writer_->Stop();
    std::move(done)(0);
  });
  stopped.Get();
  stopper.join();
  disk_.Heal();
  OpenWriter();
  EXPECT_EQ(Get(run).values.pending, 1);  // Sent once more; nothing is lost.
}

}  // namespace
}  // namespace peaksync::testing

#include "server/ledger/ledger_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/unit/server/ledger/ledger_writer_fixture.h"

namespace peaksync::testing {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

// What another connection sees is what the disk would hold after a crash.
TEST_F(LedgerWriterTest, AcknowledgesOnlyWhatIsCommitted) {
  const std::string run = Start("model");
  sqlite3* db = nullptr;
  ASSERT_EQ(sqlite3_open_v2(dir_.File("acme.db").c_str(), &db, SQLITE_OPEN_READONLY, nullptr),
            SQLITE_OK);
  std::vector<std::int64_t> durable;
  Answer<int> last;
  for (std::int64_t sequence = 1; sequence <= 20; ++sequence) {
    BatchRequest request{.run_id = run, .stream = 1, .sequence = sequence, .updates = {}};
    MutexLock lock(mutex_);
    request.updates = maker_.Make({{"jo", {{"a", static_cast<int>(sequence)}}}}, At(1));
    writer_->AcceptBatch(std::move(request), [&, sequence, done = last.Done()](
                                                 absl::StatusOr<BatchReceipt> receipt) mutable {
      EXPECT_THAT(receipt, IsOk());
      sqlite3_stmt* query = nullptr;
      sqlite3_prepare_v2(db, "SELECT last_sequence FROM runs", -1, &query, nullptr);
      sqlite3_step(query);
      durable.push_back(sqlite3_column_int64(query, 0) - sequence);
      sqlite3_finalize(query);
      if (sequence == 20) std::move(done)(0);
    });
  }
  last.Get();
  EXPECT_THAT(durable, SizeIs(20));
  EXPECT_THAT(durable, Each(::testing::Ge(0)));
  sqlite3_close(db);
}

TEST_F(LedgerWriterTest, TheFirstGroupsOfARunAreSmallSoThatBrazeIsSoonBusy) {
  const std::string run = Start("model");
  std::vector<Update> updates;
  for (int i = 0; i < limits::kFirstGroupUpdatesMax; ++i) {
    updates.push_back({"c" + std::to_string(i), {{"a", 1}}});
  }
  std::vector<StatusAnswer<BatchReceipt>> answers;
  Drain();
  const std::size_t before = Reports().size();
  {
    Gate gate(*writer_);
    for (std::int64_t sequence = 1; sequence <= 40; ++sequence) {
      answers.push_back(Push(run, sequence, updates));
    }
  }
  for (StatusAnswer<BatchReceipt>& answer : answers) ASSERT_THAT(answer.Get(), IsOk());
  Drain();
  std::vector<std::int64_t> sizes;
  for (const CommitReport& report : Reports()) sizes.push_back(report.updates);
  sizes.erase(sizes.begin(), sizes.begin() + static_cast<std::ptrdiff_t>(before));
  EXPECT_EQ(sizes.front(), limits::kFirstGroupUpdatesMax);
  for (std::size_t i = 1; i + 1 < sizes.size(); ++i) {
    EXPECT_EQ(sizes[i], std::min<std::int64_t>(2 * sizes[i - 1], limits::kGroupCommitUpdatesMax));
  }
  EXPECT_GE(sizes.size(), 3U);
}

// Braze waits for it, and a group of many batches takes long.
TEST_F(LedgerWriterTest, ALeaseDoesNotWaitForTheGroupThatGathered) {
  const std::string run = Start("model");
  ASSERT_THAT(Push(run, 1, {{"jo", {{"a", 1}}}}).Get(), IsOk());
  std::vector<std::string> order;  // Of the writer's thread.
  Answer<Leased> leased;
  Answer<int> last;
  {
    Gate gate(*writer_);
    BatchRequest request{.run_id = run, .stream = 1, .sequence = 2, .updates = {}};
    {
      MutexLock lock(mutex_);
      request.updates = maker_.Make({{"al", {{"a", 1}}}}, At(1));
    }
    writer_->AcceptBatch(std::move(request),
                         [&, done = last.Done()](const absl::StatusOr<BatchReceipt>&) mutable {
                           order.emplace_back("batch");
                           std::move(done)(0);
                         });
    writer_->Lease({.batches_max = 1, .partial = true},
                   [&, done = leased.Done()](Leased answer) mutable {
                     order.emplace_back("lease");
                     std::move(done)(std::move(answer));
                   });
  }
  EXPECT_THAT(leased.Get().batches, SizeIs(1));
  last.Get();
  EXPECT_THAT(order, ElementsAre("lease", "batch"));
}

TEST_F(LedgerWriterTest, CommitsWhatGathersInOneGroup) {
  const std::string run = Start("model");
  std::vector<StatusAnswer<BatchReceipt>> answers;
  Drain();  // The start is answered before it is reported.
  const std::size_t before = Reports().size();
  {
    Gate gate(*writer_);
    for (std::int64_t sequence = 1; sequence <= 50; ++sequence) {
      answers.push_back(Push(run, sequence, {{"jo", {{"a", static_cast<int>(sequence)}}}}));
    }
  }
  for (std::int64_t sequence = 1; sequence <= 50; ++sequence) {
    auto receipt = answers[static_cast<std::size_t>(sequence) - 1].Get();
    ASSERT_THAT(receipt, IsOk());
    EXPECT_EQ(receipt->sequence, sequence);
  }
  Drain();
  const std::vector<CommitReport> reports = Reports();
  ASSERT_EQ(reports.size(), before + 1);
  EXPECT_EQ(reports.back().updates, 50);
  EXPECT_EQ(reports.back().change.received, 50);
  EXPECT_EQ(reports.back().change.pending, 50);
  EXPECT_EQ(reports.back().delivery.waiting_customers, 1);
}

TEST_F(LedgerWriterTest, LimitsAGroup) {
  const std::string run = Start("model");
  std::vector<Update> updates;
  for (int i = 0; i < 5'000; ++i) updates.push_back({"c" + std::to_string(i), {}});
  std::vector<StatusAnswer<BatchReceipt>> answers;
  {
    Gate gate(*writer_);
    for (std::int64_t sequence = 1; sequence <= 6; ++sequence) {
      answers.push_back(Push(run, sequence, updates));
    }
  }
  for (auto& answer : answers) EXPECT_THAT(answer.Get(), IsOk());
  Drain();
  EXPECT_EQ(Get(run).updates.received, 30'000);
  for (const CommitReport& report : Reports()) EXPECT_LE(report.updates, 20'000);
}

TEST_F(LedgerWriterTest, ServesManyThreads) {
  constexpr int kThreads = 8;
  constexpr int kBatches = 25;
  std::vector<std::thread> threads;
  std::vector<std::string> runs(kThreads);
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, i] {
      const auto stream = static_cast<StreamId>(i + 1);
      std::string& run = runs[static_cast<std::size_t>(i)];
      run = Start("source" + std::to_string(i), stream);
      for (int sequence = 1; sequence <= kBatches; ++sequence) {
        auto receipt =
            Push(run, sequence, {{"c" + std::to_string(sequence % 5), {{"a", i}, {"b", sequence}}}},
                 stream)
                .Get();
        ASSERT_THAT(receipt, IsOk());
        ASSERT_EQ(receipt->sequence, sequence);
        if (i % 2 == 0) writer_->Settle(LeaseAll());
      }
      ASSERT_THAT(Finish(run, stream).Get(), IsOk());
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (auto outcomes = LeaseAll(); !outcomes.empty(); outcomes = LeaseAll()) {
    writer_->Settle(std::move(outcomes));
  }
  Drain();
  for (const std::string& id : runs) {
    const Run run = Get(id);
    EXPECT_EQ(run.values.received, 2 * kBatches);
    EXPECT_EQ(run.values.received, run.values.Sum());
    EXPECT_EQ(run.state, RunState::kCompleted);
  }
}

TEST_F(LedgerWriterTest, AnswersAllThatWasGivenBeforeItStops) {
  const std::string run = Start("model");
  std::vector<StatusAnswer<BatchReceipt>> answers;
  StatusAnswer<RunView> read;
  {
    Gate gate(*writer_);
    for (std::int64_t sequence = 1; sequence <= 20; ++sequence) {
      answers.push_back(Push(run, sequence, {{"jo", {{"a", static_cast<int>(sequence)}}}}));
    }
    writer_->GetRun(run, read.Done());
  }
  writer_->Stop();
  for (auto& answer : answers) {
    ASSERT_TRUE(answer.IsThere());
    EXPECT_THAT(answer.Get(), IsOk());
  }
  EXPECT_TRUE(read.IsThere());
  writer_->Stop();  // Again does nothing.
  OpenWriter();
  EXPECT_EQ(Get(run).last_sequence, 20);
}

// Commands take effect in the order they are given.

TEST_F(LedgerWriterTest, EndsAStreamBeforeTheRunThatIsStartedNext) {
  const std::string run = Start("model", 1);
  StatusAnswer<Run> next;
  {
    Gate gate(*writer_);
    writer_->EndStream(run, 1);
    next = TryStart("model", 2);
  }
  EXPECT_THAT(next.Get(), IsOk());
  EXPECT_EQ(Get(run).state, RunState::kAbandoned);
}

// Room.

class LedgerWriterRoomTest : public LedgerWriterTest {
 protected:
  // So small that one waiting customer fills it.
  void SetUp() override {
    rules_.max_waiting_bytes = 1;
    LedgerWriterTest::SetUp();
    run_ = Start("model");
    EXPECT_THAT(Push(run_, 1, {{"jo", {{"a", 1}}}}).Get(), IsOk());
  }

  std::string run_;
};

TEST_F(LedgerWriterTest, LetsBatchesWaitWhileTheDiskIsNearlyFull) {
  const std::string run = Start("model");
  free_disk_ = kMinFreeDisk - 1;
  clock_.Advance(absl::Seconds(2));  // It is not looked at more often.
  auto waits = Push(run, 1, {{"jo", {{"a", 1}}}});
  Drain();
  Drain();
  EXPECT_FALSE(waits.IsThere());
  ASSERT_THAT(HeldBack(), SizeIs(1));
  EXPECT_THAT(HeldBack()[0], HasSubstr("999 bytes free, min_free_disk is 1000"));
  free_disk_ = kMinFreeDisk;
  clock_.Advance(absl::Seconds(2));
  Drain();
  EXPECT_THAT(waits.Get(), IsOk());
}

TEST_F(LedgerWriterRoomTest, LetsBatchesWaitForRoom) {
  auto second = Push(run_, 2, {{"jo", {{"a", 2}}}});
  auto third = Push(run_, 3, {{"jo", {{"a", 3}}}});
  Drain();
  EXPECT_FALSE(second.IsThere());
  EXPECT_EQ(Get(run_).last_sequence, 1);
  writer_->Settle(LeaseAll());
  EXPECT_THAT(second.Get(), IsOk());
  writer_->Settle(LeaseAll());
  EXPECT_THAT(third.Get(), IsOk());
}

TEST_F(LedgerWriterRoomTest, SaysWhyItDoesNotReadUntilThereIsRoom) {
  auto second = Push(run_, 2, {{"jo", {{"a", 2}}}});
  Drain();
  Drain();  // One turn more: what a turn finds is shown at its end.
  ASSERT_THAT(HeldBack(), SizeIs(1));
  EXPECT_THAT(HeldBack()[0], HasSubstr("max_waiting_bytes is 1"));
  EXPECT_EQ(View(run_).delivery.back_pressure, HeldBack()[0]);
  writer_->Settle(LeaseAll());
  EXPECT_THAT(second.Get(), IsOk());
  Drain();
  EXPECT_EQ(View(run_).delivery.back_pressure, "");
}

TEST_F(LedgerWriterRoomTest, FinishesARunAfterItsBatchesThatWait) {
  auto second = Push(run_, 2, {{"jo", {{"a", 2}}}});
  auto finished = Finish(run_);
  Drain();
  EXPECT_FALSE(finished.IsThere());
  writer_->Settle(LeaseAll());
  EXPECT_THAT(second.Get(), IsOk());
  EXPECT_THAT(finished.Get(), IsOk());
  EXPECT_EQ(Get(run_).last_sequence, 2);
}

TEST_F(LedgerWriterRoomTest, StartsAndFinishesOthersMeanwhile) {
  auto waits = Push(run_, 2, {{"jo", {{"a", 2}}}});
  const std::string other = Start("other", 2);
  EXPECT_THAT(Finish(other, 2).Get(), IsOk());
  EXPECT_FALSE(waits.IsThere());
}

TEST_F(LedgerWriterRoomTest, AnswersBatchesThatWaitWhenItStops) {
  auto second = Push(run_, 2, {{"jo", {{"a", 2}}}});
  auto finished = Finish(run_);
  Drain();
  writer_->Stop();
  ASSERT_TRUE(second.IsThere());
  EXPECT_THAT(second.Get(), IsOk());
  ASSERT_TRUE(finished.IsThere());
  EXPECT_THAT(finished.Get(), IsOk());
}

// Listeners.

TEST_F(LedgerWriterTest, TellsWatchersOfTheirRun) {
  const std::string run = Start("model");
  const std::string other = Start("other", 2);
  std::vector<RunView> seen;
  writer_->WatchRun(run, 5, [&](absl::StatusOr<RunView> view) { seen.push_back(*view); });
  Drain();
  ASSERT_THAT(Push(run, 1, {{"jo", {{"a", 1}}}}).Get(), IsOk());
  ASSERT_THAT(Push(other, 1, {{"li", {{"a", 1}}}}, 2).Get(), IsOk());
  ASSERT_THAT(Finish(run).Get(), IsOk());
  writer_->Settle(LeaseAll());
  Drain();
  ASSERT_THAT(seen, SizeIs(3));
  EXPECT_EQ(seen[0].run.values.pending, 1);
  EXPECT_EQ(seen[1].run.state, RunState::kReceived);
  EXPECT_EQ(seen[2].run.state, RunState::kCompleted);
  EXPECT_EQ(seen[2].run.values.confirmed, 1);
  DeliveryStatus status;
  status.state = DeliveryStatus::State::kPaused;
  writer_->SetDeliveryStatus(status);
  Drain();
  ASSERT_THAT(seen, SizeIs(4));
  EXPECT_EQ(seen[3].delivery.state, DeliveryStatus::State::kPaused);
  writer_->UnwatchRun(5);
  writer_->SetDeliveryStatus({});
  Drain();
  EXPECT_THAT(seen, SizeIs(4));
}

TEST_F(LedgerWriterTest, TellsWhatIsReady) {
  std::vector<std::int64_t> seen;
  writer_->SetReadyListener([&](ReadyState state) { seen.push_back(state.customers); });
  Drain();
  const std::string run = Start("model");
  ASSERT_THAT(Push(run, 1, {{"jo", {{"a", 1}}}, {"li", {{"a", 1}}}}).Get(), IsOk());
  Drain();
  writer_->Settle(LeaseAll(ObjectOutcome::Kind::kUnsent));
  Drain();
  writer_->Settle(LeaseAll());
  writer_->Stop();
  EXPECT_THAT(seen, ElementsAre(2, 2));  // What a Lease took, it has told itself.
}

}  // namespace
}  // namespace peaksync::testing

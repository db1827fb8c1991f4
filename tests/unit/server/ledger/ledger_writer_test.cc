#include "server/ledger/ledger_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <algorithm>
#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/synchronization/notification.h"
#include "server/base/mutex.h"
#include "tests/unit/server/ledger/faulty_disk.h"
#include "tests/unit/server/ledger/ledger_fixture.h"

namespace peaksync::testing {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr std::chrono::seconds kTooLong{30};

// An answer to come.
template <typename T>
class Answer {
 public:
  absl::AnyInvocable<void(T) &&> Done() {
    return [promise = promise_](T value) { promise->set_value(std::move(value)); };
  }
  bool IsThere() { return future_.wait_for(std::chrono::seconds(0)) == std::future_status::ready; }
  T Get() {
    if (future_.wait_for(kTooLong) != std::future_status::ready) {
      ADD_FAILURE() << "no answer came";
      std::abort();
    }
    return future_.get();
  }

 private:
  std::shared_ptr<std::promise<T>> promise_ = std::make_shared<std::promise<T>>();
  std::future<T> future_ = promise_->get_future();
};

template <typename T>
using StatusAnswer = Answer<absl::StatusOr<T>>;

class LedgerWriterTest : public ::testing::Test {
 protected:
  using Run = peaksync::Run;  // Not ::testing::Test's.

  void SetUp() override { OpenWriter(); }
  void TearDown() override {
    disk_.Heal();
    writer_.reset();
  }
  void OpenWriter() {
    writer_.reset();
    auto ledger = TenantLedger::Open({.tenant = "acme",
                                      .path = dir_.File("acme.db"),
                                      .endpoint = "https://rest.example",
                                      .workspace = "production",
                                      .rules = std::make_shared<const TenantRules>(rules_),
                                      .clock = &clock_,
                                      .random = [this] { return random_(); },
                                      .abort_on_broken_law = true});
    ASSERT_THAT(ledger, IsOk());
    writer_ = std::make_unique<LedgerWriter>(
        *std::move(ledger), clock_,
        LedgerWriter::Listeners{.committed = [this](const CommitReport& report) {
          MutexLock lock(mutex_);
          reports_.push_back(report);
        }});
  }
  std::vector<CommitReport> Reports() {
    MutexLock lock(mutex_);
    return reports_;
  }

  std::string Start(const std::string& source, StreamId stream = 1) {
    auto run = TryStart(source, stream).Get();
    EXPECT_THAT(run, IsOk());
    return run.ok() ? run->run_id : "";
  }
  StatusAnswer<Run> TryStart(const std::string& source, StreamId stream) {
    StatusAnswer<Run> answer;
    StartRequest request;
    request.source = source;
    request.stream = stream;
    writer_->StartRun(request, answer.Done());
    return answer;
  }
  StatusAnswer<BatchReceipt> Push(const std::string& run, std::int64_t sequence,
                                  const std::vector<Update>& updates, StreamId stream = 1) {
    StatusAnswer<BatchReceipt> answer;
    BatchRequest request{.run_id = run, .stream = stream, .sequence = sequence, .updates = {}};
    {
      MutexLock lock(mutex_);
      request.updates = maker_.Make(updates, At(static_cast<int>(sequence)));
    }
    writer_->AcceptBatch(std::move(request), answer.Done());
    return answer;
  }
  StatusAnswer<Run> Finish(const std::string& run, StreamId stream = 1) {
    StatusAnswer<Run> answer;
    writer_->FinishRun({.run_id = run, .stream = stream, .cursor = {}}, answer.Done());
    return answer;
  }
  Run Get(const std::string& run) {
    StatusAnswer<RunView> answer;
    writer_->GetRun(run, answer.Done());
    auto view = answer.Get();
    EXPECT_THAT(view, IsOk());
    return view.ok() ? view->run : Run{};
  }
  std::vector<ObjectOutcome> LeaseAll(ObjectOutcome::Kind kind = ObjectOutcome::Kind::kConfirmed) {
    Answer<Leased> answer;
    writer_->Lease({.batches_max = 1'000, .partial = true}, answer.Done());
    const Leased leased = answer.Get();
    EXPECT_EQ(leased.ready.customers, 0);
    std::vector<ObjectOutcome> outcomes;
    for (const LeasedBatch& batch : leased.batches) {
      for (const LeasedObject& object : batch) outcomes.push_back({object.lease, kind});
    }
    return outcomes;
  }
  // Returns when all that was given before has been done.
  void Drain() {
    StatusAnswer<SourcePage> answer;
    writer_->ListSources(1, "", answer.Done());
    (void)answer.Get();
  }
  // Holds the writer's thread until it is opened, so that what is given meanwhile makes a group.
  class Gate {
   public:
    explicit Gate(LedgerWriter& writer) {
      writer.Lease({.batches_max = 0}, [state = state_](const Leased&) {
        state->closed.Notify();
        state->open.WaitForNotificationWithTimeout(absl::Seconds(30));
      });
      state_->closed.WaitForNotification();
    }
    ~Gate() { Open(); }
    void Open() {
      if (!state_->open.HasBeenNotified()) state_->open.Notify();
    }

   private:
    struct State {
      absl::Notification closed;
      absl::Notification open;
    };
    std::shared_ptr<State> state_ = std::make_shared<State>();
  };

  TempDir dir_;
  FakeClock clock_;
  FaultyDisk disk_;
  TenantRules rules_;
  std::mt19937_64 random_{42};
  Mutex mutex_;
  UpdateMaker maker_ ABSL_GUARDED_BY(mutex_);
  std::vector<CommitReport> reports_ ABSL_GUARDED_BY(mutex_);
  std::unique_ptr<LedgerWriter> writer_;
};

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

TEST_F(LedgerWriterTest, CommitsWhatGathersInOneGroup) {
  const std::string run = Start("model");
  std::vector<StatusAnswer<BatchReceipt>> answers;
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
  writer_->WatchRun(run, 5, [&](RunView view) { seen.push_back(std::move(view)); });
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
  const std::string run = Start("model");
  ASSERT_THAT(Push(run, 1, {{"jo", {{"a", 1}}}, {"li", {{"a", 1}}}}).Get(), IsOk());
  auto outcomes = LeaseAll(ObjectOutcome::Kind::kUnsent);
  writer_->Settle(std::move(outcomes));
  writer_->Settle(LeaseAll());
  Drain();
  writer_->Stop();
  EXPECT_THAT(seen, ElementsAre(2, 2));  // What a Lease took, it has told itself.
}

// The disk fails.

TEST_F(LedgerWriterTest, AcknowledgesNothingOfAFailedGroup) {
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

TEST_F(LedgerWriterTest, GoesOnDeliveringAfterAFailedGroupWithoutAnyNewCommand) {
  const std::string run = Start("model");
  ASSERT_THAT(Push(run, 1, {{"jo", {{"a", 1}}}}).Get(), IsOk());
  disk_.FailWrites(ENOSPC);
  EXPECT_FALSE(Push(run, 2, {{"li", {{"a", 1}}}}).Get().ok());
  disk_.Heal();
  EXPECT_THAT(LeaseAll(ObjectOutcome::Kind::kUnsent), SizeIs(1));
  EXPECT_THAT(LeaseAll(), IsEmpty());
}

TEST_F(LedgerWriterTest, LosesNothingWhenOutcomesCannotBeWritten) {
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

TEST_F(LedgerWriterTest, TriesOutcomesAgainUntilAGroupCanBegin) {
  const std::string run = Start("model");
  ASSERT_THAT(Push(run, 1, {{"jo", {{"a", 1}}}}).Get(), IsOk());
  auto outcomes = LeaseAll();
  Drain();
  sqlite3* db = nullptr;  // Another's commit makes the next transaction read from the disk.
  ASSERT_EQ(sqlite3_open(dir_.File("acme.db").c_str(), &db), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(db, "INSERT INTO meta VALUES ('x', 'y')", nullptr, nullptr, nullptr),
            SQLITE_OK);
  sqlite3_close(db);
  disk_.FailReads(1'000'000);
  writer_->Settle(std::move(outcomes));
  EXPECT_FALSE(TryStart("other", 2).Get().ok());
  disk_.Heal();
  EXPECT_THAT(TryStart("other", 2).Get(), IsOk());
  EXPECT_EQ(Get(run).values.confirmed, 1);
}

TEST_F(LedgerWriterTest, StopsAlsoWhileTheDiskFails) {
  const std::string run = Start("model");
  ASSERT_THAT(Push(run, 1, {{"jo", {{"a", 1}}}}).Get(), IsOk());
  auto outcomes = LeaseAll();
  Drain();
  sqlite3* db = nullptr;
  ASSERT_EQ(sqlite3_open(dir_.File("acme.db").c_str(), &db), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(db, "INSERT INTO meta VALUES ('x', 'y')", nullptr, nullptr, nullptr),
            SQLITE_OK);
  sqlite3_close(db);
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

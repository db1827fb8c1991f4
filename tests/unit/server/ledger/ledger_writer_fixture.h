#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <future>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/synchronization/notification.h"
#include "server/base/mutex.h"
#include "server/ledger/ledger_writer.h"
#include "tests/unit/server/ledger/faulty_disk.h"
#include "tests/unit/server/ledger/ledger_fixture.h"

namespace peaksync::testing {

inline constexpr std::chrono::seconds kTooLong{30};

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
        LedgerWriter::Listeners{.committed =
                                    [this](const CommitReport& report) {
                                      MutexLock lock(mutex_);
                                      reports_.push_back(report);
                                    },
                                .health =
                                    [this](const absl::Status& health) {
                                      MutexLock lock(mutex_);
                                      health_.push_back(health.code());
                                    }},
        LedgerWriter::Options{
            .limits = {.min_free_disk = kMinFreeDisk},
            .free_disk = [this]() -> absl::StatusOr<std::int64_t> { return free_disk_.load(); }});
  }
  std::vector<absl::StatusCode> Health() {
    MutexLock lock(mutex_);
    return health_;
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
    BatchRequest request{.run_id = run, .stream = stream, .sequence = sequence};
    request.held_back = [this](const std::string& reason) {
      MutexLock lock(mutex_);
      held_back_.push_back(reason);
    };
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
  RunView View(const std::string& run) {
    StatusAnswer<RunView> answer;
    writer_->GetRun(run, answer.Done());
    auto view = answer.Get();
    EXPECT_THAT(view, IsOk());
    return view.value_or(RunView{});
  }
  Run Get(const std::string& run) { return View(run).run; }
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

  std::vector<std::string> HeldBack() {
    MutexLock lock(mutex_);
    return held_back_;
  }

  static constexpr std::int64_t kMinFreeDisk = 1'000;

  TempDir dir_;
  FakeClock clock_;
  FaultyDisk disk_;
  std::atomic<std::int64_t> free_disk_ = kMinFreeDisk;
  TenantRules rules_;
  std::mt19937_64 random_{42};
  Mutex mutex_;
  UpdateMaker maker_ ABSL_GUARDED_BY(mutex_);
  std::vector<CommitReport> reports_ ABSL_GUARDED_BY(mutex_);
  std::vector<absl::StatusCode> health_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::string> held_back_ ABSL_GUARDED_BY(mutex_);
  std::unique_ptr<LedgerWriter> writer_;
};

}  // namespace peaksync::testing

// Lanes that come, change and go while the loop runs, over real sockets, with ledgers in memory.
#include "server/delivery/delivery_loop.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "server/base/limits.h"
#include "server/domain/concat.h"
#include "tests/unit/server/braze/loopback_server.h"
#include "tests/unit/server/delivery/fake_outbox.h"

namespace peaksync {
namespace {

using testing::FakeOutbox;
using testing::LoopbackConnection;
using testing::LoopbackServer;
using Kind = ObjectOutcome::Kind;

constexpr std::chrono::seconds kPatience{10};

// The machine's clock, which a test can put forward.
class TurnedClock final : public Clock {
 public:
  absl::Time Now() const override { return absl::Now() + absl::Seconds(forward_.load()); }
  absl::Time Steady() const override { return Now(); }
  void Forward(absl::Duration by) { forward_ += absl::ToInt64Seconds(by); }

 private:
  std::atomic<std::int64_t> forward_ = 0;
};

// The ledger's side of delivery; the other commands are nobody's business here. A lease can be kept
// unanswered.
class FakeLedger final : public Ledger {
 public:
  void Add(int customers) {
    ReadyState ready;
    {
      MutexLock lock(mutex_);
      for (int i = 0; i < customers; ++i) outbox_.Add(Concat("c", added_++), "1", absl::Now());
      outbox_.Flush();
      ready = outbox_.Ready(absl::Now());
    }
    Tell(ready);
  }
  void KeepLeases(bool keep) {
    MutexLock lock(mutex_);
    keep_leases_ = keep;
  }
  // Answers the lease that was kept.
  void AnswerLease() {
    absl::AnyInvocable<void(Leased) &&> done;
    LeaseRequest request;
    {
      MutexLock lock(mutex_);
      done = std::move(kept_);
      request = kept_request_;
    }
    Answer(request, std::move(done));
  }
  // A ready listener as it was set last, called late.
  std::function<void(ReadyState)> listener() {
    MutexLock lock(mutex_);
    return listener_;
  }

  // False: still not so when patience ends.
  bool WaitUntil(const std::function<bool(const FakeLedger&)>& holds) {
    std::unique_lock<std::mutex> lock(mutex_.native());
    return changed_.wait_for(lock, kPatience, [&] { return holds(*this); });
  }
  // For WaitUntil's condition only, which holds the mutex.
  int confirmed() const ABSL_NO_THREAD_SAFETY_ANALYSIS { return confirmed_; }
  bool keeps() const ABSL_NO_THREAD_SAFETY_ANALYSIS { return kept_ != nullptr; }
  std::size_t leased() const ABSL_NO_THREAD_SAFETY_ANALYSIS { return outbox_.leased(); }
  DeliveryStatus status() const ABSL_NO_THREAD_SAFETY_ANALYSIS { return status_; }

  void Lease(LeaseRequest request, absl::AnyInvocable<void(Leased) &&> done) override {
    {
      MutexLock lock(mutex_);
      if (keep_leases_) {
        kept_ = std::move(done);
        kept_request_ = request;
        changed_.notify_all();
        return;
      }
    }
    Answer(request, std::move(done));
  }
  void Settle(std::vector<ObjectOutcome> outcomes) override {
    ReadyState ready;
    {
      MutexLock lock(mutex_);
      for (const ObjectOutcome& outcome : outcomes) {
        confirmed_ += outcome.kind == Kind::kConfirmed ? 1 : 0;
        outbox_.Settle(outcome, absl::Now());
      }
      ready = outbox_.Ready(absl::Now());
    }
    changed_.notify_all();
    Tell(ready);
  }
  void SetReadyListener(std::function<void(ReadyState)> listener) override {
    ReadyState ready;
    {
      MutexLock lock(mutex_);
      if (listener == nullptr) return;  // Kept, to be called late.
      listener_ = std::move(listener);
      ready = outbox_.Ready(absl::Now());
    }
    Tell(ready);
  }
  void SetDeliveryStatus(DeliveryStatus status) override {
    MutexLock lock(mutex_);
    status_ = std::move(status);
    changed_.notify_all();
  }

  void StartRun(StartRequest, Done<Run>) override { FAIL(); }
  void AcceptBatch(BatchRequest, Done<BatchReceipt>) override { FAIL(); }
  void FinishRun(FinishRequest, Done<Run>) override { FAIL(); }
  void EndStream(std::string, StreamId) override { FAIL(); }
  void CancelRun(std::string, Done<RunView>) override { FAIL(); }
  void ListRejections(RejectionFilter, int, std::int64_t, Done<RejectionPage>) override { FAIL(); }
  void RetryRejections(RetryRequest, Done<RetryResult>) override { FAIL(); }
  void DiscardRejections(RejectionFilter, Done<std::int64_t>) override { FAIL(); }
  void Resync(ResyncRequest, Done<std::int64_t>) override { FAIL(); }
  void SetSourceCursor(std::string, std::optional<UnixNanos>, Done<SourceView>) override { FAIL(); }
  void Reconfigure(std::shared_ptr<const TenantRules>, LedgerLimits) override { FAIL(); }
  void GetRun(std::string, Done<RunView>) override { FAIL(); }
  void ListRuns(std::string, int, std::optional<std::int64_t>, Done<RunPage>) override { FAIL(); }
  void ListSources(int, std::string, Done<SourcePage>) override { FAIL(); }
  void GetLastSync(std::string, Done<LastSync>) override { FAIL(); }
  void WatchRun(std::string, std::uint64_t, std::function<void(absl::StatusOr<RunView>)>) override {
    FAIL();
  }
  void UnwatchRun(std::uint64_t) override { FAIL(); }

 private:
  void Tell(const ReadyState& ready) {
    if (const auto listener = this->listener()) listener(ready);
  }
  void Answer(const LeaseRequest& request, absl::AnyInvocable<void(Leased) &&> done) {
    Leased leased;
    {
      MutexLock lock(mutex_);
      leased.batches = outbox_.Lease(request, absl::Now());
      leased.ready = outbox_.Ready(absl::Now());
    }
    std::move(done)(std::move(leased));
  }

  mutable Mutex mutex_;
  std::condition_variable changed_;
  FakeOutbox outbox_ ABSL_GUARDED_BY(mutex_);
  std::function<void(ReadyState)> listener_ ABSL_GUARDED_BY(mutex_);
  bool keep_leases_ ABSL_GUARDED_BY(mutex_) = false;
  absl::AnyInvocable<void(Leased) &&> kept_ ABSL_GUARDED_BY(mutex_);
  LeaseRequest kept_request_ ABSL_GUARDED_BY(mutex_);
  DeliveryStatus status_ ABSL_GUARDED_BY(mutex_);
  int confirmed_ ABSL_GUARDED_BY(mutex_) = 0;
  int added_ ABSL_GUARDED_BY(mutex_) = 0;
};

// A Braze that takes what comes with one key, and everything only while it is let through.
class FakeBraze {
 public:
  FakeBraze() : server_([this](LoopbackConnection& connection) { Serve(connection); }) {}
  ~FakeBraze() { Let(true); }

  std::string url() const { return server_.Url(); }
  void Let(bool through) {
    MutexLock lock(mutex_);
    through_ = through;
    changed_.notify_all();
  }
  bool WaitForRequests(int requests) {
    std::unique_lock<std::mutex> lock(mutex_.native());
    return changed_.wait_for(
        lock, kPatience, [&]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return requests_ >= requests; });
  }
  int requests() {
    MutexLock lock(mutex_);
    return requests_;
  }

 private:
  void Serve(LoopbackConnection& connection) {
    while (const auto request = connection.ReadRequest()) {
      {
        std::unique_lock<std::mutex> lock(mutex_.native());
        Count();
        changed_.wait_for(lock, kPatience,
                          [&]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return through_; });
      }
      const bool good = request->head.find("Bearer good") != std::string::npos;
      connection.Answer(good ? "201 Created" : "401 Unauthorized", R"({"message":"success"})");
    }
  }
  void Count() ABSL_NO_THREAD_SAFETY_ANALYSIS {
    ++requests_;
    changed_.notify_all();
  }

  Mutex mutex_;
  std::condition_variable changed_;
  bool through_ ABSL_GUARDED_BY(mutex_) = true;
  int requests_ ABSL_GUARDED_BY(mutex_) = 0;
  LoopbackServer server_;
};

class DeliveryLoopTest : public ::testing::Test {
 protected:
  LaneOptions Options() {
    LaneOptions options;
    options.route.endpoint = braze_.url();
    return options;
  }
  LaneSetup Setup(const std::string& tenant, FakeLedger& ledger, std::string key = "good") {
    LaneSetup setup;
    setup.tenant = tenant;
    setup.ledger = &ledger;
    setup.options = Options();
    setup.read_api_key = [key = std::move(key)] { return key; };
    return setup;
  }
  // False: `done` was not called in time.
  bool Remove(const std::string& tenant) {
    const auto removed = std::make_shared<std::promise<void>>();
    std::future<void> done = removed->get_future();
    loop_.Remove(tenant, [removed] { removed->set_value(); });
    return done.wait_for(2 * kPatience) == std::future_status::ready;
  }

  static bool Confirmed(FakeLedger& ledger, int customers) {
    return ledger.WaitUntil([&](const FakeLedger& l) { return l.confirmed() == customers; });
  }

  TurnedClock clock_;
  FakeBraze braze_;
  FakeLedger acme_;
  FakeLedger beta_;
  DeliveryLoop loop_{clock_, CurlOptions{}};
};

TEST_F(DeliveryLoopTest, DeliversForALaneThatIsAddedWhileItRuns) {
  loop_.Start({Setup("acme", acme_)});
  acme_.Add(100);
  EXPECT_TRUE(Confirmed(acme_, 100));
  beta_.Add(100);
  loop_.Add(Setup("beta", beta_));
  EXPECT_TRUE(Confirmed(beta_, 100));
}

TEST_F(DeliveryLoopTest, WaitsForTheAnswersOfALaneThatIsRemoved) {
  loop_.Start({Setup("acme", acme_), Setup("beta", beta_)});
  braze_.Let(false);
  acme_.Add(75);
  ASSERT_TRUE(braze_.WaitForRequests(1));
  const auto removed = std::make_shared<std::promise<void>>();
  std::future<void> done = removed->get_future();
  loop_.Remove("acme", [removed] { removed->set_value(); });
  EXPECT_EQ(done.wait_for(std::chrono::milliseconds(200)), std::future_status::timeout);
  braze_.Let(true);
  ASSERT_EQ(done.wait_for(kPatience), std::future_status::ready);
  EXPECT_TRUE(Confirmed(acme_, 75));
  // Gone: what it is told now is nobody's, and the other goes on.
  const int before = braze_.requests();
  acme_.Add(75);
  beta_.Add(75);
  EXPECT_TRUE(Confirmed(beta_, 75));
  EXPECT_EQ(braze_.requests(), before + 1);
  EXPECT_TRUE(Confirmed(acme_, 75));
}

TEST_F(DeliveryLoopTest, GivesBackALeaseThatIsAnsweredWhileTheLaneLeaves) {
  loop_.Start({Setup("acme", acme_)});
  acme_.KeepLeases(true);
  acme_.Add(75);
  ASSERT_TRUE(acme_.WaitUntil([](const FakeLedger& ledger) { return ledger.keeps(); }));
  const auto removed = std::make_shared<std::promise<void>>();
  std::future<void> done = removed->get_future();
  loop_.Remove("acme", [removed] { removed->set_value(); });
  EXPECT_EQ(done.wait_for(std::chrono::milliseconds(100)), std::future_status::timeout);
  acme_.AnswerLease();
  ASSERT_EQ(done.wait_for(kPatience), std::future_status::ready);
  EXPECT_TRUE(acme_.WaitUntil([](const FakeLedger& ledger) { return ledger.leased() == 0; }));
  EXPECT_EQ(braze_.requests(), 0);
}

// A ledger that answers only after the lane has gone without it.
TEST_F(DeliveryLoopTest, TakesNoHarmFromALeaseThatIsAnsweredAfterTheLaneIsGone) {
  loop_.Start({Setup("acme", acme_), Setup("beta", beta_)});
  acme_.KeepLeases(true);
  acme_.Add(75);
  ASSERT_TRUE(acme_.WaitUntil([](const FakeLedger& ledger) { return ledger.keeps(); }));
  const auto removed = std::make_shared<std::promise<void>>();
  std::future<void> done = removed->get_future();
  loop_.Remove("acme", [removed] { removed->set_value(); });
  EXPECT_EQ(done.wait_for(std::chrono::milliseconds(100)), std::future_status::timeout);
  clock_.Forward(limits::kShutdownWait);
  ASSERT_EQ(done.wait_for(kPatience), std::future_status::ready) << "no longer than for answers";
  acme_.AnswerLease();
  acme_.listener()(ReadyState{});
  beta_.Add(75);
  EXPECT_TRUE(Confirmed(beta_, 75));
}

TEST_F(DeliveryLoopTest, TakesATenantBackAfterItWasRemoved) {
  loop_.Start({});
  for (int i = 1; i <= 20; ++i) {
    loop_.Add(Setup("acme", acme_));
    acme_.Add(75);
    ASSERT_TRUE(Confirmed(acme_, 75 * i));
    ASSERT_TRUE(Remove("acme"));
  }
}

TEST_F(DeliveryLoopTest, ReconfiguresALaneAndProbesAtOnce) {
  loop_.Start({Setup("acme", acme_, "bad")});
  acme_.Add(75);
  ASSERT_TRUE(acme_.WaitUntil([](const FakeLedger& ledger) {
    return ledger.status().cause == DeliveryStatus::Cause::kKeyRefused;
  }));
  loop_.Reconfigure("acme", Options(), [] { return std::string("good"); });
  EXPECT_TRUE(Confirmed(acme_, 75));
  loop_.Reconfigure("nobody", Options(), [] { return std::string("good"); });
}

TEST_F(DeliveryLoopTest, CallsDoneOfARemovalInEveryState) {
  loop_.Start({Setup("acme", acme_), Setup("beta", beta_)});
  EXPECT_TRUE(Remove("nobody"));
  braze_.Let(false);
  acme_.Add(75);
  ASSERT_TRUE(braze_.WaitForRequests(1));
  int done = 0;
  loop_.Remove("acme", [&] { ++done; });
  loop_.Remove("acme", [&] { ++done; });
  braze_.Let(true);
  loop_.Stop();
  EXPECT_EQ(done, 2) << "when the loop stops meanwhile";
  loop_.Remove("beta", [&] { ++done; });
  EXPECT_EQ(done, 3) << "and after it has stopped";
}

// Lanes of a group share one pace: ten a second, though each of them may have ten.
TEST_F(DeliveryLoopTest, SharesTheRateOfAGroup) {
  std::vector<LaneSetup> lanes;
  for (auto* ledger : {&acme_, &beta_}) {
    lanes.push_back(Setup(ledger == &acme_ ? "acme" : "beta", *ledger));
    lanes.back().options.objects_max = 1;
    lanes.back().options.pace = {10, absl::Seconds(1), 1};
    lanes.back().options.rate_limit_group = "company";
  }
  loop_.Start(std::move(lanes));
  const absl::Time start = absl::Now();
  acme_.Add(10);
  beta_.Add(10);
  EXPECT_TRUE(Confirmed(acme_, 10));
  EXPECT_TRUE(Confirmed(beta_, 10));
  EXPECT_GE(absl::Now() - start, absl::Seconds(1.7));
}

}  // namespace
}  // namespace peaksync

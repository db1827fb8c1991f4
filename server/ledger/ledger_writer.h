#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "server/base/limits.h"
#include "server/base/mutex.h"
#include "server/ledger/ledger.h"
#include "server/ledger/tenant_ledger.h"

namespace peaksync {

// What a commit was like, for metrics.
struct CommitReport {
  absl::Duration duration;
  ValueCounts change;        // Of the tenant's totals, pending included.
  std::int64_t updates = 0;  // Received in it.
  std::vector<Run> ended_runs;
  DeliveryStatus delivery;
};

// The one thread that writes a tenant's ledger. It takes whatever is waiting, up to a limit,
// applies it in one transaction, and only after COMMIT tells the waiters: an acknowledgement is a
// promise. While a commit waits for the disk the next group gathers, so that load makes groups
// larger, not latency longer; there is no timer. After a rest the first groups are small, so that a
// run's first requests are soon sent.
//
// Lifetime: Stop (or the destructor) lets what was given be committed and answered, then ends the
// thread. Thread safety: safe for concurrent use.
class LedgerWriter final : public Ledger {
 public:
  struct Listeners {  // Each may be empty.
    std::function<void(const CommitReport&)> committed = {};
    // The file cannot be written (UNAVAILABLE), is damaged for good (FAILED_PRECONDITION), or is
    // well again (OK): told when it changes.
    std::function<void(const absl::Status&)> health = {};
  };
  struct Options {
    LedgerLimits limits;
    // Bytes that are free where the ledger lies; empty: not looked at.
    std::function<absl::StatusOr<std::int64_t>()> free_disk;
  };

  LedgerWriter(std::unique_ptr<TenantLedger> ledger, const Clock& clock, Listeners listeners,
               Options options = {});
  ~LedgerWriter() override;
  void Stop();

  void StartRun(StartRequest request, Done<Run> done) override;
  void AcceptBatch(BatchRequest request, Done<BatchReceipt> done) override;
  void FinishRun(FinishRequest request, Done<Run> done) override;
  void EndStream(std::string run_id, StreamId stream) override;
  void CancelRun(std::string run_id, Done<RunView> done) override;
  void ListRejections(RejectionFilter filter, int page_size, std::int64_t after,
                      Done<RejectionPage> done) override;
  void RetryRejections(RetryRequest request, Done<RetryResult> done) override;
  void DiscardRejections(RejectionFilter filter, Done<std::int64_t> done) override;
  void Resync(ResyncRequest request, Done<std::int64_t> done) override;
  void SetSourceCursor(std::string source, std::optional<UnixNanos> cursor,
                       Done<SourceView> done) override;
  void Reconfigure(std::shared_ptr<const TenantRules> rules, LedgerLimits limits) override;
  void Lease(LeaseRequest request, absl::AnyInvocable<void(Leased) &&> done) override;
  void Settle(std::vector<ObjectOutcome> outcomes) override;
  void SetReadyListener(std::function<void(ReadyState)> listener) override;
  void SetDeliveryStatus(DeliveryStatus status) override;
  void GetRun(std::string run_id, Done<RunView> done) override;
  void ListRuns(std::string source, int page_size, std::optional<std::int64_t> before,
                Done<RunPage> done) override;
  void ListSources(int page_size, std::string after, Done<SourcePage> done) override;
  void GetLastSync(std::string source, Done<LastSync> done) override;
  void WatchRun(std::string run_id, std::uint64_t watch,
                std::function<void(absl::StatusOr<RunView>)> changed) override;
  void UnwatchRun(std::uint64_t watch) override;

 private:
  // Tells the waiter what became of a command, once it is durable or has failed.
  using Completion = absl::AnyInvocable<void(const absl::Status& committed) &&>;
  // Runs a command inside of the group; null: there is no group, only the waiter is to be told.
  using Write = absl::AnyInvocable<Completion(TenantLedger*)>;
  // Runs outside of the group, after it.
  using Read = absl::AnyInvocable<void(TenantLedger&)>;
  struct Job {
    Write write;  // One of the two.
    Read read;
    bool goes_first = false;              // `read` does not wait for the group.
    const BatchRequest* batch = nullptr;  // What `write` takes in; lives as long as that.
    std::int64_t weight = 1;              // In updates, for the limit of a group.
    bool needs_room = false;              // Waits while NoRoomReason says so.
    // Told once, why it waits for room.
    std::function<void(const std::string&)> held_back;
    std::string run_id;           // Waits behind batches of this run that wait for room.
    bool until_possible = false;  // Nobody waits for it, and it must not be lost: tried again.
  };
  struct Watcher {
    std::string run_id;
    std::uint64_t watch;
    std::function<void(absl::StatusOr<RunView>)> changed;
  };

  template <typename T, typename F>
  void Submit(Job job, Done<T> done, F command);
  template <typename T, typename F>
  void SubmitRead(Done<T> done, F command);
  void Push(Job job);

  void Loop();
  // Takes the next group; empty when it timed out. False: stopped, and nothing is left.
  bool TakeGroup(std::vector<Job>* group);
  bool HasWork();
  bool IsStopping();
  bool HasRoom() { return NoRoomReason().empty(); }
  std::string NoRoomReason();
  void ShowHealth(const absl::Status& committed);
  void ShowBackPressure();
  void RunGroup(std::vector<Job> group);
  void LookUpAhead(const std::vector<Job>& group);
  void Notify(const std::vector<std::string>& run_ids, bool all);
  void PublishReady();
  void Report(absl::Duration duration, std::int64_t updates, std::vector<Run> ended_runs);

  std::unique_ptr<TenantLedger> ledger_;  // The thread's own.
  const Clock& clock_;
  Listeners listeners_;
  Options options_;      // The thread's own, and so are all up to mutex_.
  std::string no_room_;  // Why batches are deferred; empty: they are not.
  std::vector<std::function<void(const std::string&)>> held_back_;  // To be told of it.
  std::string back_pressure_;                                       // As it is shown.
  std::string low_disk_;  // Why free_disk is too little; empty: it is not.
  absl::Time disk_looked_at_ = absl::InfinitePast();
  absl::Status health_;
  std::vector<Watcher> watchers_;
  std::function<void(ReadyState)> ready_listener_;
  ReadyState published_;
  ValueCounts reported_;
  std::int64_t group_max_ = limits::kFirstGroupUpdatesMax;  // Of the next one, in updates.
  std::vector<Job> deferred_;                               // Wait for room.
  std::vector<Job> retries_;                                // Wait for the disk.

  Mutex mutex_;
  std::condition_variable wake_;
  std::vector<Job> queue_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace peaksync

#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "server/delivery/lane.h"
#include "server/ledger/tenant_ledger.h"
#include "server/rules/attribute_catalog.h"
#include "tests/simulation/checker.h"
#include "tests/simulation/pace_watch.h"
#include "tests/simulation/scenario.h"
#include "tests/simulation/simulated_braze.h"
#include "tests/simulation/update_maker.h"
#include "tests/simulation/virtual_disk.h"
#include "tests/simulation/world.h"

namespace peaksync::simulation {

// A service of one tenant in virtual time: the real TenantLedger and Lane, between them what
// LedgerWriter and DeliveryLoop do, without their threads: commands gather into groups, a group is
// one transaction, and who waits is told after it; between ledger and lane there are queues. It
// can be killed at any operation of the disk, and started again.
class ServiceLoop final : public LaneHost {
 public:
  template <typename T>
  using Done = std::function<void(absl::StatusOr<T>)>;
  struct BatchCall {
    std::string run_id;
    std::string source;
    RunMode mode = RunMode::kIncremental;
    std::int64_t default_updated_at = 0;
    StreamId stream = 0;
    std::int64_t sequence = 0;
    std::shared_ptr<const MadeBatch> batch;
  };

  ServiceLoop(World& world, const Scenario& scenario, VirtualDisk& disk, SimulatedBraze& braze,
              Checker& checker, std::string path);
  ~ServiceLoop() override;

  // Whether streams and calls are taken.
  bool up() const { return process_ != nullptr && !process_->ending; }
  // Starts it, when it is not there; tries again while the disk fails.
  void Start();
  // kill -9 or a power cut, now or at the n-th operation of the disk from now.
  void Kill(VirtualDisk::Loss loss);
  void KillAfter(int operations, VirtualDisk::Loss loss);
  // SIGTERM; it comes back.
  void Terminate();
  // Told when all streams break.
  void OnDown(std::function<void()> down) { down_.push_back(std::move(down)); }
  void SetKeyMissing(bool missing) { key_missing_ = missing; }

  // As of Ledger. `done` is not called when the process dies before it is told.
  void StartRun(StartRequest request, Done<Run> done);
  void AcceptBatch(const BatchCall& call, Done<BatchReceipt> done);
  void FinishRun(FinishRequest request, Done<Run> done);
  void EndStream(const std::string& run_id, StreamId stream);
  void CancelRun(const std::string& run_id);
  void RetryRejections();
  void DiscardRejections();
  // Index of a customer, or -1: of all.
  void Resync(int customer, const std::string& attribute);
  void Reload(std::shared_ptr<const TenantRules> rules);
  // The configuration names a new workspace: nothing is sent until a person rebinds the ledger.
  void MoveWorkspace();
  // Copies the ledger, and puts the last copy in its place. The latter stops the service, unless it
  // is down already.
  void BackUp();
  void Restore();
  // Less than min_free_disk is free: batches wait.
  void SetDiskLow(bool low) { disk_is_low_ = low; }

  // Nothing is queued, leased or pending.
  bool IsQuiet() const;
  TenantLedger* ledger() { return process_ == nullptr ? nullptr : process_->ledger.get(); }

  // LaneHost.
  void Lease(const LeaseRequest& request) override;
  void Send(RequestId id, HttpRequest request) override;
  void Settle(std::vector<ObjectOutcome> outcomes) override;
  void WakeAt(absl::Time when) override;
  void ShowStatus(const DeliveryStatus& status) override;
  void Report(const ExchangeReport&) override {}
  absl::StatusOr<std::string> ReadApiKey() override;

 private:
  using Completion = std::function<void(const absl::Status& committed)>;
  struct Job {
    std::function<Completion(TenantLedger*)> write = nullptr;
    std::function<void(TenantLedger&)> read = nullptr;
    std::shared_ptr<BatchRequest> batch = nullptr;  // What `write` takes in.
    std::int64_t weight = 1;
    bool needs_room = false;
    std::string run_id = {};
    bool until_possible = false;
  };
  struct Process {
    std::unique_ptr<TenantLedger> ledger;
    std::shared_ptr<const TenantRules> rules;    // Of the ledger.
    std::shared_ptr<const TenantRules> read_by;  // Of the catalog.
    std::shared_ptr<AttributeCatalog> catalog;
    std::unique_ptr<Lane> lane;  // Ends before the ledger.
    std::vector<Job> queue;
    std::vector<Job> deferred;
    std::vector<Job> retries;
    bool guarded = false;  // The ledger is of another workspace.
    bool saw_low_disk = false;
    bool held_for_disk = false;
    absl::Time disk_looked_at = absl::InfinitePast();
    std::deque<std::function<void(Lane&)>> posts;
    ReadyState published;
    bool group_due = false;
    bool post_due = false;
    bool ending = false;    // SIGTERM.
    bool stopping = false;  // The writer lets what was given be committed, and ends.
    std::uint64_t idle_turn = 0;
    std::uint64_t wake = 0;
    PaceWatch pace;
    absl::Time term_by;

    explicit Process(const PaceOptions& options) : pace(options) {}
  };

  TenantLedgerOptions LedgerOptions();
  void TryAgain(const absl::Status& why);
  absl::Status InOneGroup(const std::function<absl::Status(TenantLedger&)>& command);
  absl::Status PrepareLedger();
  void Rebind();
  bool HasDisk();
  // Runs it unless this process is gone by then.
  void Later(absl::Duration delay, std::function<void()> what);
  void Bury();
  bool Died();
  void BreakStreams();
  void EndPolitely();

  void Push(Job job);
  template <typename T, typename F>
  void Submit(Job job, Done<T> done, F command);
  void ScheduleGroup();
  void Turn(bool idle);
  std::vector<Job> TakeGroup();
  bool RunGroup(std::vector<Job> group);
  bool Write(std::vector<Job>& group, bool expire);
  void LookUpAhead(TenantLedger& ledger, const std::vector<Job>& group);
  void ScheduleIdleTurn();
  void Post(std::function<void(Lane&)> post);

  World& world_;
  const Scenario& scenario_;
  VirtualDisk& disk_;
  SimulatedBraze& braze_;
  Checker& checker_;
  const std::string path_;
  std::shared_ptr<const TenantRules> configured_;
  std::unique_ptr<Process> process_;
  std::uint64_t incarnation_ = 0;
  bool was_folding_ = false;
  bool has_table_copy_ = false;
  bool starting_ = false;
  VirtualDisk::Loss loss_ = VirtualDisk::Loss::kNothing;  // At the next death.
  bool key_missing_ = false;
  int workspace_ = 1;  // By the configuration.
  bool rebinding_ = false;
  bool restoring_ = false;
  VirtualDisk::Image backup_;  // Empty: there is none.
  bool disk_is_low_ = false;
  std::vector<std::function<void()>> down_;
};

}  // namespace peaksync::simulation

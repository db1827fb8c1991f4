#include "server/ledger/ledger_writer.h"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <utility>

#include "server/base/limits.h"
#include "server/domain/concat.h"

namespace peaksync {
namespace {

// How often a writer without work looks after runs without streams, and after a disk that failed.
constexpr std::chrono::seconds kIdleTurn{1};
constexpr absl::Duration kDiskLookedAtEvery = absl::Seconds(1);

ValueCounts Minus(const ValueCounts& a, const ValueCounts& b) {
  return {a.received - b.received, a.unchanged - b.unchanged,   a.stale - b.stale,
          a.invalid - b.invalid,   a.superseded - b.superseded, a.confirmed - b.confirmed,
          a.rejected - b.rejected, a.discarded - b.discarded,   a.pending - b.pending};
}

}  // namespace

LedgerWriter::LedgerWriter(std::unique_ptr<TenantLedger> ledger, const Clock& clock,
                           Listeners listeners, Options options)
    : ledger_(std::move(ledger)),
      clock_(clock),
      listeners_(std::move(listeners)),
      options_(std::move(options)),
      reported_(ledger_->totals()),
      thread_([this] { Loop(); }) {}

LedgerWriter::~LedgerWriter() { Stop(); }

void LedgerWriter::Stop() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void LedgerWriter::Push(Job job) {
  {
    MutexLock lock(mutex_);
    queue_.push_back(std::move(job));
  }
  wake_.notify_one();
}

void LedgerWriter::Loop() {
  std::vector<Job> group;
  while (TakeGroup(&group)) {
    const bool idle = group.empty();
    // Without the queue's lock: whoever is told may be giving a command at the same moment.
    for (const auto& held_back : std::exchange(held_back_, {})) held_back(no_room_);
    RunGroup(std::exchange(group, {}));
    ShowBackPressure();
    PublishReady();
    while (idle && !HasWork() && ledger_->FoldIdle()) {
    }
    ledger_->Checkpoint(idle);  // After the waiters were told.
  }
  ledger_->Close();
  ledger_->Checkpoint(/*idle=*/true);
}

bool LedgerWriter::TakeGroup(std::vector<Job>* group) {
  std::unique_lock<std::mutex> lock(mutex_.native());
  wake_.wait_for(lock, kIdleTurn, [&]() ABSL_NO_THREAD_SAFETY_ANALYSIS {
    return stopping_ || !queue_.empty() || (!deferred_.empty() && HasRoom());
  });
  [&]() ABSL_NO_THREAD_SAFETY_ANALYSIS {
    *group = std::exchange(retries_, {});
    std::vector<Job> waiting = std::exchange(deferred_, {});
    std::ranges::move(std::exchange(queue_, {}), std::back_inserter(waiting));
    std::int64_t weight = 0;
    std::int64_t taken = 0;
    no_room_ = NoRoomReason();
    bool full = false;
    const auto waits_for_room = [&](const Job& job) {  // With batches that came before it.
      return !job.run_id.empty() &&
             std::ranges::find(deferred_, job.run_id, &Job::run_id) != deferred_.end();
    };
    for (Job& job : waiting) {
      weight += job.weight;
      full |= weight > group_max_ && !group->empty();
      // Jobs that are put back keep their order; batches of one stream never overtake each other.
      if (full && !job.goes_first) {
        queue_.push_back(std::move(job));
      } else if (!stopping_ && ((job.needs_room && !no_room_.empty()) || waits_for_room(job))) {
        weight -= job.weight;
        if (job.held_back) held_back_.push_back(std::exchange(job.held_back, nullptr));
        deferred_.push_back(std::move(job));
      } else {
        taken = weight;
        group->push_back(std::move(job));
      }
    }
    if (group->empty()) {
      group_max_ = limits::kFirstGroupUpdatesMax;
    } else if (full || taken >= group_max_) {
      group_max_ = std::min<std::int64_t>(2 * group_max_, limits::kGroupCommitUpdatesMax);
    }
  }();
  const bool stopping = [&]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return stopping_; }();
  return !stopping || !group->empty();
}

std::string LedgerWriter::NoRoomReason() {
  if (std::string reason = ledger_->NoRoomReason(); !reason.empty()) return reason;
  if (options_.limits.min_free_disk <= 0 || !options_.free_disk) return "";
  const absl::Time now = clock_.Steady();
  if (now - disk_looked_at_ < kDiskLookedAtEvery) return low_disk_;
  disk_looked_at_ = now;
  low_disk_.clear();
  const absl::StatusOr<std::int64_t> free = options_.free_disk();
  if (!free.ok() || *free < options_.limits.min_free_disk) {
    low_disk_ = free.ok() ? Concat("the service's disk has ", *free,
                                   " bytes free, min_free_disk is ", options_.limits.min_free_disk)
                          : std::string(free.status().message());
  }
  return low_disk_;
}

void LedgerWriter::ShowBackPressure() {
  std::string reason = deferred_.empty() ? "" : no_room_;
  if (!health_.ok()) reason = std::string(health_.message());
  if (reason.empty() == back_pressure_.empty()) return;  // Not again for every byte.
  back_pressure_ = std::move(reason);
  ledger_->SetBackPressure(back_pressure_);
  Notify({}, /*all=*/true);
}

void LedgerWriter::ShowHealth(const absl::Status& committed) {
  if (committed.code() == health_.code()) return;
  health_ = committed;
  if (listeners_.health) listeners_.health(committed);
}

bool LedgerWriter::HasWork() {
  MutexLock lock(mutex_);
  return stopping_ || !queue_.empty();
}

bool LedgerWriter::IsStopping() {
  MutexLock lock(mutex_);
  return stopping_;
}

void LedgerWriter::RunGroup(std::vector<Job> group) {
  for (Job& job : group) {
    if (job.goes_first) std::exchange(job.read, nullptr)(*ledger_);
  }
  const bool expire = ledger_->HasExpiredRuns();
  const bool writes = expire || std::ranges::any_of(group, [](const Job& job) {
                        return static_cast<bool>(job.write);
                      });
  absl::Status committed;
  std::vector<Completion> completions;
  std::int64_t updates = 0;
  if (writes) {
    const absl::Time start = clock_.Steady();
    committed = ledger_->Begin();
    const bool begun = committed.ok();
    if (begun) LookUpAhead(group);
    for (Job& job : group) {
      if (!job.write) continue;
      if (!begun && job.until_possible) {
        // At the end, or when the ledger is damaged for good, it is given up: its values still
        // stand in the outbox.
        if (absl::IsUnavailable(committed) && !IsStopping()) retries_.push_back(std::move(job));
        continue;
      }
      if (job.needs_room) updates += job.weight;
      completions.push_back(job.write(begun ? ledger_.get() : nullptr));
    }
    if (begun) {
      if (expire) ledger_->ExpireRuns();
      committed = ledger_->Commit();
    }
    ShowHealth(committed);
    for (Completion& completion : completions) {
      if (completion) std::move(completion)(committed);
    }
    if (committed.ok()) {
      Report(clock_.Steady() - start, updates, ledger_->ended_runs());
      Notify(ledger_->changed_runs(), /*all=*/false);
    }
  }
  for (Job& job : group) {
    if (job.read) job.read(*ledger_);
  }
}

void LedgerWriter::LookUpAhead(const std::vector<Job>& group) {
  std::vector<const BatchRequest*> batches;
  for (const Job& job : group) {
    if (job.batch != nullptr) batches.push_back(job.batch);
  }
  if (batches.size() > 1) ledger_->LookUpAhead(batches);
}

void LedgerWriter::Notify(const std::vector<std::string>& run_ids, bool all) {
  for (const Watcher& watcher : watchers_) {
    if (!all && std::ranges::find(run_ids, watcher.run_id) == run_ids.end()) continue;
    watcher.changed(ledger_->GetRun(watcher.run_id));
  }
}

void LedgerWriter::PublishReady() {
  if (!ready_listener_) return;
  const ReadyState ready = ledger_->Ready();
  if (ready == published_) return;
  published_ = ready;
  ready_listener_(ready);
}

void LedgerWriter::Report(absl::Duration duration, std::int64_t updates,
                          std::vector<Run> ended_runs) {
  if (!listeners_.committed) return;
  const ValueCounts totals = ledger_->totals();
  listeners_.committed(
      {duration, Minus(totals, reported_), updates, std::move(ended_runs), ledger_->delivery()});
  reported_ = totals;
}

}  // namespace peaksync

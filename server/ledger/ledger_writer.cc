#include "server/ledger/ledger_writer.h"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <utility>

#include "server/base/limits.h"

namespace peaksync {
namespace {

// How often a writer without work looks after runs without streams, and after a disk that failed.
constexpr std::chrono::seconds kIdleTurn{1};

ValueCounts Minus(const ValueCounts& a, const ValueCounts& b) {
  return {a.received - b.received, a.unchanged - b.unchanged,   a.stale - b.stale,
          a.invalid - b.invalid,   a.superseded - b.superseded, a.confirmed - b.confirmed,
          a.rejected - b.rejected, a.discarded - b.discarded,   a.pending - b.pending};
}

}  // namespace

LedgerWriter::LedgerWriter(std::unique_ptr<TenantLedger> ledger, const Clock& clock,
                           Listeners listeners)
    : ledger_(std::move(ledger)),
      clock_(clock),
      listeners_(std::move(listeners)),
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

template <typename T, typename F>
void LedgerWriter::Submit(Job job, Done<T> done, F command) {
  job.write = [done = std::move(done), command = std::move(command)](TenantLedger* ledger) mutable {
    absl::StatusOr<T> result = absl::UnknownError("the command did not run");
    if (ledger != nullptr) result = command(*ledger);
    return Completion([done = std::move(done),
                       result = std::move(result)](const absl::Status& committed) mutable {
      if (committed.ok()) {
        std::move(done)(std::move(result));
      } else {
        std::move(done)(committed);
      }
    });
  };
  Push(std::move(job));
}

template <typename T, typename F>
void LedgerWriter::SubmitRead(Done<T> done, F command) {
  Job job;
  job.read = [done = std::move(done), command = std::move(command)](TenantLedger& ledger) mutable {
    std::move(done)(command(ledger));
  };
  Push(std::move(job));
}

void LedgerWriter::StartRun(StartRequest request, Done<Run> done) {
  Submit<Run>(Job(), std::move(done), [request = std::move(request)](TenantLedger& ledger) {
    return ledger.StartRun(request);
  });
}

void LedgerWriter::AcceptBatch(BatchRequest request, Done<BatchReceipt> done) {
  Job job;
  job.weight = static_cast<std::int64_t>(request.updates.size());
  job.needs_room = true;
  job.run_id = request.run_id;
  Submit<BatchReceipt>(std::move(job), std::move(done),
                       [request = std::move(request)](TenantLedger& ledger) mutable {
                         return ledger.AcceptBatch(request);
                       });
}

void LedgerWriter::FinishRun(FinishRequest request, Done<Run> done) {
  Job job;
  job.run_id = request.run_id;
  Submit<Run>(
      std::move(job), std::move(done),
      [request = std::move(request)](TenantLedger& ledger) { return ledger.FinishRun(request); });
}

// Takes its turn among the commands that write: a run that is started next must find it done.
void LedgerWriter::EndStream(std::string run_id, StreamId stream) {
  Job job;
  job.until_possible = true;
  job.write = [run_id = std::move(run_id), stream](TenantLedger* ledger) -> Completion {
    ledger->EndStream(run_id, stream);
    return nullptr;
  };
  Push(std::move(job));
}

void LedgerWriter::Lease(LeaseRequest request, absl::AnyInvocable<void(Leased) &&> done) {
  Job job;
  job.read = [this, request, done = std::move(done)](TenantLedger& ledger) mutable {
    Leased leased{ledger.Lease(request), ledger.Ready()};
    published_ = leased.ready;
    std::move(done)(std::move(leased));
  };
  Push(std::move(job));
}

void LedgerWriter::Settle(std::vector<ObjectOutcome> outcomes) {
  Job job;
  job.weight = static_cast<std::int64_t>(outcomes.size());
  job.until_possible = true;
  job.write = [outcomes = std::move(outcomes)](TenantLedger* ledger) -> Completion {
    ledger->Settle(outcomes);
    return nullptr;
  };
  Push(std::move(job));
}

void LedgerWriter::SetReadyListener(std::function<void(ReadyState)> listener) {
  Job job;
  job.read = [this, listener = std::move(listener)](TenantLedger&) mutable {
    ready_listener_ = std::move(listener);
    published_ = {};
  };
  Push(std::move(job));
}

void LedgerWriter::SetDeliveryStatus(DeliveryStatus status) {
  Job job;
  job.read = [this, status = std::move(status)](TenantLedger& ledger) mutable {
    ledger.SetDeliveryStatus(std::move(status));
    Notify({}, /*all=*/true);
    Report(absl::ZeroDuration(), 0, {});
  };
  Push(std::move(job));
}

void LedgerWriter::GetRun(std::string run_id, Done<RunView> done) {
  SubmitRead<RunView>(std::move(done), [run_id = std::move(run_id)](TenantLedger& ledger) {
    return ledger.GetRun(run_id);
  });
}

void LedgerWriter::ListRuns(std::string source, int page_size, std::optional<std::int64_t> before,
                            Done<RunPage> done) {
  SubmitRead<RunPage>(std::move(done),
                      [source = std::move(source), page_size, before](TenantLedger& ledger) {
                        return ledger.ListRuns(source, page_size, before);
                      });
}

void LedgerWriter::ListSources(int page_size, std::string after, Done<SourcePage> done) {
  SubmitRead<SourcePage>(std::move(done),
                         [page_size, after = std::move(after)](TenantLedger& ledger) {
                           return ledger.ListSources(page_size, after);
                         });
}

void LedgerWriter::GetLastSync(std::string source, Done<LastSync> done) {
  SubmitRead<LastSync>(std::move(done), [source = std::move(source)](TenantLedger& ledger) {
    return ledger.GetLastSync(source);
  });
}

void LedgerWriter::WatchRun(std::string run_id, std::uint64_t watch,
                            std::function<void(RunView)> changed) {
  Job job;
  job.read = [this, watcher = Watcher{std::move(run_id), watch, std::move(changed)}](
                 TenantLedger&) mutable { watchers_.push_back(std::move(watcher)); };
  Push(std::move(job));
}

void LedgerWriter::UnwatchRun(std::uint64_t watch) {
  Job job;
  job.read = [this, watch](TenantLedger&) {
    std::erase_if(watchers_, [&](const Watcher& watcher) { return watcher.watch == watch; });
  };
  Push(std::move(job));
}

void LedgerWriter::Loop() {
  std::vector<Job> group;
  while (TakeGroup(&group)) {
    const bool idle = group.empty();
    RunGroup(std::exchange(group, {}));
    PublishReady();
    ledger_->Checkpoint(idle);  // After the waiters were told.
  }
  ledger_->Close();
  ledger_->Checkpoint(/*idle=*/true);
}

bool LedgerWriter::TakeGroup(std::vector<Job>* group) {
  std::unique_lock<std::mutex> lock(mutex_.native());
  wake_.wait_for(lock, kIdleTurn, [&]() ABSL_NO_THREAD_SAFETY_ANALYSIS {
    return stopping_ || !queue_.empty() || (!deferred_.empty() && ledger_->HasRoom());
  });
  [&]() ABSL_NO_THREAD_SAFETY_ANALYSIS {
    *group = std::exchange(retries_, {});
    std::vector<Job> waiting = std::exchange(deferred_, {});
    std::ranges::move(std::exchange(queue_, {}), std::back_inserter(waiting));
    std::int64_t weight = 0;
    const bool room = ledger_->HasRoom();
    bool full = false;
    const auto waits_for_room = [&](const Job& job) {  // With batches that came before it.
      return !job.run_id.empty() &&
             std::ranges::find(deferred_, job.run_id, &Job::run_id) != deferred_.end();
    };
    for (Job& job : waiting) {
      weight += job.weight;
      full |= weight > limits::kGroupCommitUpdatesMax && !group->empty();
      // Jobs that are put back keep their order; batches of one stream never overtake each other.
      if (full) {
        queue_.push_back(std::move(job));
      } else if (!stopping_ && ((job.needs_room && !room) || waits_for_room(job))) {
        weight -= job.weight;
        deferred_.push_back(std::move(job));
      } else {
        group->push_back(std::move(job));
      }
    }
  }();
  const bool stopping = [&]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return stopping_; }();
  return !stopping || !group->empty();
}

bool LedgerWriter::IsStopping() {
  MutexLock lock(mutex_);
  return stopping_;
}

void LedgerWriter::RunGroup(std::vector<Job> group) {
  const bool expire = ledger_->HasExpiredRuns();
  const bool writes = expire || std::ranges::any_of(group, [](const Job& job) {
                        return static_cast<bool>(job.write);
                      });
  absl::Status committed;
  std::vector<Completion> completions;
  std::int64_t updates = 0;
  if (writes) {
    const absl::Time start = clock_.Now();
    committed = ledger_->Begin();
    const bool begun = committed.ok();
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
    for (Completion& completion : completions) {
      if (completion) std::move(completion)(committed);
    }
    if (committed.ok()) {
      Report(clock_.Now() - start, updates, ledger_->ended_runs());
      Notify(ledger_->changed_runs(), /*all=*/false);
    }
  }
  for (Job& job : group) {
    if (job.read) job.read(*ledger_);
  }
}

void LedgerWriter::Notify(const std::vector<std::string>& run_ids, bool all) {
  for (const Watcher& watcher : watchers_) {
    if (!all && std::ranges::find(run_ids, watcher.run_id) == run_ids.end()) continue;
    absl::StatusOr<RunView> view = ledger_->GetRun(watcher.run_id);
    if (view.ok()) watcher.changed(*std::move(view));
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

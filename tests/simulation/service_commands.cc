// The ledger's writer without its thread: groups, and the commands in them. What a group does is
// what server/ledger/ledger_writer.cc does.
#include <algorithm>
#include <iterator>
#include <utility>

#include "server/api/decode.h"
#include "server/base/limits.h"
#include "tests/simulation/service_loop.h"

namespace peaksync::simulation {

void ServiceLoop::Push(Job job) {
  process_->queue.push_back(std::move(job));
  ScheduleGroup();
}

void ServiceLoop::ScheduleGroup() {
  if (process_->stopping || std::exchange(process_->group_due, true)) return;
  const bool slow = world_.random.Chance(10);
  Later(absl::Microseconds(world_.random.Between(0, slow ? 50'000 : 2'000)), [this] {
    process_->group_due = false;
    Turn(/*idle=*/false);
  });
}

void ServiceLoop::Turn(bool idle) {
  if (disk_.dead() || process_->stopping) return;
  if (!RunGroup(TakeGroup())) return;
  const ReadyState ready = process_->ledger->Ready();
  if (ready != process_->published) {
    process_->published = ready;
    Post([this, ready](Lane& lane) { lane.OnReady(ready, world_.Steady()); });
  }
  process_->ledger->Checkpoint(idle);
  if (disk_.dead()) world_.coverage.Count(Seen::kDiedInCheckpoint);
  if (Died()) return;
  if (!process_->queue.empty()) ScheduleGroup();
  ScheduleIdleTurn();
}

// The writer looks up once a second; where nothing can come of that it looks up less often here.
void ServiceLoop::ScheduleIdleTurn() {
  const std::uint64_t turn = ++process_->idle_turn;
  Later(absl::Seconds(1), [this, turn] {
    if (turn != process_->idle_turn || process_->group_due) return;
    Turn(/*idle=*/true);
    if (process_ == nullptr || !process_->retries.empty() || !process_->deferred.empty()) return;
    const std::uint64_t next = ++process_->idle_turn;
    Later(absl::Minutes(10), [this, next] {
      if (next == process_->idle_turn && !process_->group_due) Turn(/*idle=*/true);
    });
  });
}

std::vector<ServiceLoop::Job> ServiceLoop::TakeGroup() {
  Process& process = *process_;
  std::vector<Job> group = std::exchange(process.retries, {});
  std::vector<Job> waiting = std::exchange(process.deferred, {});
  std::ranges::move(std::exchange(process.queue, {}), std::back_inserter(waiting));
  std::int64_t weight = 0;
  const bool has_disk = HasDisk();
  const bool room = process.ledger->NoRoomReason().empty() && has_disk;
  bool full = false;
  const auto waits_for_room = [&](const Job& job) {
    return !job.run_id.empty() &&
           std::ranges::find(process.deferred, job.run_id, &Job::run_id) != process.deferred.end();
  };
  for (Job& job : waiting) {
    weight += job.weight;
    full |= weight > scenario_.group_updates_max && !group.empty();
    if (full) {
      process.queue.push_back(std::move(job));
    } else if (!process.stopping && ((job.needs_room && !room) || waits_for_room(job))) {
      weight -= job.weight;
      world_.coverage.Count(has_disk ? Seen::kBackPressure : Seen::kDiskLow);
      process.held_for_disk |= !has_disk;
      process.deferred.push_back(std::move(job));
    } else {
      group.push_back(std::move(job));
    }
  }
  return group;
}

// False: the process has died.
bool ServiceLoop::RunGroup(std::vector<Job> group) {
  const bool expire = process_->ledger->HasExpiredRuns();
  const bool writes = expire || std::ranges::any_of(group, [](const Job& job) {
                        return static_cast<bool>(job.write);
                      });
  if (writes && !Write(group, expire)) return false;
  for (Job& job : group) {
    if (job.read) job.read(*process_->ledger);
    if (Died()) return false;
  }
  return !world_.broken();
}

bool ServiceLoop::Write(std::vector<Job>& group, bool expire) {
  TenantLedger& ledger = *process_->ledger;
  std::vector<Completion> completions;
  absl::Status committed = ledger.Begin();
  const bool begun = committed.ok();
  const bool had_copy = std::exchange(has_table_copy_, ledger.has_table_copy());
  if (has_table_copy_ && !had_copy) world_.coverage.Count(Seen::kTableCopied);
  if (begun) checker_.GroupBegun();
  if (begun && world_.random.Chance(50)) LookUpAhead(ledger, group);
  for (Job& job : group) {
    if (!job.write) continue;
    if (!begun && job.until_possible) {
      if (absl::IsUnavailable(committed) && !process_->stopping) {
        process_->retries.push_back(std::move(job));
        job.write = nullptr;
      }
      continue;
    }
    completions.push_back(job.write(begun ? &ledger : nullptr));
  }
  if (begun) {
    if (expire) ledger.ExpireRuns();
    checker_.BeforeCommit(ledger);
    const bool folds = ledger.folds();
    committed = ledger.Commit();
    if (disk_.dead()) {
      world_.coverage.Count(folds ? Seen::kDiedInFold : Seen::kDiedInCommit);
    } else if (was_folding_ && !folds && committed.ok()) {
      world_.coverage.Count(Seen::kFolded);
    }
    was_folding_ = folds;
    checker_.GroupEnded(ledger, disk_.dead() ? absl::UnavailableError("died") : committed);
  }
  if (Died()) return false;
  if (!committed.ok()) {
    world_.Tell("ledger: group failed: ", committed.message());
    world_.coverage.Count(Seen::kCommitFailed);
    if (has_table_copy_) world_.coverage.Count(Seen::kFailedWithTableCopy);
    if (!absl::IsUnavailable(committed)) {
      world_.Break("rule 3: the ledger is damaged: ", committed.ToString());
    }
  }
  for (Completion& completion : completions) {
    if (completion) completion(committed);
  }
  return !world_.broken();
}

// The service does so for groups of many batches; here for any, and not always: what an earlier
// group has looked up must do no harm.
void ServiceLoop::LookUpAhead(TenantLedger& ledger, const std::vector<Job>& group) {
  std::vector<const BatchRequest*> batches;
  for (const Job& job : group) {
    if (job.batch != nullptr) batches.push_back(job.batch.get());
  }
  if (batches.empty()) return;
  ledger.LookUpAhead(batches);
  world_.coverage.Count(Seen::kLookedUpAhead);
}

template <typename T, typename F>
void ServiceLoop::Submit(Job job, Done<T> done, F command) {
  job.write = [this, done = std::move(done), command](TenantLedger* ledger) mutable -> Completion {
    absl::StatusOr<T> result = absl::UnknownError("the command did not run");
    if (ledger != nullptr) result = command(*ledger);
    return [this, done, result = std::move(result)](const absl::Status& committed) {
      // The answer is on its way for a while, and may be lost on it.
      Later(absl::Microseconds(world_.random.Between(0, 20'000)),
            [done, told = committed.ok() ? result : absl::StatusOr<T>(committed)] { done(told); });
    };
  };
  Push(std::move(job));
}

void ServiceLoop::StartRun(StartRequest request, Done<Run> done) {
  Submit<Run>({}, std::move(done), [this, request](TenantLedger& ledger) {
    absl::StatusOr<Run> run = ledger.StartRun(request);
    if (run.ok()) checker_.RunKnown(*run);
    return run;
  });
}

void ServiceLoop::AcceptBatch(const BatchCall& call, Done<BatchReceipt> done) {
  BatchRequest request{.run_id = call.run_id, .stream = call.stream, .sequence = call.sequence};
  request.catalog = process_->catalog;
  const DecodeContext context{*process_->catalog, call.source, call.default_updated_at,
                              world_.NowNanos()};
  for (const MadeUpdate& update : call.batch->updates) {
    request.updates.push_back(
        DecodeUpdate(update.message, static_cast<std::uint32_t>(request.updates.size()), context));
  }
  Job job;
  job.weight = static_cast<std::int64_t>(request.updates.size());
  job.needs_room = true;
  job.run_id = call.run_id;
  job.batch = std::make_shared<BatchRequest>(std::move(request));
  Submit<BatchReceipt>(
      std::move(job), std::move(done),
      [this, call, batch = job.batch, decode_time = world_.NowNanos(),
       decoded_by = process_->read_by](TenantLedger& ledger) mutable {
        const ValueCounts before = ledger.totals();
        auto receipt = ledger.AcceptBatch(*batch);
        // Of a group that is spoilt nothing is known.
        if (receipt.ok() || !absl::IsUnavailable(receipt.status())) {
          checker_.BatchTaken(
              {call.run_id, call.source, call.mode, call.sequence, call.default_updated_at,
               decode_time, call.batch.get(), decoded_by.get(), process_->rules.get()},
              receipt, before, ledger.totals());
        }
        return receipt;
      });
}

void ServiceLoop::FinishRun(FinishRequest request, Done<Run> done) {
  Job job;
  job.run_id = request.run_id;
  Submit<Run>(std::move(job), std::move(done),
              [request](TenantLedger& ledger) { return ledger.FinishRun(request); });
}

void ServiceLoop::EndStream(const std::string& run_id, StreamId stream) {
  if (process_ == nullptr || disk_.dead()) return;
  Job job;
  job.until_possible = true;
  job.write = [run_id, stream](TenantLedger* ledger) -> Completion {
    ledger->EndStream(run_id, stream);
    return nullptr;
  };
  Push(std::move(job));
}

void ServiceLoop::CancelRun(const std::string& run_id) {
  Submit<RunView>(
      {}, [](const absl::StatusOr<RunView>&) {},
      [this, run_id](TenantLedger& ledger) {
        const ValueCounts before = ledger.totals();
        absl::StatusOr<RunView> view = ledger.CancelRun(run_id);
        if (view.ok()) checker_.Canceled(run_id, before, ledger.totals());
        return view;
      });
}

void ServiceLoop::RetryRejections() {
  Submit<RetryResult>(
      {}, [](const absl::StatusOr<RetryResult>&) {},
      [this, catalog = process_->catalog](TenantLedger& ledger) -> absl::StatusOr<RetryResult> {
        const absl::StatusOr<RejectionPage> page = ledger.ListRejections({}, 1'000, 0);
        RetryRequest request;
        request.catalog = catalog;
        absl::StatusOr<RetryResult> result = ledger.RetryRejections(request);
        if (page.ok()) {
          checker_.Retried(page->rejections, result.ok() ? result->runs : std::vector<Run>());
        }
        if (!result.ok()) return result;
        for (const Run& run : result->runs) checker_.RunKnown(run);
        return result;
      });
}

void ServiceLoop::DiscardRejections() {
  Submit<std::int64_t>(
      {},
      [this](const absl::StatusOr<std::int64_t>& count) {
        if (count.ok() && *count > 0) world_.coverage.Count(Seen::kRejectionsDiscarded);
      },
      [](TenantLedger& ledger) { return ledger.DiscardRejections({}); });
}

void ServiceLoop::Resync(int customer, const std::string& attribute) {
  ResyncRequest request;
  request.attribute = attribute;
  std::string key;
  if (customer >= 0) {
    const SimulatedCustomer& whose = scenario_.customers[static_cast<std::size_t>(customer)];
    key = whose.key;
    v1::CustomerUpdate update;
    *update.mutable_customer() = whose.spelling.front();
    request.customer =
        DecodeUpdate(update, 0, {*process_->catalog, "alpha", 0, world_.NowNanos()}).customer;
  }
  const Seen seen = customer >= 0       ? Seen::kResyncCustomer
                    : attribute.empty() ? Seen::kResyncAll
                                        : Seen::kResyncAttribute;
  Submit<std::int64_t>(
      {},
      [this, seen](const absl::StatusOr<std::int64_t>& count) {
        if (count.ok() && *count > 0) world_.coverage.Count(seen);
      },
      [this, request, key](TenantLedger& ledger) {
        const absl::StatusOr<std::int64_t> count = ledger.Resync(request);
        if (count.ok()) checker_.MadeUnknown(key, request.attribute);
        return count;
      });
}

void ServiceLoop::Reload(std::shared_ptr<const TenantRules> rules) {
  configured_ = rules;
  if (!up()) return;
  world_.coverage.Count(Seen::kReloaded);
  process_->read_by = rules;
  process_->catalog = std::make_shared<AttributeCatalog>("acme", *rules);
  Job job;
  job.read = [this, rules](TenantLedger& ledger) {
    ledger.Reconfigure(rules);
    process_->rules = rules;
  };
  Push(std::move(job));
}

}  // namespace peaksync::simulation

// The commands of the port, each made a job of the writer's queue.
#include <algorithm>
#include <utility>

#include "server/base/limits.h"
#include "server/ledger/ledger_writer.h"

namespace peaksync {

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
  job.held_back = std::move(request.held_back);
  auto batch = std::make_unique<BatchRequest>(std::move(request));
  job.batch = batch.get();
  Submit<BatchReceipt>(
      std::move(job), std::move(done),
      [batch = std::move(batch)](TenantLedger& ledger) { return ledger.AcceptBatch(*batch); });
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

void LedgerWriter::CancelRun(std::string run_id, Done<RunView> done) {
  Submit<RunView>(Job(), std::move(done), [run_id = std::move(run_id)](TenantLedger& ledger) {
    return ledger.CancelRun(run_id);
  });
}

void LedgerWriter::ListRejections(RejectionFilter filter, int page_size, std::int64_t after,
                                  Done<RejectionPage> done) {
  SubmitRead<RejectionPage>(std::move(done),
                            [filter = std::move(filter), page_size, after](TenantLedger& ledger) {
                              return ledger.ListRejections(filter, page_size, after);
                            });
}

void LedgerWriter::RetryRejections(RetryRequest request, Done<RetryResult> done) {
  Job job;
  job.weight = limits::kRetriedPerCallMax;
  Submit<RetryResult>(std::move(job), std::move(done),
                      [request = std::move(request)](TenantLedger& ledger) {
                        return ledger.RetryRejections(request);
                      });
}

void LedgerWriter::DiscardRejections(RejectionFilter filter, Done<std::int64_t> done) {
  Submit<std::int64_t>(Job(), std::move(done), [filter = std::move(filter)](TenantLedger& ledger) {
    return ledger.DiscardRejections(filter);
  });
}

void LedgerWriter::Resync(ResyncRequest request, Done<std::int64_t> done) {
  Submit<std::int64_t>(
      Job(), std::move(done),
      [request = std::move(request)](TenantLedger& ledger) { return ledger.Resync(request); });
}

void LedgerWriter::SetSourceCursor(std::string source, std::optional<UnixNanos> cursor,
                                   Done<SourceView> done) {
  Submit<SourceView>(Job(), std::move(done),
                     [source = std::move(source), cursor](TenantLedger& ledger) {
                       return ledger.SetSourceCursor(source, cursor);
                     });
}

// Takes its turn, so that what was decided before keeps the rules of then.
void LedgerWriter::Reconfigure(std::shared_ptr<const TenantRules> rules, LedgerLimits limits) {
  Job job;
  job.read = [this, rules = std::move(rules), limits](TenantLedger& ledger) mutable {
    ledger.Reconfigure(std::move(rules));
    options_.limits = limits;
    disk_looked_at_ = absl::InfinitePast();
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
  job.goes_first = true;  // Braze waits for it, and a group of many batches takes long.
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
                            std::function<void(absl::StatusOr<RunView>)> changed) {
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

}  // namespace peaksync

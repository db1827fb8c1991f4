// Runs and sources: starting, resuming, ending, reading.
#include <utility>

#include "server/base/limits.h"
#include "server/base/status_macros.h"
#include "server/domain/concat.h"
#include "server/ledger/tenant_ledger.h"

namespace peaksync {
namespace {

constexpr std::size_t kSourcesMax = 1'000;  // Of a tenant.

}  // namespace

absl::Status TenantLedger::NoSuchRun(std::string_view run_id) {
  return absl::NotFoundError(Concat("there is no run ", run_id, ": see the list of runs"));
}

absl::Status TenantLedger::NoSuchSource(std::string_view source) {
  return absl::NotFoundError(Concat("there is no source ", source, ": see the list of sources"));
}

absl::Status TenantLedger::NoSuchAttribute(std::string_view name) {
  return absl::NotFoundError(Concat("no value of an attribute ", name,
                                    " has come yet: give the name that it has in Braze"));
}

// 48 bits of milliseconds and 80 random ones, in base 32: sorts by time.
std::string TenantLedger::NewRunId() {
  constexpr std::string_view kDigits = "0123456789abcdefghjkmnpqrstvwxyz";
  const auto millis = static_cast<std::uint64_t>(absl::ToUnixMillis(options_.clock->Now()));
  const std::uint64_t high = options_.random();
  const std::uint64_t low = options_.random();
  std::string id(26, '0');
  for (int i = 0; i < 10; ++i)
    id[static_cast<std::size_t>(9 - i)] = kDigits[(millis >> (5 * i)) & 31];
  for (int i = 0; i < 8; ++i)
    id[static_cast<std::size_t>(10 + i)] = kDigits[(high >> (5 * i)) & 31];
  for (int i = 0; i < 8; ++i) id[static_cast<std::size_t>(18 + i)] = kDigits[(low >> (5 * i)) & 31];
  return id;
}

absl::StatusOr<StoredSource*> TenantLedger::FindOrAddSource(std::string_view name) {
  if (const auto found = sources_.find(name); found != sources_.end()) return &found->second;
  if (sources_.size() >= kSourcesMax) {
    return absl::ResourceExhaustedError(
        Concat("the tenant has ", kSourcesMax, " sources already; use one of them"));
  }
  StoredSource source;
  source.source_id = static_cast<std::uint32_t>(sources_.size()) + 1;  // Sources are never removed.
  source.name = name;
  PEAKSYNC_RETURN_IF_ERROR(Sql(store_.WriteSource(source)));
  return &sources_.emplace(source.name, source).first->second;
}

void TenantLedger::AttachStream(ActiveRun& active, const StartRequest& request) {
  if (active.stream != 0 && active.stream != request.stream && active.ended) {
    active.ended(absl::AbortedError("a newer stream has taken over this run"));
  }
  active.stream = request.stream;
  active.ended = request.ended;
  attached_.push_back(request.stream);
}

absl::StatusOr<Run> TenantLedger::StartRun(const StartRequest& request) {
  PEAKSYNC_RETURN_IF_ERROR(GroupStatus());
  if (!request.run_id.empty()) {
    ActiveRun* active = runs_.Find(request.run_id);
    std::optional<StoredRun> stored;
    if (active == nullptr) {
      absl::StatusOr<std::optional<StoredRun>> found = store_.FindRun(request.run_id);
      PEAKSYNC_RETURN_IF_ERROR(Sql(found.status()));
      stored = *std::move(found);
      if (!stored) return NoSuchRun(request.run_id);
    }
    return ResumeRun(request, active, stored);
  }
  PEAKSYNC_ASSIGN_OR_RETURN(StoredSource * source, FindOrAddSource(request.source));
  if (!request.request_id.empty()) {
    absl::StatusOr<std::optional<StoredRun>> found =
        store_.FindRunByRequest(source->source_id, request.request_id);
    PEAKSYNC_RETURN_IF_ERROR(Sql(found.status()));
    if (*found) return ResumeRun(request, runs_.Find((*found)->number), *found);
  }
  if (ActiveRun* open = runs_.FindOpen(source->source_id)) {
    if (open->stream != 0) {
      return absl::AbortedError(Concat("source ", source->name, " has an open run ",
                                       open->run().run_id,
                                       " with a live stream: wait for it to end"));
    }
    CloseRun(*open, RunState::kAbandoned, "another run of the source began");
  }
  if (request.mode != RunMode::kFull && !source->full_required.empty()) {
    return absl::FailedPreconditionError(
        Concat(source->full_required, ". The next run of source ", source->name,
               " must be full: send its current data with --full"));
  }
  PEAKSYNC_ASSIGN_OR_RETURN(ActiveRun * active, AddRun(request, RunKind::kStream, *source));
  AttachStream(*active, request);
  return active->run();
}

absl::StatusOr<ActiveRun*> TenantLedger::AddRun(const StartRequest& request, RunKind kind,
                                                const StoredSource& source) {
  StoredRun stored;
  stored.source_id = source.source_id;
  Run& run = stored.run;
  run.run_id = NewRunId();
  run.source = source.name;
  run.kind = kind;
  run.mode = request.mode;
  run.client = request.client;
  run.request_id = request.request_id;
  // The service's clock, and later than all that was confirmed: a FULL run sends that once more.
  last_time_ = std::max(Now(), last_time_ + 1);
  run.create_time = last_time_;
  run.default_updated_at = request.updated_at.value_or(run.create_time);
  run.from_cursor = request.from_cursor;
  PEAKSYNC_RETURN_IF_ERROR(Sql(store_.InsertRun(stored)));
  ActiveRun& active = runs_.Add(std::move(stored), options_.clock->Steady());
  runs_.MarkDirty(active);
  return &active;
}

absl::StatusOr<Run> TenantLedger::ResumeRun(const StartRequest& request, ActiveRun* active,
                                            const std::optional<StoredRun>& stored) {
  const Run& run = active != nullptr ? active->run() : stored->run;
  if (run.source != request.source) {
    return absl::InvalidArgumentError(
        Concat("run ", run.run_id, " belongs to source ", run.source, ", not to ", request.source));
  }
  if (run.state == RunState::kFailed || run.state == RunState::kCanceled ||
      run.state == RunState::kAbandoned) {
    return absl::FailedPreconditionError(Concat("run ", run.run_id, " is ", NameOf(run.state), " (",
                                                run.state_reason,
                                                ") and cannot be resumed: start a new one"));
  }
  if (active != nullptr) AttachStream(*active, request);
  return run;
}

void TenantLedger::CloseRun(ActiveRun& active, RunState state, std::string reason) {
  active.run().state = state;
  active.run().state_reason = std::move(reason);
  runs_.MarkDirty(active);
}

absl::StatusOr<ActiveRun*> TenantLedger::FindStreamRun(std::string_view run_id, StreamId stream) {
  ActiveRun* active = runs_.Find(run_id);
  if (active != nullptr && active->stream != stream) {
    return absl::AbortedError(Concat("a newer stream has taken over run ", run_id));
  }
  return active;  // Null: the run is settled.
}

absl::StatusOr<Run> TenantLedger::FinishRun(const FinishRequest& request) {
  PEAKSYNC_RETURN_IF_ERROR(GroupStatus());
  PEAKSYNC_ASSIGN_OR_RETURN(ActiveRun * active, FindStreamRun(request.run_id, request.stream));
  Run settled;
  if (active == nullptr) {
    PEAKSYNC_ASSIGN_OR_RETURN(settled, ReadRun(request.run_id));
  }
  Run& run = active != nullptr ? active->run() : settled;
  if (run.state == RunState::kReceived || run.state == RunState::kCompleted ||
      run.state == RunState::kCompletedWithRejections) {
    return run;  // The answer was lost on the way.
  }
  if (run.state != RunState::kOpen) {
    return absl::FailedPreconditionError(
        Concat("run ", run.run_id, " is ", NameOf(run.state), ": ", run.state_reason));
  }
  if (GuardInvalid(*active, /*at_end=*/true)) {
    return absl::FailedPreconditionError(
        Concat("run ", run.run_id, " has failed: ", run.state_reason));
  }
  run.state = RunState::kReceived;
  run.receive_time = Now();
  run.cursor = request.cursor;
  runs_.MarkDirty(*active);
  waiting_.FlushReady();
  return run;
}

void TenantLedger::EndStream(std::string_view run_id, StreamId stream) {
  ActiveRun* active = runs_.Find(run_id);
  if (active == nullptr || active->stream != stream) return;
  active->stream = 0;
  active->ended = nullptr;
  active->streamless_since = options_.clock->Steady();
}

bool TenantLedger::HasExpiredRuns() {
  const absl::Time limit = options_.clock->Steady() - limits::kRunWithoutStreamMax;
  for (ActiveRun* active : runs_.All()) {
    if (active->run().state == RunState::kOpen && active->stream == 0 &&
        active->streamless_since <= limit) {
      return true;
    }
  }
  return false;
}

void TenantLedger::ExpireRuns() {
  const absl::Time limit = options_.clock->Steady() - limits::kRunWithoutStreamMax;
  for (ActiveRun* active : runs_.All()) {
    if (active->run().state == RunState::kOpen && active->stream == 0 &&
        active->streamless_since <= limit) {
      CloseRun(*active, RunState::kAbandoned, "no stream came for 24 hours");
    }
  }
}

Run TenantLedger::Overlay(StoredRun stored) {
  const ActiveRun* active = runs_.Find(stored.number);
  return active != nullptr ? active->run() : std::move(stored.run);
}

absl::StatusOr<Run> TenantLedger::ReadRun(std::string_view run_id) {
  if (const ActiveRun* active = runs_.Find(run_id)) return active->run();
  PEAKSYNC_ASSIGN_OR_RETURN(std::optional<StoredRun> stored, store_.FindRun(run_id));
  if (!stored) return NoSuchRun(run_id);
  return std::move(stored->run);
}

absl::StatusOr<RunView> TenantLedger::GetRun(std::string_view run_id) {
  PEAKSYNC_RETURN_IF_ERROR(EnsureLoaded());
  PEAKSYNC_ASSIGN_OR_RETURN(Run run, ReadRun(run_id));
  return RunView{std::move(run), delivery()};
}

absl::StatusOr<RunPage> TenantLedger::ListRuns(std::string_view source, int page_size,
                                               std::optional<std::int64_t> before) {
  PEAKSYNC_RETURN_IF_ERROR(EnsureLoaded());
  std::optional<std::uint32_t> source_id;
  if (!source.empty()) {
    const auto found = sources_.find(source);
    if (found == sources_.end()) return NoSuchSource(source);
    source_id = found->second.source_id;
  }
  PEAKSYNC_ASSIGN_OR_RETURN(
      std::vector<StoredRun> stored,
      store_.ReadRuns(source_id, before.value_or(std::numeric_limits<std::int64_t>::max()),
                      page_size + 1));
  RunPage page;
  page.delivery = delivery();
  if (stored.size() > static_cast<std::size_t>(page_size)) {
    stored.pop_back();
    page.next_before = stored.back().number;
  }
  for (StoredRun& run : stored) page.runs.push_back(Overlay(std::move(run)));
  return page;
}

absl::StatusOr<Source> TenantLedger::Describe(const StoredSource& stored) {
  Source source;
  source.name = stored.name;
  source.cursor = stored.cursor;
  source.full_required = stored.full_required;
  PEAKSYNC_ASSIGN_OR_RETURN(
      std::vector<StoredRun> last,
      store_.ReadRuns(stored.source_id, std::numeric_limits<std::int64_t>::max(), 1));
  if (!last.empty()) source.last_run = Overlay(std::move(last.front()));
  PEAKSYNC_ASSIGN_OR_RETURN(std::optional<StoredRun> completed,
                            store_.LastCompletedRun(stored.source_id));
  if (completed) source.last_completed_run = std::move(completed->run);
  return source;
}

absl::StatusOr<SourcePage> TenantLedger::ListSources(int page_size, std::string_view after) {
  PEAKSYNC_RETURN_IF_ERROR(EnsureLoaded());
  if (!after.empty() && !sources_.contains(after)) {  // Sources are never removed.
    return absl::InvalidArgumentError(
        "page_token is none of this service's: give the one of the answer before, unchanged");
  }
  SourcePage page;
  page.delivery = delivery();
  for (auto at = sources_.upper_bound(after); at != sources_.end(); ++at) {
    if (page.sources.size() == static_cast<std::size_t>(page_size)) {
      page.next_after = page.sources.back().name;
      break;
    }
    PEAKSYNC_ASSIGN_OR_RETURN(Source source, Describe(at->second));
    page.sources.push_back(std::move(source));
  }
  return page;
}

absl::StatusOr<LastSync> TenantLedger::GetLastSync(std::string_view source) {
  PEAKSYNC_RETURN_IF_ERROR(EnsureLoaded());
  const auto found = sources_.find(source);
  if (found == sources_.end()) return NoSuchSource(source);
  PEAKSYNC_ASSIGN_OR_RETURN(std::optional<StoredRun> completed,
                            store_.LastCompletedRun(found->second.source_id));
  if (!completed) {
    return absl::NotFoundError(Concat("no run of source ", source, " has completed: see its runs"));
  }
  return LastSync{std::move(completed->run), found->second.cursor, delivery()};
}

}  // namespace peaksync

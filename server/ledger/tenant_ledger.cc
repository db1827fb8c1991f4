#include "server/ledger/tenant_ledger.h"

#include <algorithm>
#include <utility>

#include "absl/strings/numbers.h"
#include "server/base/check.h"
#include "server/base/limits.h"
#include "server/base/status_macros.h"
#include "server/domain/concat.h"

namespace peaksync {
namespace {

template <typename T>
T ParseOrZero(std::string_view text) {
  T value = 0;
  if (!absl::SimpleAtoi(Abseil(text), &value)) return 0;
  return value;
}

}  // namespace

TenantLedger::TenantLedger(TenantLedgerOptions options, LedgerStore store)
    : options_(std::move(options)), store_(std::move(store)) {}

absl::StatusOr<std::unique_ptr<TenantLedger>> TenantLedger::Open(TenantLedgerOptions options) {
  PEAKSYNC_ASSIGN_OR_RETURN(LedgerStore store, LedgerStore::Open(options.path));
  std::unique_ptr<TenantLedger> ledger(new TenantLedger(std::move(options), std::move(store)));
  PEAKSYNC_RETURN_IF_ERROR(ledger->GuardWorkspace());
  PEAKSYNC_RETURN_IF_ERROR(ledger->WaitForLostRequests());
  PEAKSYNC_RETURN_IF_ERROR(ledger->Load());
  // Who resumes a run is told what of it is durable: what was just read has to be (rule 1).
  PEAKSYNC_RETURN_IF_ERROR(ledger->store_.database().SyncLog());
  return ledger;
}

// A process that was killed may have left requests that Braze is still working on: whom they may be
// of waits until they are over (rule 4).
absl::Status TenantLedger::WaitForLostRequests() {
  PEAKSYNC_ASSIGN_OR_RETURN(const std::string quiet, store_.ReadMeta(kMetaQuiet));
  if (quiet != "1") {
    lost_until_ = options_.clock->Steady() + limits::kLostOutcomeWait;
    return absl::OkStatus();
  }
  PEAKSYNC_RETURN_IF_ERROR(store_.Begin());
  PEAKSYNC_RETURN_IF_ERROR(store_.WriteMeta(kMetaQuiet, "0"));
  return store_.Commit();
}

void TenantLedger::Close() {
  if (!damaged_.ok() || needs_load_ || !waiting_.IsQuiet(options_.clock->Steady())) return;
  if (!store_.Begin().ok()) return;
  if (!store_.WriteMeta(kMetaQuiet, "1").ok() || !store_.Commit().ok()) store_.Rollback();
}

// The ledger remembers whose it is: its values are true of one workspace only.
absl::Status TenantLedger::GuardWorkspace() {
  PEAKSYNC_ASSIGN_OR_RETURN(const std::string tenant, store_.ReadMeta(kMetaTenant));
  if (tenant.empty()) {
    PEAKSYNC_RETURN_IF_ERROR(store_.Begin());
    PEAKSYNC_RETURN_IF_ERROR(store_.WriteMeta(kMetaTenant, options_.tenant));
    PEAKSYNC_RETURN_IF_ERROR(store_.WriteMeta(kMetaEndpoint, options_.endpoint));
    PEAKSYNC_RETURN_IF_ERROR(store_.WriteMeta(kMetaWorkspace, options_.workspace));
    PEAKSYNC_RETURN_IF_ERROR(store_.WriteMeta(kMetaQuiet, "1"));  // It is new.
    return store_.Commit();
  }
  if (tenant != options_.tenant) {
    return absl::FailedPreconditionError(Concat("ledger ", options_.path, " is that of tenant ",
                                                tenant, ", not of ", options_.tenant));
  }
  PEAKSYNC_ASSIGN_OR_RETURN(const std::string endpoint, store_.ReadMeta(kMetaEndpoint));
  PEAKSYNC_ASSIGN_OR_RETURN(const std::string workspace, store_.ReadMeta(kMetaWorkspace));
  if (endpoint != options_.endpoint || workspace != options_.workspace) {
    workspace_guard_ = absl::FailedPreconditionError(
        Concat("ledger of ", options_.tenant, " belongs to ", workspace, " at ", endpoint,
               ", the configuration names ", options_.workspace, " at ", options_.endpoint,
               ": the service's operator has to correct the configuration, or to move the "
               "ledger away"));  // Its path is no business of the tenant, who reads this.
  }
  return absl::OkStatus();
}

absl::Status TenantLedger::Load() {
  // Streams outlive a reload; their runs are found again by name. Those that came with the group
  // that failed were told so, and are gone.
  std::map<std::string, std::pair<StreamId, std::function<void(const absl::Status&)>>> streams;
  for (ActiveRun* active : runs_.All()) {
    if (active->stream == 0 || std::ranges::find(attached_, active->stream) != attached_.end()) {
      continue;
    }
    streams[active->run().run_id] = {active->stream, active->ended};
  }
  waiting_.ForgetSlots();
  states_.Clear();
  outbox_.Clear();
  fold_.Clear();
  journal_.Clear();
  sources_.clear();
  attributes_.clear();
  attributes_by_id_.clear();
  attributes_by_place_.clear();
  dirty_attributes_.clear();

  PEAKSYNC_ASSIGN_OR_RETURN(const std::string epoch, store_.ReadMeta(kMetaEpoch));
  epoch_ = ParseOrZero<std::uint64_t>(epoch);
  PEAKSYNC_ASSIGN_OR_RETURN(const std::string last_time, store_.ReadMeta(kMetaLastTime));
  last_time_ = stored_time_ = ParseOrZero<std::int64_t>(last_time);
  PEAKSYNC_ASSIGN_OR_RETURN(rejections_, store_.rejections().Count());
  PEAKSYNC_ASSIGN_OR_RETURN(const std::vector<StoredSource> sources, store_.ReadSources());
  for (const StoredSource& source : sources) sources_[source.name] = source;
  PEAKSYNC_ASSIGN_OR_RETURN(const std::vector<StoredAttribute> attributes, store_.ReadAttributes());
  for (const StoredAttribute& stored : attributes) {
    Attribute& attribute = AddAttribute(stored.attribute_id, stored.name);
    attribute.confirmed_type = stored.confirmed_type;
    attribute.epoch = stored.epoch;
    attribute.known_values = stored.known_values;
  }
  PEAKSYNC_ASSIGN_OR_RETURN(const ValueCounts totals, store_.SumRuns());
  runs_.Reset(totals);
  PEAKSYNC_ASSIGN_OR_RETURN(std::vector<StoredRun> unsettled, store_.ReadUnsettledRuns());
  const absl::Time now = options_.clock->Steady();
  for (StoredRun& stored : unsettled) {
    ActiveRun& active = runs_.Add(std::move(stored), now);
    if (const auto found = streams.find(active.run().run_id); found != streams.end()) {
      std::tie(active.stream, active.ended) = found->second;
    }
  }
  PEAKSYNC_RETURN_IF_ERROR(LoadJournal());
  PEAKSYNC_RETURN_IF_ERROR(LoadOutbox());
  for (ActiveRun* active : runs_.All()) {
    PEAKSYNC_RETURN_IF_ERROR(
        CheckValueCounts(Concat("run ", active->run().run_id), active->run().values));
  }
  needs_load_ = false;
  return absl::OkStatus();
}

absl::Status TenantLedger::Sql(absl::Status status) {
  if (!status.ok() && group_error_.ok()) group_error_ = status;
  return status;
}

// SQLite takes a transaction back by itself after some errors, of reads too: what came after it in
// the group would be written piece by piece.
absl::Status TenantLedger::GroupStatus() {
  if (group_error_.ok() && !store_.database().InTransaction()) {
    group_error_ = absl::UnavailableError("the disk failed, and SQLite ended the transaction");
  }
  return group_error_;
}

absl::Status TenantLedger::Unusable() const {
  return absl::FailedPreconditionError(
      Concat("ledger of ", options_.tenant, " is damaged: ", damaged_.message(),
             ". The service's operator has to look (peaksyncd ledger check --tenant ",
             options_.tenant, "), and to put a backup in its place (peaksyncd ledger restore)"));
}

// Memory as the file has it: after a group that failed it is rebuilt as soon as anybody asks.
absl::Status TenantLedger::EnsureLoaded() {
  if (!damaged_.ok()) return Unusable();
  if (!needs_load_) return absl::OkStatus();
  absl::Status loaded = Load();
  if (loaded.ok()) return loaded;
  if (!absl::IsDataLoss(loaded)) {
    return absl::UnavailableError(
        Concat("ledger of ", options_.tenant, " cannot be read now: ", loaded.message()));
  }
  damaged_ = loaded;
  return Unusable();
}

absl::Status TenantLedger::Begin() {
  PEAKSYNC_RETURN_IF_ERROR(EnsureLoaded());
  attached_.clear();
  group_error_ = absl::OkStatus();
  changed_runs_.clear();
  ended_runs_.clear();
  absl::Status begun = StartFold();
  begun.Update(store_.Begin());
  if (!begun.ok()) {
    return absl::UnavailableError(
        Concat("ledger of ", options_.tenant, " cannot be written now: ", begun.message()));
  }
  absl::Status slices = FoldSlice();
  slices.Update(states_.table().CopySlice());
  (void)Sql(slices);
  return absl::OkStatus();
}

absl::Status TenantLedger::Commit() {
  if (GroupStatus().ok()) (void)Sql(WriteOutboxAndStates());
  if (group_error_.ok()) (void)Sql(WriteDirtyRuns());
  if (group_error_.ok()) (void)Sql(WriteDirtyAttributes());
  if (group_error_.ok() && last_time_ != stored_time_) {
    (void)Sql(store_.WriteMeta(kMetaLastTime, Concat(last_time_)));
  }
  if (group_error_.ok()) (void)Sql(CheckValueCounts("the tenant", runs_.totals()));
  if (group_error_.ok()) (void)Sql(store_.Commit());
  if (group_error_.ok()) {
    stored_time_ = last_time_;
    journal_.Clear();
    AllowToSend(next_sent_up_to_);
    return absl::OkStatus();
  }
  store_.Rollback();
  // It may have been the fold, which needs more room on the disk than the group.
  fold_not_before_ = options_.clock->Steady() + limits::kFoldRetryWait;
  needs_load_ = true;  // Memory has what the file has not.
  changed_runs_.clear();
  if (absl::IsDataLoss(group_error_)) {
    damaged_ = group_error_;
    PEAKSYNC_CHECK_MSG(!options_.abort_on_broken_law, std::string(damaged_.message()));
    return Unusable();
  }
  return absl::UnavailableError(
      Concat("ledger of ", options_.tenant, " cannot be written now: ", group_error_.message()));
}

absl::Status TenantLedger::WriteDirtyRuns() {
  for (ActiveRun* active : runs_.TakeDirty()) {
    Run& run = active->run();
    if (run.values.pending == 0 && run.state != RunState::kOpen && !run.complete_time) {
      CompleteRun(*active);
      if (run.state == RunState::kCompleted || run.state == RunState::kCompletedWithRejections) {
        PEAKSYNC_RETURN_IF_ERROR(EndSync(active->stored));
      }
    }
    PEAKSYNC_RETURN_IF_ERROR(CheckValueCounts(Concat("run ", run.run_id), run.values));
    PEAKSYNC_RETURN_IF_ERROR(store_.UpdateRun(active->stored));
    changed_runs_.push_back(run.run_id);
    if (!run.complete_time) continue;
    ended_runs_.push_back(run);
    runs_.Remove(active->stored.number);
  }
  return absl::OkStatus();
}

void TenantLedger::CompleteRun(ActiveRun& active) {
  Run& run = active.run();
  run.complete_time = Now();
  if (run.state != RunState::kReceived) return;
  run.state = run.values.invalid + run.values.rejected == 0 ? RunState::kCompleted
                                                            : RunState::kCompletedWithRejections;
}

absl::Status TenantLedger::EndSync(const StoredRun& stored) {
  const Run& run = stored.run;
  StoredSource& source = sources_.at(run.source);
  bool changed = MoveCursor(run, source);
  if (run.mode == RunMode::kFull && !source.full_required.empty()) {
    source.full_required.clear();
    changed = true;
  }
  return changed ? store_.WriteSource(source) : absl::OkStatus();
}

// Never backwards, and only where the run's selection joins on to what came before.
bool TenantLedger::MoveCursor(const Run& run, StoredSource& source) {
  if (!run.cursor) return false;
  if (run.from_cursor && (!source.cursor || *run.from_cursor > *source.cursor)) return false;
  if (source.cursor && *run.cursor <= *source.cursor) return false;
  source.cursor = run.cursor;
  return true;
}

absl::Status TenantLedger::WriteDirtyAttributes() {
  for (Attribute* attribute : dirty_attributes_) {
    attribute->dirty = false;
    PEAKSYNC_RETURN_IF_ERROR(store_.WriteAttribute(
        {attribute->attribute_id, std::string(attribute->name), attribute->confirmed_type,
         attribute->epoch, attribute->known_values}));
  }
  dirty_attributes_.clear();
  return absl::OkStatus();
}

UnixNanos TenantLedger::Now() const { return absl::ToUnixNanos(options_.clock->Now()); }

void TenantLedger::Checkpoint(bool idle) {
  // A fault of the file is told by the next group.
  (void)store_.FitCache(states_.bytes(), !has_table_copy());
  const int pages = store_.database().wal_pages();
  if (pages > limits::kLogPagesHard || (idle && pages > 0)) {
    store_.database().CheckpointTruncate();
  } else if (pages > options_.log_pages) {
    store_.database().CheckpointPassive();
  }
}

std::string TenantLedger::NoRoomReason() const {
  if (Unfolded() > limits::kUnfoldedFactorMax && !fold_.under_way() && !IsFoldDue()) {
    return "the ledger cannot bring what was confirmed into its tables: see its disk";
  }
  if (waiting_.bytes() < options_.rules->max_waiting_bytes) return "";
  return Concat(waiting_.bytes(), " bytes wait for Braze, max_waiting_bytes is ",
                options_.rules->max_waiting_bytes);
}

DeliveryStatus TenantLedger::delivery() const {
  DeliveryStatus status = delivery_;
  status.waiting_values = runs_.totals().pending;
  status.waiting_customers = waiting_.customers();
  status.waiting_bytes = waiting_.bytes();
  status.back_pressure = back_pressure_;
  return status;
}

}  // namespace peaksync

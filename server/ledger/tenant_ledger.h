#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/node_hash_set.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/base/clock.h"
#include "server/base/limits.h"
#include "server/ledger/confirmed_states.h"
#include "server/ledger/decide.h"
#include "server/ledger/fold.h"
#include "server/ledger/journal.h"
#include "server/ledger/ledger.h"
#include "server/ledger/outbox.h"
#include "server/ledger/run_book.h"
#include "server/ledger/sqlite/store.h"
#include "server/ledger/waiting_set.h"
#include "server/rules/rules.h"

namespace peaksync {

struct TenantLedgerOptions {
  std::string tenant;
  std::string path;      // Of the SQLite file.
  std::string endpoint;  // The workspace it must belong to.
  std::string workspace;
  std::shared_ptr<const TenantRules> rules;
  const Clock* clock = nullptr;
  std::function<std::uint64_t()> random;  // For names of runs.
  // Values of so many customers, or so large a journal, are written before they are folded, in
  // slices of so many customers.
  std::int64_t fold_customers = limits::kUnfoldedCustomersMax;
  std::int64_t fold_journal_bytes = limits::kUnfoldedJournalBytesMax;
  std::int64_t fold_pages_min = limits::kFoldPagesMin;  // See limits.h.
  std::int64_t fold_slice = limits::kFoldSliceCustomers;
  std::int64_t table_copy_bytes_max = limits::kTableCopyBytesMax;  // 0: no copy.
  int log_pages = limits::kLogPagesSoft;
  // So many rows of the outbox beyond those that are sent are written down as sent.
  std::int64_t sent_ahead = limits::kSentAheadRows;
  bool abort_on_broken_law = false;  // In tests.
};

// The ledger's logic over one SQLite file, single-threaded and without a thread of its own.
//
// Use: Begin, then any of the commands, then Commit; what the commands returned may be told to
// anybody only when Commit was OK. Commands return errors of the domain; an error of the disk
// spoils the whole group and comes out of Commit. Then memory is rebuilt from the file before it is
// used again, and nothing of the group has happened. Lease and the reads stand outside of a group;
// Lease may make one of its own.
//
// Thread safety: none; LedgerWriter owns the thread.
class TenantLedger {
 public:
  static absl::StatusOr<std::unique_ptr<TenantLedger>> Open(TenantLedgerOptions options);

  // Remembers that no request is under way, so that the next Open need not wait for one. The last
  // call; without it (kill -9, a power cut) the next Open is careful.
  void Close();

  // Not OK: the ledger belongs to another workspace than the options name; delivery must pause.
  const absl::Status& workspace_guard() const { return workspace_guard_; }

  absl::Status Begin();
  absl::Status Commit();

  // What these batches will ask for is looked up together, which is cheaper than for each alone: at
  // the begin of a group that takes them in.
  void LookUpAhead(const std::vector<const BatchRequest*>& batches);

  // Commands, inside of a group.
  absl::StatusOr<Run> StartRun(const StartRequest& request);
  absl::StatusOr<BatchReceipt> AcceptBatch(BatchRequest& request);
  absl::StatusOr<Run> FinishRun(const FinishRequest& request);
  absl::StatusOr<RunView> CancelRun(std::string_view run_id);
  absl::StatusOr<RetryResult> RetryRejections(const RetryRequest& request);
  absl::StatusOr<std::int64_t> DiscardRejections(const RejectionFilter& filter);
  absl::StatusOr<std::int64_t> Resync(const ResyncRequest& request);
  absl::StatusOr<SourceView> SetSourceCursor(std::string_view source,
                                             std::optional<UnixNanos> cursor);
  // From now on it is the ledger of this workspace, and every value is unknown; answers how many
  // were known. What waits is sent there. Only with nothing in flight: an answer of the old
  // workspace would confirm for the new one.
  absl::StatusOr<std::int64_t> Rebind(const std::string& endpoint, const std::string& workspace);
  // The file was a backup: runs, cursors and rejections stay, what waited is discarded, every value
  // is unknown, and the next run of every source must be FULL, for `reason`.
  absl::Status BecomeRestored(std::string_view reason);
  void EndStream(std::string_view run_id, StreamId stream);
  void Settle(const std::vector<ObjectOutcome>& outcomes);
  // Closes runs that had no stream for limits::kRunWithoutStreamMax.
  void ExpireRuns();
  // Whether ExpireRuns would do something.
  bool HasExpiredRuns();

  // Outside of a group.
  std::vector<LeasedBatch> Lease(const LeaseRequest& request);
  ReadyState Ready();
  // Why no batch can be taken in before more is delivered; empty: it can.
  std::string NoRoomReason() const;
  void SetDeliveryStatus(DeliveryStatus status) { delivery_ = std::move(status); }
  // Why streams are not read now; empty: they are.
  void SetBackPressure(std::string reason) { back_pressure_ = std::move(reason); }
  void Reconfigure(std::shared_ptr<const TenantRules> rules);
  DeliveryStatus delivery() const;
  absl::StatusOr<RunView> GetRun(std::string_view run_id);
  absl::StatusOr<RunPage> ListRuns(std::string_view source, int page_size,
                                   std::optional<std::int64_t> before);
  absl::StatusOr<SourcePage> ListSources(int page_size, std::string_view after);
  absl::StatusOr<LastSync> GetLastSync(std::string_view source);
  absl::StatusOr<RejectionPage> ListRejections(const RejectionFilter& filter, int page_size,
                                               std::int64_t after);
  // Whether the ledger is damaged for good, and why.
  absl::Status damage() const { return damaged_.ok() ? absl::OkStatus() : Unusable(); }
  // Names of runs changed by the last commit.
  const std::vector<std::string>& changed_runs() const { return changed_runs_; }
  // The runs that ended with it: final, and nothing pending any more.
  const std::vector<Run>& ended_runs() const { return ended_runs_; }
  const ValueCounts& totals() const { return runs_.totals(); }

  // Folds a slice when nobody waits for a commit and it is worth it, and then gives free pages back
  // to the disk.
  // Groups fold as they come, so that what is unfolded stays bounded. False: there is nothing to do
  // now.
  bool FoldIdle();
  // Whether a fold is under way.
  bool folds() const { return fold_.under_way(); }
  // Whether customers are looked up in memory alone.
  bool has_table_copy() const { return states_.table().is_copied(); }
  // Brings the log into the file when it has grown; called when nobody waits.
  void Checkpoint(bool idle);

 private:
  // Names of facts in the file's table meta.
  static constexpr std::string_view kMetaTenant = "tenant";
  static constexpr std::string_view kMetaEndpoint = "endpoint";
  static constexpr std::string_view kMetaWorkspace = "workspace";
  static constexpr std::string_view kMetaEpoch = "epoch";
  static constexpr std::string_view kMetaLastTime = "last_time";
  static constexpr std::string_view kMetaQuiet = "quiet";  // "1": no request was under way.

  struct Attribute {
    std::uint32_t attribute_id = 0;
    std::string_view name;
    std::optional<ValueType> confirmed_type;
    std::uint64_t epoch = 0;
    std::int64_t known_values = 0;  // Of this epoch.
    bool dirty = false;             // Its row is older than this.
    std::optional<int> round;
    std::optional<double> min_change;
    bool has_type = false;  // By configuration: that counts, not what was confirmed.
  };
  // A customer's state as it was read, to be changed and written back.
  struct OpenState {
    std::string_view key;
    CustomerHash hash = 0;
    bool alone = true;  // With its hash.
    CustomerState state;
  };
  struct BatchContext;
  struct Decided;
  class Replay;

  TenantLedger(TenantLedgerOptions options, LedgerStore store);

  // tenant_ledger.cc: opening and groups.
  absl::Status Load();
  absl::Status GuardWorkspace();
  absl::Status WaitForLostRequests();
  absl::Status Sql(absl::Status status);
  absl::Status GroupStatus();
  absl::Status Unusable() const;
  absl::Status EnsureLoaded();
  absl::Status WriteDirtyRuns();
  absl::Status WriteDirtyAttributes();
  UnixNanos Now() const;

  // tenant_ledger_fold.cc: the journal.
  absl::Status LoadJournal();
  absl::Status LoadOutbox();
  bool IsFoldDue() const;
  bool IsFoldWorthIt();
  // Of the bounds of what is unfolded, the share that is used; at 1 it is folded.
  double Unfolded() const;
  absl::Status StartFold();
  absl::Status FoldSlice();
  void AllowToSend(OutboxId up_to);
  void WriteSentUpTo();
  absl::Status WriteOutboxAndStates();

  // tenant_ledger_runs.cc: runs and sources.
  void CompleteRun(ActiveRun& active);
  absl::Status EndSync(const StoredRun& stored);
  bool MoveCursor(const Run& run, StoredSource& source);
  absl::StatusOr<StoredSource*> FindOrAddSource(std::string_view name);
  absl::StatusOr<Source> Describe(const StoredSource& stored);
  absl::StatusOr<ActiveRun*> AddRun(const StartRequest& request, RunKind kind,
                                    const StoredSource& source);
  absl::StatusOr<Run> ResumeRun(const StartRequest& request, ActiveRun* active,
                                const std::optional<StoredRun>& stored);
  void AttachStream(ActiveRun& active, const StartRequest& request);
  void CloseRun(ActiveRun& active, RunState state, std::string reason);
  static absl::Status NoSuchRun(std::string_view run_id);
  static absl::Status NoSuchSource(std::string_view source);
  static absl::Status NoSuchAttribute(std::string_view name);
  std::string NewRunId();
  absl::StatusOr<Run> ReadRun(std::string_view run_id);
  Run Overlay(StoredRun stored);

  // tenant_ledger_intake.cc: a batch comes in.
  absl::StatusOr<ActiveRun*> FindStreamRun(std::string_view run_id, StreamId stream);
  absl::Status TakeUpdate(BatchContext& context, PreparedUpdate& update);
  void CheckRemembered(PreparedUpdate& update);
  void ReportInvalid(BatchContext& context, const PreparedUpdate& update);
  absl::Status KeepInvalid(BatchContext& context, const PreparedUpdate& update);
  bool GuardInvalid(ActiveRun& active, bool at_end);

  // tenant_ledger_decide.cc: deciding.
  absl::Status DecideUpdate(BatchContext& context, PreparedUpdate& update);
  absl::Status DecideValue(BatchContext& context, PreparedUpdate& update, std::size_t place,
                           Decided& decided);
  AttributeView ViewOf(const KnownAttribute* known, WaitingCustomer* customer,
                       std::uint32_t attribute_id) const;
  UnixNanos ForcedSince(const Run& run, const KnownAttribute* known, UnixNanos now) const;
  void CancelOut(WaitingCustomer& customer, std::uint32_t attribute_id);
  void Accept(const BatchContext& context, PreparedUpdate& update, std::size_t place, bool joins,
              UnixNanos forced_since, Decided& decided);

  // tenant_ledger_states.cc: attributes by name, customers' states.
  Attribute* FindAttribute(std::string_view name);
  // `place`: in its update.
  Attribute* FindAttribute(std::string_view name, std::size_t place);
  Attribute& FindOrAddAttribute(std::string_view name, std::size_t place);
  Attribute& AddAttribute(std::uint32_t attribute_id, std::string_view name);
  void ApplyRule(Attribute& attribute) const;
  void MarkDirty(Attribute& attribute);
  bool IsUnknown(const KnownAttribute& known) const;
  // Braze may hold the value or not. True when that is news.
  bool MakeUnknown(CustomerState& state, std::uint32_t attribute_id);
  // The key must live as long as `open`.
  absl::Status ReadState(CustomerHash hash, std::string_view key, OpenState* open);
  absl::Status ReadState(const WaitingCustomer& customer, OpenState* open);
  void KeepState(const OpenState& open, WaitingCustomer& customer);
  absl::Status WriteState(const OpenState& open);
  // Only values that are older than the touch were changed, to its time and source.
  absl::Status WriteTouched(const OpenState& open, const Touch& touch);

  // tenant_ledger_delivery.cc: leasing and settling.
  void PrefetchCustomer(LeaseId lease);
  void SettleOne(const ObjectOutcome& outcome, absl::Time now);
  absl::Status SettleValues(const ObjectOutcome& outcome, WaitingCustomer& customer);
  absl::Status Confirm(WaitingCustomer& customer, CustomerState& state);
  absl::Status Reject(WaitingCustomer& customer, CustomerState& state,
                      const ObjectOutcome& outcome);
  // True when the state has changed.
  bool Return(WaitingCustomer& customer, CustomerState& state, bool may_have_been_sent);
  bool SettleUnchanged(WaitingCustomer& customer, CustomerState& state);
  void SettleSlot(const Slot& slot, RunBook::State joined, RunBook::State overtaken);

  // tenant_ledger_rejections.cc: values that were refused.
  struct Retry;
  absl::Status KeepRejection(const StoredRejection& rejection);
  absl::Status CloseRejection(std::string_view customer_key, std::string_view attribute,
                              UnixNanos updated_at);
  absl::StatusOr<RejectionCondition> ConditionOf(const RejectionFilter& filter,
                                                 std::string* customer_key);
  absl::Status CollectRetry(const RejectionRow& row, const RetryRequest& request, Retry& retry);
  absl::StatusOr<ActiveRun*> RetryRunOf(std::uint32_t source_id, Retry& retry);

  // tenant_ledger_operations.cc: what people do.
  bool IsWithdrawn(const Slot& slot);
  // True when the customer's state has changed.
  bool DiscardWithdrawn(WaitingCustomer& customer, CustomerState& state);
  absl::Status DiscardWithdrawn();
  std::int64_t KnownValues() const;
  absl::Status StartEpoch();
  absl::StatusOr<std::int64_t> ResyncAttribute(std::string_view name, bool validate_only);
  absl::StatusOr<std::int64_t> ResyncCustomer(const ResyncRequest& request);

  TenantLedgerOptions options_;
  LedgerStore store_;
  absl::Status workspace_guard_;
  absl::Status damaged_;            // For good.
  absl::Status group_error_;        // Of the group that is open.
  bool needs_load_ = false;         // Memory is ahead of the file.
  std::vector<StreamId> attached_;  // In this group.

  RunBook runs_;
  WaitingSet waiting_;
  ConfirmedStates states_{store_, options_.table_copy_bytes_max};
  Outbox outbox_{store_};
  Fold fold_{store_, states_, outbox_};
  JournalWriter journal_;  // Of the group that is open.
  bool fold_wanted_ = false;
  bool folded_ = false;                           // In this group.
  OutboxId sent_up_to_ = 0;                       // On disk: of newer rows nothing was ever sent.
  OutboxId next_sent_up_to_ = 0;                  // The same, once the group is committed.
  OutboxId sent_at_least_ = 0;                    // By a process before this one.
  absl::Time lost_until_ = absl::InfinitePast();  // Its requests may run until then.
  std::int64_t unfolded_before_ = 0;              // Customers, after the last slice.
  std::int64_t unfolded_journal_bytes_ = 0;       // Since the last fold began.
  absl::Time journal_written_ = absl::InfinitePast();
  absl::Time fold_not_before_ = absl::InfinitePast();
  LeaseId next_lease_ = 1;

  std::map<std::string, StoredSource, std::less<>> sources_;
  absl::node_hash_set<std::string> names_;  // Never shrinks: leases point into it.
  absl::flat_hash_map<absl::string_view, std::unique_ptr<Attribute>> attributes_;
  std::vector<Attribute*> attributes_by_id_;
  std::vector<Attribute*> attributes_by_place_;  // What FindAttribute has found last.
  std::vector<Attribute*> dirty_attributes_;
  std::uint64_t epoch_ = 0;
  UnixNanos last_time_ = 0;  // The newest that a run or a confirmed value was given.
  UnixNanos stored_time_ = 0;
  std::int64_t rejections_ = 0;

  DeliveryStatus delivery_;
  std::string back_pressure_;
  std::vector<std::string> changed_runs_;
  std::vector<Run> ended_runs_;
  OutboxRowPacker row_packer_;
  std::string scratch_;
};

}  // namespace peaksync

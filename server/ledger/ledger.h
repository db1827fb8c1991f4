#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/domain/customer.h"
#include "server/domain/rejection.h"
#include "server/domain/run.h"
#include "server/domain/update.h"
#include "server/rules/attribute_catalog.h"

namespace peaksync {

// Bounds of a ledger that the configuration sets, besides those in TenantRules.
struct LedgerLimits {
  // While less than this is free where the ledger lies, batches wait; 0: not looked at.
  std::int64_t min_free_disk = 0;
};

// A stream of the api, so that an older one can be told from a newer one. Never 0.
using StreamId = std::uint64_t;

struct StartRequest {
  std::string source;
  std::string run_id;      // Empty: a new run.
  std::string request_id;  // Empty: none.
  RunMode mode = RunMode::kIncremental;
  std::string client;
  std::optional<UnixNanos> updated_at;
  std::optional<UnixNanos> from_cursor;
  StreamId stream = 0;
  // Called when the stream can bring the run no further: a newer stream has taken it over, or the
  // run was canceled. Says which.
  std::function<void(const absl::Status&)> ended;
};

struct BatchRequest {
  std::string run_id;
  StreamId stream = 0;
  std::int64_t sequence = 0;
  std::vector<PreparedUpdate> updates = {};
  // Keeps the names of the updates' attributes alive.
  std::shared_ptr<const AttributeCatalog> catalog = {};
  // Called once, with the reason, when the batch has to wait for room. May be empty.
  std::function<void(const std::string&)> held_back = {};
};

// Why an update, or a value of it, was not taken.
struct InvalidReport {
  std::int64_t sequence = 0;
  std::uint32_t index = 0;
  std::string field;
  std::string reason;
};

// A batch is durable.
struct BatchReceipt {
  std::int64_t sequence = 0;  // Up to which all is durable.
  ValueCounts values;         // The run's totals.
  UpdateCounts updates;
  std::vector<InvalidReport> invalid;  // At most limits::kInvalidReportedPerBatchMax.
  std::int64_t invalid_omitted = 0;
  std::string failed;  // Not empty: the run has FAILED with this reason, and the stream ends.
};

struct FinishRequest {
  std::string run_id;
  StreamId stream = 0;
  std::optional<UnixNanos> cursor;
};

// Names one customer in flight. Never used twice, also not across restarts of the lane.
using LeaseId = std::uint64_t;

// A customer handed out for sending. Nobody else gets it until it is settled.
struct LeasedObject {
  struct Attribute {
    std::string_view name;  // Lives as long as the ledger.
    std::string json;
  };
  LeaseId lease = 0;
  Customer customer;
  std::vector<Attribute> attributes;
};
using LeasedBatch = std::vector<LeasedObject>;

struct LeaseRequest {
  int batches_max = 1;
  int objects_max = 75;                // A batch.
  std::int64_t bytes_max = 4'000'000;  // A batch, by an estimate that is never too small.
  bool partial = false;                // Also a batch that is not full.
};

// What an answer meant for one customer.
struct ObjectOutcome {
  enum class Kind : std::uint8_t {
    kConfirmed,  // Braze accepted it.
    kRejected,   // Braze refused it for good.
    kReturned,   // No clear answer, it may stand in Braze: waits to be sent again.
    kUnsent,     // Certainly not applied: waits again, as if it had never been leased.
  };
  LeaseId lease = 0;
  Kind kind = Kind::kReturned;
  // kRejected: an earlier request with it had no clear answer, so it may stand in Braze.
  bool may_have_been_applied = false;
  std::string reason = {};                       // kRejected: Braze's text.
  absl::Time not_before = absl::InfinitePast();  // The next request for it, at the earliest.
};

// What waits and could be leased now.
struct ReadyState {
  std::int64_t customers = 0;
  std::int64_t bytes = 0;
  absl::Time oldest = absl::InfiniteFuture();        // Since when the oldest of them waits.
  std::int64_t flush_customers = 0;                  // So many of them do not wait for linger.
  absl::Time next_delayed = absl::InfiniteFuture();  // When a customer that must wait gets ready.
  friend bool operator==(const ReadyState&, const ReadyState&) = default;
};

// The answer to a lease: full batches first, and what is left after them.
struct Leased {
  std::vector<LeasedBatch> batches;
  ReadyState ready;
};

struct RunView {
  Run run;
  DeliveryStatus delivery;
};

struct RunPage {
  std::vector<Run> runs;                    // Newest first.
  std::optional<std::int64_t> next_before;  // For the next page.
  DeliveryStatus delivery;
};

struct SourcePage {
  std::vector<Source> sources;  // By name.
  std::string next_after;       // For the next page; empty: none.
  DeliveryStatus delivery;
};

struct SourceView {
  Source source;
  DeliveryStatus delivery;
};

struct RejectionPage {
  std::vector<Rejection> rejections;       // Oldest first.
  std::optional<std::int64_t> next_after;  // For the next page.
};

struct RetryRequest {
  RejectionFilter filter;
  std::int64_t after = 0;  // Rejections with a greater id …
  // … and at most this one: a value that is refused again must not come again. Absent: the newest.
  std::optional<std::int64_t> until;
  // By whose rules they are validated.
  std::shared_ptr<AttributeCatalog> catalog;
};

struct RetryResult {
  std::vector<Run> runs;  // One for each source.
  std::int64_t retried = 0;
  std::int64_t not_retriable = 0;
  std::optional<std::int64_t> next_after;  // There may be more: go on with these two.
  std::int64_t until = 0;
};

struct ResyncRequest {
  std::string attribute;             // Braze's name; empty: of all.
  std::optional<Customer> customer;  // Absent: of all.
  bool validate_only = false;        // Only counts.
};

struct LastSync {
  Run run;
  std::optional<UnixNanos> cursor;
  DeliveryStatus delivery;
};

// What one tenant's Braze has confirmed, what waits for it, its runs and sources: a port of
// commands, so that another store than SQLite can take its place.
//
// An acknowledgement is a promise: `done` of a command that writes is called only after its
// transaction is on stable storage (rule 1). Commands take effect in the order they are given.
// `done` and listeners are called on a thread of the ledger; they must not block or call back into
// the ledger synchronously expecting an answer. UNAVAILABLE: the disk is full or failing, nothing
// of the command happened, try again. FAILED_PRECONDITION "ledger … is damaged": a person is
// needed.
//
// Thread safety: safe for concurrent use.
class Ledger {
 public:
  template <typename T>
  using Done = absl::AnyInvocable<void(absl::StatusOr<T>) &&>;

  virtual ~Ledger() = default;

  // Intake. Errors as of the RPC StreamUpdates (proto/peaksync/v1/sync_service.proto).
  virtual void StartRun(StartRequest request, Done<Run> done) = 0;
  // Waits, unanswered, while more waits for Braze than the tenant's max_waiting_bytes.
  virtual void AcceptBatch(BatchRequest request, Done<BatchReceipt> done) = 0;
  virtual void FinishRun(FinishRequest request, Done<Run> done) = 0;
  // The stream is gone; its run stays open to be resumed.
  virtual void EndStream(std::string run_id, StreamId stream) = 0;

  // What people do. Errors as of the RPCs of the same names.
  virtual void CancelRun(std::string run_id, Done<RunView> done) = 0;
  virtual void ListRejections(RejectionFilter filter, int page_size, std::int64_t after,
                              Done<RejectionPage> done) = 0;
  // Takes at most limits::kRetriedPerCallMax.
  virtual void RetryRejections(RetryRequest request, Done<RetryResult> done) = 0;
  // Answers how many.
  virtual void DiscardRejections(RejectionFilter filter, Done<std::int64_t> done) = 0;
  // Answers how many values that were known are unknown now.
  virtual void Resync(ResyncRequest request, Done<std::int64_t> done) = 0;
  // Nothing: the cursor is removed.
  virtual void SetSourceCursor(std::string source, std::optional<UnixNanos> cursor,
                               Done<SourceView> done) = 0;

  // What the configuration says from now on, for values that come from now on. `min_free_disk`: see
  // LedgerLimits.
  virtual void Reconfigure(std::shared_ptr<const TenantRules> rules, LedgerLimits limits) = 0;

  // Delivery.
  virtual void Lease(LeaseRequest request, absl::AnyInvocable<void(Leased) &&> done) = 0;
  virtual void Settle(std::vector<ObjectOutcome> outcomes) = 0;
  // Told after every change of what is ready that no Lease has told. Set once, before work begins.
  virtual void SetReadyListener(std::function<void(ReadyState)> listener) = 0;
  // What the runs' readers are shown; the waiting counts are the ledger's own.
  virtual void SetDeliveryStatus(DeliveryStatus status) = 0;

  // Reads, of what is durable.
  virtual void GetRun(std::string run_id, Done<RunView> done) = 0;
  virtual void ListRuns(std::string source, int page_size, std::optional<std::int64_t> before,
                        Done<RunPage> done) = 0;
  virtual void ListSources(int page_size, std::string after, Done<SourcePage> done) = 0;
  virtual void GetLastSync(std::string source, Done<LastSync> done) = 0;
  // Calls `changed` after each commit that changed the run, and when delivery's state changes,
  // until UnwatchRun with the same number; with an error when the run cannot be read then. `watch`
  // is chosen by the caller (a StreamId will do).
  virtual void WatchRun(std::string run_id, std::uint64_t watch,
                        std::function<void(absl::StatusOr<RunView>)> changed) = 0;
  virtual void UnwatchRun(std::uint64_t watch) = 0;
};

}  // namespace peaksync

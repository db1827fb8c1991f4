#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/domain/run.h"
#include "server/ledger/sqlite/database.h"
#include "server/ledger/sqlite/rejection_store.h"
#include "server/ledger/sqlite/statement.h"

namespace peaksync {

using RunNumber = std::int64_t;

// A run as it stands in its row. `run.values.pending` is not stored.
struct StoredRun {
  RunNumber number = 0;
  std::uint32_t source_id = 0;
  Run run;
};

struct StoredAttribute {
  std::uint32_t attribute_id = 0;
  std::string name;
  std::optional<ValueType> confirmed_type;
  std::uint64_t epoch = 0;
  std::int64_t known_values = 0;
};

struct StoredSource {
  std::uint32_t source_id = 0;
  std::string name;
  std::optional<UnixNanos> cursor;
  std::string full_required;  // Why its next run must be FULL; empty: it need not.
};

// Every statement that the ledger can run on its file, prepared once. It knows SQL and nothing
// else; what the rows mean is TenantLedger's. Thread safety: none.
class LedgerStore {
 public:
  // Opens or creates the file and migrates it.
  static absl::StatusOr<LedgerStore> Open(const std::string& path);

  // Gives the page cache the size that is worth its memory: for all of a file that is not much
  // larger; of one that is, hardly any look-up finds its page, and the inner pages are enough. So
  // they are beside many bytes of states that lie outside of the file, and where customers are not
  // looked up in it.
  absl::Status FitCache(std::int64_t bytes_outside, bool looks_up);

  Database& database() { return database_; }
  absl::Status Begin() { return database_.Execute("BEGIN IMMEDIATE"); }
  absl::Status Commit();
  void Rollback();

  absl::StatusOr<std::string> ReadMeta(std::string_view name);  // "" when there is none.
  absl::Status WriteMeta(std::string_view name, std::string_view value);

  absl::StatusOr<std::vector<StoredSource>> ReadSources();
  absl::Status WriteSource(const StoredSource& source);
  absl::StatusOr<std::vector<StoredAttribute>> ReadAttributes();
  absl::Status WriteAttribute(const StoredAttribute& attribute);

  // Sets run.number.
  absl::Status InsertRun(StoredRun& run);
  absl::Status UpdateRun(const StoredRun& run);
  absl::StatusOr<std::optional<StoredRun>> FindRun(std::string_view run_id);
  absl::StatusOr<std::optional<StoredRun>> FindRunByRequest(std::uint32_t source_id,
                                                            std::string_view request_id);
  absl::StatusOr<std::vector<StoredRun>> ReadUnsettledRuns();
  // Newest first, numbers below `before`; of one source, or all.
  absl::StatusOr<std::vector<StoredRun>> ReadRuns(std::optional<std::uint32_t> source_id,
                                                  RunNumber before, int count);
  absl::StatusOr<std::optional<StoredRun>> LastCompletedRun(std::uint32_t source_id);
  // Of all runs, without pending.
  absl::StatusOr<ValueCounts> SumRuns();

  // The bucket of this hash; empty when there is none. The view lives until the next call.
  absl::StatusOr<std::string_view> ReadCustomer(std::uint64_t hash);
  absl::Status WriteCustomer(std::uint64_t hash, std::string_view bucket);
  using RowVisitor = absl::FunctionRef<absl::Status(std::int64_t id, std::string_view bytes)>;
  // Those from the first hash up to, and without, the second; in order.
  absl::Status ReadCustomers(std::uint64_t from, std::uint64_t to, RowVisitor visit);

  // Chunks of the outbox, each under the last id of its rows.
  absl::StatusOr<std::int64_t> LastOutboxId();  // Of all that ever were.
  absl::Status WriteOutboxChunk(std::int64_t last_id, std::string_view payload);
  absl::Status DeleteOutboxChunk(std::int64_t last_id);
  absl::StatusOr<std::string> ReadOutboxChunk(std::int64_t last_id);
  absl::Status ReadOutbox(RowVisitor visit);  // In order.

  absl::StatusOr<std::int64_t> LastJournalId();  // Of all that ever were.
  absl::Status AppendJournal(std::string_view payload);
  absl::Status ReadJournal(RowVisitor visit);  // In order.
  // Deletes the oldest rows up to this one, at most `count`. Answers how many they were.
  absl::StatusOr<std::int64_t> DeleteJournal(std::int64_t last_id, std::int64_t count);

  absl::StatusOr<std::int64_t> Pages();  // Of the file.
  // Gives some of the file's free pages back to the disk, when they are many. False: they are not.
  absl::StatusOr<bool> Shrink();

  RejectionStore& rejections() { return rejections_; }

 private:
  struct Statements;
  struct StatementsDeleter {
    void operator()(Statements* statements) const;
  };
  LedgerStore(Database database, std::unique_ptr<Statements, StatementsDeleter> statements,
              RejectionStore rejections);

  absl::StatusOr<std::int64_t> LastId(std::string_view table);
  static absl::StatusOr<std::int64_t> ReadNumber(Statement& statement);
  static absl::Status ReadRows(Statement& statement, RowVisitor visit);

  Database database_;
  bool has_small_cache_ = false;
  std::unique_ptr<Statements, StatementsDeleter> statements_;  // Gone before its database,
  RejectionStore rejections_;                                  // and so are these.
};

}  // namespace peaksync

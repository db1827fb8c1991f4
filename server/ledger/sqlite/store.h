#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

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

  // The customer's packed state; nothing when there is none. The view lives until the next call.
  absl::StatusOr<std::optional<std::string_view>> ReadCustomer(std::string_view key);
  absl::Status WriteCustomer(std::string_view key, std::string_view state);

  absl::StatusOr<std::int64_t> LastOutboxId();
  absl::Status InsertOutbox(std::int64_t id, RunNumber run, std::string_view payload);
  absl::Status UpdateOutbox(std::int64_t id, std::string_view payload);
  absl::Status DeleteOutbox(std::int64_t id);
  absl::StatusOr<std::string> ReadOutboxPayload(std::int64_t id);
  using OutboxVisitor =
      std::function<absl::Status(std::int64_t id, RunNumber run, std::string_view payload)>;
  absl::Status ReadOutbox(const OutboxVisitor& visit);  // In order.

  RejectionStore& rejections() { return rejections_; }

 private:
  struct Statements;
  struct StatementsDeleter {
    void operator()(Statements* statements) const;
  };
  LedgerStore(Database database, std::unique_ptr<Statements, StatementsDeleter> statements,
              RejectionStore rejections);

  Database database_;
  std::unique_ptr<Statements, StatementsDeleter> statements_;  // Gone before its database,
  RejectionStore rejections_;                                  // and so are these.
};

}  // namespace peaksync

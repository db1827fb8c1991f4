#include "server/ledger/sqlite/store.h"

#include <algorithm>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "server/base/status_macros.h"
#include "server/domain/concat.h"
#include "server/ledger/sqlite/run_row.h"
#include "server/ledger/sqlite/schema.h"

namespace peaksync {
namespace {

// The only row of a query that has at most one.
absl::StatusOr<std::optional<StoredRun>> ReadOneRun(Statement& statement) {
  PEAKSYNC_ASSIGN_OR_RETURN(const bool row, statement.Step());
  if (!row) return std::nullopt;
  return ReadRunRow(statement);
}

absl::StatusOr<std::vector<StoredRun>> ReadAllRuns(Statement& statement) {
  std::vector<StoredRun> runs;
  while (true) {
    PEAKSYNC_ASSIGN_OR_RETURN(const bool row, statement.Step());
    if (!row) return runs;
    runs.push_back(ReadRunRow(statement));
  }
}

}  // namespace

// Each with its SQL beside it, so that one glance shows all that can happen to the file.
struct LedgerStore::Statements {
  Statement read_meta, write_meta;
  Statement read_sources, write_source;
  Statement read_attributes, write_attribute;
  Statement insert_run, update_run, find_run, find_run_by_request, read_unsettled_runs, read_runs,
      read_runs_of_source, last_completed_run, sum_runs;
  Statement read_customer, read_customers, write_customer;
  Statement last_id, write_outbox, delete_outbox, read_outbox_chunk, read_outbox;
  Statement append_journal, read_journal, delete_journal;
  Statement pages, free_pages;

  static absl::StatusOr<std::unique_ptr<Statements, StatementsDeleter>> Prepare(const Database& db);
};

void LedgerStore::StatementsDeleter::operator()(Statements* statements) const { delete statements; }

absl::StatusOr<std::unique_ptr<LedgerStore::Statements, LedgerStore::StatementsDeleter>>
LedgerStore::Statements::Prepare(const Database& db) {
  absl::Status status;
  const auto prepare = [&](const char* sql) -> Statement {
    absl::StatusOr<Statement> statement = Statement::Prepare(db, sql);
    if (statement.ok()) return *std::move(statement);
    status = statement.status();
    return *Statement::Prepare(db, "SELECT 0");
  };
  std::unique_ptr<Statements, StatementsDeleter> statements(new Statements{
      .read_meta = prepare("SELECT value FROM meta WHERE name = ?1"),
      .write_meta = prepare("INSERT INTO meta VALUES (?1, ?2) "
                            "ON CONFLICT (name) DO UPDATE SET value = excluded.value"),
      .read_sources =
          prepare("SELECT source_id, name, cursor, full_required FROM sources ORDER BY name"),
      .write_source = prepare("INSERT INTO sources VALUES (?1, ?2, ?3, ?4) ON CONFLICT (source_id) "
                              "DO UPDATE SET cursor = excluded.cursor, "
                              "full_required = excluded.full_required"),
      .read_attributes =
          prepare("SELECT attribute_id, name, confirmed_type, epoch, known_values FROM attributes"),
      .write_attribute =
          prepare("INSERT INTO attributes VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (attribute_id) "
                  "DO UPDATE SET confirmed_type = excluded.confirmed_type, "
                  "epoch = excluded.epoch, known_values = excluded.known_values"),
      .insert_run =
          prepare("INSERT INTO runs VALUES (NULL, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, "
                  "?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, "
                  "?25, ?26, ?27, ?28)"),
      .update_run = prepare(
          "UPDATE runs SET state = ?2, state_reason = ?3, receive_time = ?4, complete_time = ?5, "
          "last_sequence = ?6, values_received = ?7, values_unchanged = ?8, values_stale = ?9, "
          "values_invalid = ?10, values_superseded = ?11, values_confirmed = ?12, "
          "values_rejected = ?13, values_discarded = ?14, updates_received = ?15, "
          "updates_invalid = ?16, updates_changed = ?17, updates_unchanged = ?18, cursor = ?19, "
          "stale_newest_known_time = ?20 WHERE run_number = ?1"),
      .find_run = prepare("SELECT " PEAKSYNC_RUN_COLUMNS "WHERE r.run_id = ?1"),
      .find_run_by_request =
          prepare("SELECT " PEAKSYNC_RUN_COLUMNS "WHERE r.source_id = ?1 AND r.request_id = ?2 "
                  "AND r.request_id <> ''"),
      .read_unsettled_runs = prepare("SELECT " PEAKSYNC_RUN_COLUMNS
                                     "WHERE r.complete_time IS NULL ORDER BY r.run_number"),
      .read_runs = prepare("SELECT " PEAKSYNC_RUN_COLUMNS
                           "WHERE r.run_number < ?1 ORDER BY r.run_number DESC LIMIT ?2"),
      .read_runs_of_source =
          prepare("SELECT " PEAKSYNC_RUN_COLUMNS "WHERE r.source_id = ?1 AND r.run_number < ?2 "
                  "ORDER BY r.run_number DESC LIMIT ?3"),
      .last_completed_run =
          prepare("SELECT " PEAKSYNC_RUN_COLUMNS "WHERE r.source_id = ?1 AND r.state IN (3, 4) "
                  "AND r.kind = 1 ORDER BY r.run_number DESC LIMIT 1"),
      .sum_runs = prepare(
          "SELECT coalesce(sum(values_received), 0), coalesce(sum(values_unchanged), 0), "
          "coalesce(sum(values_stale), 0), coalesce(sum(values_invalid), 0), "
          "coalesce(sum(values_superseded), 0), coalesce(sum(values_confirmed), 0), "
          "coalesce(sum(values_rejected), 0), coalesce(sum(values_discarded), 0) FROM runs"),
      .read_customer = prepare("SELECT bucket FROM customers WHERE customer_hash = ?1"),
      .read_customers = prepare("SELECT customer_hash, bucket FROM customers "
                                "WHERE customer_hash >= ?1 AND customer_hash < ?2 ORDER BY 1"),
      .write_customer = prepare("INSERT OR REPLACE INTO customers VALUES (?1, ?2)"),
      .last_id = prepare("SELECT seq FROM sqlite_sequence WHERE name = ?1"),
      .write_outbox = prepare("INSERT INTO outbox VALUES (?1, ?2) ON CONFLICT (last_outbox_id) "
                              "DO UPDATE SET payload = excluded.payload"),
      .delete_outbox = prepare("DELETE FROM outbox WHERE last_outbox_id = ?1"),
      .read_outbox_chunk = prepare("SELECT payload FROM outbox WHERE last_outbox_id = ?1"),
      .read_outbox = prepare("SELECT last_outbox_id, payload FROM outbox ORDER BY last_outbox_id"),
      .append_journal = prepare("INSERT INTO journal VALUES (NULL, ?1)"),
      .read_journal = prepare("SELECT journal_id, payload FROM journal ORDER BY journal_id"),
      .delete_journal =
          prepare("DELETE FROM journal WHERE journal_id IN (SELECT journal_id FROM journal "
                  "WHERE journal_id <= ?1 ORDER BY journal_id LIMIT ?2)"),
      .pages = prepare("PRAGMA page_count"),
      .free_pages = prepare("PRAGMA freelist_count"),
  });
  PEAKSYNC_RETURN_IF_ERROR(status);
  return statements;
}

LedgerStore::LedgerStore(Database database,
                         std::unique_ptr<Statements, StatementsDeleter> statements,
                         RejectionStore rejections)
    : database_(std::move(database)),
      statements_(std::move(statements)),
      rejections_(std::move(rejections)) {}

absl::StatusOr<LedgerStore> LedgerStore::Open(const std::string& path) {
  PEAKSYNC_ASSIGN_OR_RETURN(Database database, Database::Open(path));
  PEAKSYNC_RETURN_IF_ERROR(CheckSchema(database));
  PEAKSYNC_RETURN_IF_ERROR(database.Configure());
  PEAKSYNC_RETURN_IF_ERROR(MigrateSchema(database));
  PEAKSYNC_ASSIGN_OR_RETURN(auto statements, Statements::Prepare(database));
  PEAKSYNC_ASSIGN_OR_RETURN(RejectionStore rejections, RejectionStore::Prepare(database));
  return LedgerStore(std::move(database), std::move(statements), std::move(rejections));
}

absl::Status LedgerStore::FitCache(std::int64_t bytes_outside, bool looks_up) {
  constexpr std::int64_t kPagesManyTimesTheCache = 5 * 32'768;
  constexpr std::int64_t kManyBytesOutside = 128 << 20;
  PEAKSYNC_ASSIGN_OR_RETURN(const std::int64_t pages, Pages());
  const bool small =
      pages >= kPagesManyTimesTheCache || bytes_outside >= kManyBytesOutside || !looks_up;
  if (small == has_small_cache_) return absl::OkStatus();
  has_small_cache_ = small;
  return database_.Execute(small ? "PRAGMA cache_size=-4096" : "PRAGMA cache_size=-131072");
}

absl::Status LedgerStore::Commit() {
  statements_->read_customer.Reset();  // An open reader would keep checkpoints from completing.
  return database_.Execute("COMMIT");
}

void LedgerStore::Rollback() {
  statements_->read_customer.Reset();
  // SQLite has already rolled back by itself after some errors.
  if (database_.InTransaction()) (void)database_.Execute("ROLLBACK");
}

absl::StatusOr<std::string> LedgerStore::ReadMeta(std::string_view name) {
  Statement& statement = statements_->read_meta;
  const auto reset = absl::MakeCleanup([&] { statement.Reset(); });
  PEAKSYNC_RETURN_IF_ERROR(statement.Bind(name));
  PEAKSYNC_ASSIGN_OR_RETURN(const bool row, statement.Step());
  return row ? std::string(statement.Text(0)) : std::string();
}

absl::Status LedgerStore::WriteMeta(std::string_view name, std::string_view value) {
  return statements_->write_meta.Run(name, value).status();
}

absl::StatusOr<std::vector<StoredSource>> LedgerStore::ReadSources() {
  Statement& statement = statements_->read_sources;
  const auto reset = absl::MakeCleanup([&] { statement.Reset(); });
  std::vector<StoredSource> sources;
  while (true) {
    PEAKSYNC_ASSIGN_OR_RETURN(const bool row, statement.Step());
    if (!row) return sources;
    sources.push_back({static_cast<std::uint32_t>(statement.Integer(0)),
                       std::string(statement.Text(1)), statement.OptionalInteger(2),
                       std::string(statement.Text(3))});
  }
}

absl::Status LedgerStore::WriteSource(const StoredSource& source) {
  return statements_->write_source
      .Run(source.source_id, std::string_view(source.name), source.cursor,
           std::string_view(source.full_required))
      .status();
}

absl::StatusOr<std::vector<StoredAttribute>> LedgerStore::ReadAttributes() {
  Statement& statement = statements_->read_attributes;
  const auto reset = absl::MakeCleanup([&] { statement.Reset(); });
  std::vector<StoredAttribute> attributes;
  while (true) {
    PEAKSYNC_ASSIGN_OR_RETURN(const bool row, statement.Step());
    if (!row) return attributes;
    StoredAttribute& attribute = attributes.emplace_back();
    attribute.attribute_id = static_cast<std::uint32_t>(statement.Integer(0));
    attribute.name = statement.Text(1);
    if (const auto type = statement.OptionalInteger(2)) {
      attribute.confirmed_type = static_cast<ValueType>(*type);
    }
    attribute.epoch = static_cast<std::uint64_t>(statement.Integer(3));
    attribute.known_values = statement.Integer(4);
  }
}

absl::Status LedgerStore::WriteAttribute(const StoredAttribute& attribute) {
  return statements_->write_attribute
      .Run(attribute.attribute_id, std::string_view(attribute.name), attribute.confirmed_type,
           attribute.epoch, attribute.known_values)
      .status();
}

absl::Status LedgerStore::InsertRun(StoredRun& stored) {
  const Run& run = stored.run;
  const ValueCounts& values = run.values;
  const UpdateCounts& updates = run.updates;
  PEAKSYNC_RETURN_IF_ERROR(
      statements_->insert_run
          .Run(std::string_view(run.run_id), stored.source_id, run.state,
               std::string_view(run.state_reason), run.kind, run.mode, std::string_view(run.client),
               std::string_view(run.request_id), run.create_time, run.default_updated_at,
               run.receive_time, run.complete_time, run.last_sequence, values.received,
               values.unchanged, values.stale, values.invalid, values.superseded, values.confirmed,
               values.rejected, values.discarded, updates.received, updates.invalid,
               updates.changed, updates.unchanged, run.from_cursor, run.cursor,
               run.stale_newest_known_time)
          .status());
  stored.number = sqlite3_last_insert_rowid(database_.handle());
  return absl::OkStatus();
}

absl::Status LedgerStore::UpdateRun(const StoredRun& stored) {
  const Run& run = stored.run;
  const ValueCounts& values = run.values;
  const UpdateCounts& updates = run.updates;
  return statements_->update_run
      .Run(stored.number, run.state, std::string_view(run.state_reason), run.receive_time,
           run.complete_time, run.last_sequence, values.received, values.unchanged, values.stale,
           values.invalid, values.superseded, values.confirmed, values.rejected, values.discarded,
           updates.received, updates.invalid, updates.changed, updates.unchanged, run.cursor,
           run.stale_newest_known_time)
      .status();
}

absl::StatusOr<std::optional<StoredRun>> LedgerStore::FindRun(std::string_view run_id) {
  Statement& statement = statements_->find_run;
  const auto reset = absl::MakeCleanup([&] { statement.Reset(); });
  PEAKSYNC_RETURN_IF_ERROR(statement.Bind(run_id));
  return ReadOneRun(statement);
}

absl::StatusOr<std::optional<StoredRun>> LedgerStore::FindRunByRequest(
    std::uint32_t source_id, std::string_view request_id) {
  Statement& statement = statements_->find_run_by_request;
  const auto reset = absl::MakeCleanup([&] { statement.Reset(); });
  PEAKSYNC_RETURN_IF_ERROR(statement.Bind(source_id, request_id));
  return ReadOneRun(statement);
}

absl::StatusOr<std::vector<StoredRun>> LedgerStore::ReadUnsettledRuns() {
  Statement& statement = statements_->read_unsettled_runs;
  const auto reset = absl::MakeCleanup([&] { statement.Reset(); });
  return ReadAllRuns(statement);
}

absl::StatusOr<std::vector<StoredRun>> LedgerStore::ReadRuns(std::optional<std::uint32_t> source_id,
                                                             RunNumber before, int count) {
  Statement& statement = source_id ? statements_->read_runs_of_source : statements_->read_runs;
  const auto reset = absl::MakeCleanup([&] { statement.Reset(); });
  PEAKSYNC_RETURN_IF_ERROR(source_id ? statement.Bind(*source_id, before, count)
                                     : statement.Bind(before, count));
  return ReadAllRuns(statement);
}

absl::StatusOr<std::optional<StoredRun>> LedgerStore::LastCompletedRun(std::uint32_t source_id) {
  Statement& statement = statements_->last_completed_run;
  const auto reset = absl::MakeCleanup([&] { statement.Reset(); });
  PEAKSYNC_RETURN_IF_ERROR(statement.Bind(source_id));
  return ReadOneRun(statement);
}

absl::StatusOr<ValueCounts> LedgerStore::SumRuns() {
  Statement& statement = statements_->sum_runs;
  const auto reset = absl::MakeCleanup([&] { statement.Reset(); });
  PEAKSYNC_RETURN_IF_ERROR(statement.Step().status());
  ValueCounts sum;
  int column = 0;
  for (std::int64_t* count : {&sum.received, &sum.unchanged, &sum.stale, &sum.invalid,
                              &sum.superseded, &sum.confirmed, &sum.rejected, &sum.discarded}) {
    *count = statement.Integer(column++);
  }
  return sum;
}

absl::StatusOr<std::string_view> LedgerStore::ReadCustomer(std::uint64_t hash) {
  Statement& statement = statements_->read_customer;
  statement.Reset();
  PEAKSYNC_RETURN_IF_ERROR(statement.Bind(hash));
  PEAKSYNC_ASSIGN_OR_RETURN(const bool row, statement.Step());
  return row ? statement.Bytes(0) : std::string_view();
}

absl::Status LedgerStore::WriteCustomer(std::uint64_t hash, std::string_view bucket) {
  const absl::Status written = statements_->write_customer.Run(hash, Blob{bucket}).status();
  statements_->read_customer.Reset();  // Not before: the bucket may be the one that was read.
  return written;
}

absl::Status LedgerStore::ReadCustomers(std::uint64_t from, std::uint64_t to, RowVisitor visit) {
  Statement& statement = statements_->read_customers;
  const absl::Status bound = statement.Bind(from, to);
  return bound.ok() ? ReadRows(statement, visit) : bound;
}

absl::StatusOr<std::int64_t> LedgerStore::ReadNumber(Statement& statement) {
  const auto reset = absl::MakeCleanup([&] { statement.Reset(); });
  PEAKSYNC_RETURN_IF_ERROR(statement.Step().status());
  return statement.Integer(0);
}

absl::StatusOr<std::int64_t> LedgerStore::Pages() { return ReadNumber(statements_->pages); }

absl::StatusOr<bool> LedgerStore::Shrink() {
  constexpr std::int64_t kFreePagesMin = 500;  // 2 MB; fewer are soon used again.
  PEAKSYNC_ASSIGN_OR_RETURN(const std::int64_t free, ReadNumber(statements_->free_pages));
  PEAKSYNC_ASSIGN_OR_RETURN(const std::int64_t pages, Pages());
  if (free < std::max(kFreePagesMin, pages / 20)) return false;
  PEAKSYNC_RETURN_IF_ERROR(database_.Execute("PRAGMA incremental_vacuum(1000)"));
  return true;
}

absl::StatusOr<std::int64_t> LedgerStore::LastId(std::string_view table) {
  Statement& statement = statements_->last_id;
  const auto reset = absl::MakeCleanup([&] { statement.Reset(); });
  PEAKSYNC_RETURN_IF_ERROR(statement.Bind(table));
  PEAKSYNC_ASSIGN_OR_RETURN(const bool row, statement.Step());
  return row ? statement.Integer(0) : 0;
}

absl::StatusOr<std::int64_t> LedgerStore::LastOutboxId() { return LastId("outbox"); }

absl::Status LedgerStore::WriteOutboxChunk(std::int64_t last_id, std::string_view payload) {
  return statements_->write_outbox.Run(last_id, Blob{payload}).status();
}

absl::Status LedgerStore::DeleteOutboxChunk(std::int64_t last_id) {
  return statements_->delete_outbox.Run(last_id).status();
}

absl::StatusOr<std::string> LedgerStore::ReadOutboxChunk(std::int64_t last_id) {
  Statement& statement = statements_->read_outbox_chunk;
  const auto reset = absl::MakeCleanup([&] { statement.Reset(); });
  PEAKSYNC_RETURN_IF_ERROR(statement.Bind(last_id));
  PEAKSYNC_ASSIGN_OR_RETURN(const bool row, statement.Step());
  if (!row) return absl::DataLossError(Concat("chunk ", last_id, " of the outbox is missing"));
  return std::string(statement.Bytes(0));
}

absl::Status LedgerStore::ReadRows(Statement& statement, RowVisitor visit) {
  const auto reset = absl::MakeCleanup([&] { statement.Reset(); });
  while (true) {
    PEAKSYNC_ASSIGN_OR_RETURN(const bool row, statement.Step());
    if (!row) return absl::OkStatus();
    PEAKSYNC_RETURN_IF_ERROR(visit(statement.Integer(0), statement.Bytes(1)));
  }
}

absl::Status LedgerStore::ReadOutbox(RowVisitor visit) {
  return ReadRows(statements_->read_outbox, visit);
}

absl::StatusOr<std::int64_t> LedgerStore::LastJournalId() { return LastId("journal"); }

absl::Status LedgerStore::AppendJournal(std::string_view payload) {
  return statements_->append_journal.Run(Blob{payload}).status();
}

absl::Status LedgerStore::ReadJournal(RowVisitor visit) {
  return ReadRows(statements_->read_journal, visit);
}

absl::StatusOr<std::int64_t> LedgerStore::DeleteJournal(std::int64_t last_id, std::int64_t count) {
  PEAKSYNC_RETURN_IF_ERROR(statements_->delete_journal.Run(last_id, count).status());
  return sqlite3_changes64(database_.handle());
}

}  // namespace peaksync

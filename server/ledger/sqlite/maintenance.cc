#include "server/ledger/sqlite/maintenance.h"

#include <sys/stat.h>

#include <map>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/numbers.h"
#include "server/base/status_macros.h"
#include "server/domain/concat.h"
#include "server/ledger/customer_state.h"
#include "server/ledger/outbox_row.h"
#include "server/ledger/run_book.h"
#include "server/ledger/sqlite/run_row.h"
#include "server/ledger/sqlite/schema.h"
#include "server/ledger/sqlite/statement.h"

namespace peaksync {
namespace {

// The ledger as it is now, for as long as this lives.
absl::StatusOr<Database> OpenMoment(const std::string& path) {
  PEAKSYNC_ASSIGN_OR_RETURN(Database database, Database::OpenReadOnly(path));
  PEAKSYNC_RETURN_IF_ERROR(CheckSchema(database));
  PEAKSYNC_RETURN_IF_ERROR(database.Execute("BEGIN"));
  return database;
}

// The first column of the first row; 0 when there is none.
absl::StatusOr<std::int64_t> ReadNumber(const Database& database, const char* sql) {
  PEAKSYNC_ASSIGN_OR_RETURN(Statement statement, Statement::Prepare(database, sql));
  PEAKSYNC_ASSIGN_OR_RETURN(const bool row, statement.Step());
  return row ? statement.Integer(0) : 0;
}

absl::StatusOr<LedgerFacts> ReadFacts(const Database& database) {
  PEAKSYNC_ASSIGN_OR_RETURN(Statement read,
                            Statement::Prepare(database, "SELECT name, value FROM meta"));
  LedgerFacts facts;
  while (true) {
    PEAKSYNC_ASSIGN_OR_RETURN(const bool row, read.Step());
    if (!row) return facts;
    const std::string_view name = read.Text(0);
    if (name == "tenant") facts.tenant = read.Text(1);
    if (name == "endpoint") facts.endpoint = read.Text(1);
    if (name == "workspace") facts.workspace = read.Text(1);
    if (name == "epoch" && !absl::SimpleAtoi(Abseil(read.Text(1)), &facts.epoch)) facts.epoch = 0;
  }
}

std::int64_t FileBytes(const std::string& path) {
  struct stat info = {};
  return stat(path.c_str(), &info) == 0 ? std::int64_t{info.st_size} : 0;
}

// Looks at every row there is, in one moment of the ledger.
class Check {
 public:
  explicit Check(const Database& database) : database_(database) {}

  absl::Status Run() {
    PEAKSYNC_RETURN_IF_ERROR(CheckPages());
    // Rows of a broken tree would only repeat it.
    if (!problems_.empty()) return absl::OkStatus();
    PEAKSYNC_RETURN_IF_ERROR(ReadAttributes());
    PEAKSYNC_RETURN_IF_ERROR(CheckOutbox());
    PEAKSYNC_RETURN_IF_ERROR(CheckRuns());
    PEAKSYNC_RETURN_IF_ERROR(CheckCustomers());
    return CheckRejections();
  }
  std::vector<std::string> TakeProblems() { return std::move(problems_); }
  void Add(std::string problem) {
    if (problems_.size() < kLedgerProblemsMax) problems_.push_back(std::move(problem));
  }

 private:
  template <typename Visit>
  absl::Status ForEach(const char* sql, const Visit& visit) {
    PEAKSYNC_ASSIGN_OR_RETURN(Statement read, Statement::Prepare(database_, sql));
    while (true) {
      PEAKSYNC_ASSIGN_OR_RETURN(const bool row, read.Step());
      if (!row) return absl::OkStatus();
      visit(read);
    }
  }

  absl::Status CheckPages() {
    return ForEach("PRAGMA integrity_check(100)", [&](const Statement& row) {
      if (row.Text(0) != "ok") Add(Concat("SQLite: ", row.Text(0)));
    });
  }

  absl::Status ReadAttributes() {
    return ForEach("SELECT attribute_id FROM attributes",
                   [&](const Statement& row) { attributes_.insert(row.Integer(0)); });
  }

  absl::Status CheckOutbox() {
    return ForEach(
        "SELECT o.outbox_id, o.run_number, o.payload, r.run_number IS NOT NULL AND "
        "r.complete_time IS NULL FROM outbox o LEFT JOIN runs r USING (run_number)",
        [&](const Statement& row) {
          const std::string name = Concat("row ", row.Integer(0), " of the outbox ");
          const absl::StatusOr<OutboxRow> unpacked = OutboxRow::Unpack(row.Bytes(2));
          if (row.Integer(3) == 0) Add(Concat(name, "belongs to no run that waits for it"));
          if (!unpacked.ok()) return Add(Concat(name, "cannot be read"));
          pending_[row.Integer(1)] += static_cast<std::int64_t>(unpacked->attributes.size());
          for (const OutboxRow::Attribute& attribute : unpacked->attributes) {
            if (attributes_.contains(attribute.attribute_id)) continue;
            return Add(Concat(name, "names an unknown attribute"));
          }
        });
  }

  absl::Status CheckRuns() {
    return ForEach("SELECT " PEAKSYNC_RUN_COLUMNS "ORDER BY r.run_number",
                   [&](const Statement& row) {
                     StoredRun stored = ReadRunRow(row);
                     stored.run.values.pending = pending_[stored.number];
                     const absl::Status sum =
                         CheckValueCounts(Concat("run ", stored.run.run_id), stored.run.values);
                     if (!sum.ok()) Add(std::string(sum.message()));
                   });
  }

  absl::Status CheckCustomers() {
    std::int64_t unreadable = 0;
    std::int64_t unknown = 0;
    PEAKSYNC_RETURN_IF_ERROR(ForEach("SELECT state FROM customers", [&](const Statement& row) {
      const absl::StatusOr<CustomerState> state = CustomerState::Unpack(row.Bytes(0));
      if (!state.ok()) {
        ++unreadable;
        return;
      }
      for (const KnownAttribute& known : state->attributes) {
        unknown += attributes_.contains(known.attribute_id) ? 0 : 1;
      }
    }));
    if (unreadable > 0) Add(Concat(unreadable, " customers cannot be read"));
    if (unknown > 0) Add(Concat(unknown, " values of customers name an unknown attribute"));
    return absl::OkStatus();
  }

  absl::Status CheckRejections() {
    return ForEach(
        "SELECT j.rejection_id, j.customer, r.run_number IS NOT NULL FROM rejections j "
        "LEFT JOIN runs r USING (run_number)",
        [&](const Statement& row) {
          const std::string name = Concat("rejection ", row.Integer(0), " ");
          if (!UnpackCustomer(row.Bytes(1)).ok()) Add(Concat(name, "cannot be read"));
          if (row.Integer(2) == 0) Add(Concat(name, "belongs to no run"));
        });
  }

  const Database& database_;
  std::vector<std::string> problems_;
  absl::flat_hash_set<std::int64_t> attributes_;
  std::map<std::int64_t, std::int64_t> pending_;  // Values by run.
};

}  // namespace

absl::StatusOr<LedgerFacts> ReadLedgerFacts(const std::string& path) {
  PEAKSYNC_ASSIGN_OR_RETURN(const Database database, OpenMoment(path));
  return ReadFacts(database);
}

absl::Status GuardWorkspace(const LedgerFacts& facts, const std::string& endpoint,
                            const std::string& workspace) {
  if (facts.endpoint == endpoint && facts.workspace == workspace) return absl::OkStatus();
  return absl::FailedPreconditionError(
      Concat("ledger of ", facts.tenant, " belongs to ", facts.workspace, " at ", facts.endpoint,
             ", the configuration names ", workspace, " at ", endpoint,
             ": the service's operator has to correct the configuration, or to run peaksyncd "
             "ledger rebind --tenant ",
             facts.tenant));
}

absl::StatusOr<LedgerStats> ReadLedgerStats(const std::string& path) {
  PEAKSYNC_ASSIGN_OR_RETURN(const Database database, OpenMoment(path));
  LedgerStats stats;
  PEAKSYNC_ASSIGN_OR_RETURN(stats.facts, ReadFacts(database));
  const std::pair<std::int64_t*, const char*> numbers[] = {
      {&stats.customers, "SELECT count(*) FROM customers"},
      {&stats.values, "SELECT sum(known_values) FROM attributes"},
      {&stats.waiting_updates, "SELECT count(*) FROM outbox"},
      {&stats.sources, "SELECT count(*) FROM sources"},
      {&stats.runs, "SELECT count(*) FROM runs"},
      {&stats.unsettled_runs, "SELECT count(*) FROM runs WHERE complete_time IS NULL"},
      {&stats.rejections, "SELECT count(*) FROM rejections"},
      {&stats.page_bytes, "PRAGMA page_size"},
      {&stats.free_pages, "PRAGMA freelist_count"}};
  for (const auto& [number, sql] : numbers) {
    PEAKSYNC_ASSIGN_OR_RETURN(*number, ReadNumber(database, sql));
  }
  PEAKSYNC_ASSIGN_OR_RETURN(Statement outbox,
                            Statement::Prepare(database, "SELECT payload FROM outbox"));
  while (true) {
    PEAKSYNC_ASSIGN_OR_RETURN(const bool row, outbox.Step());
    if (!row) break;
    PEAKSYNC_ASSIGN_OR_RETURN(const OutboxRow unpacked, OutboxRow::Unpack(outbox.Bytes(0)));
    stats.waiting_values += static_cast<std::int64_t>(unpacked.attributes.size());
  }
  stats.file_bytes = FileBytes(path);
  stats.log_bytes = FileBytes(Concat(path, "-wal"));
  return stats;
}

absl::StatusOr<std::vector<std::string>> CheckLedger(const std::string& path) {
  absl::StatusOr<Database> database = OpenMoment(path);
  if (absl::IsDataLoss(database.status())) {
    return std::vector<std::string>{std::string(database.status().message())};
  }
  PEAKSYNC_RETURN_IF_ERROR(database.status());
  Check check(*database);
  const absl::Status status = check.Run();
  if (absl::IsDataLoss(status)) {
    check.Add(std::string(status.message()));
  } else {
    PEAKSYNC_RETURN_IF_ERROR(status);
  }
  return check.TakeProblems();
}

}  // namespace peaksync

#include "server/ledger/sqlite/maintenance.h"

#include <sys/stat.h>

#include <map>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/numbers.h"
#include "server/base/status_macros.h"
#include "server/domain/concat.h"
#include "server/ledger/customer_bucket.h"
#include "server/ledger/customer_state.h"
#include "server/ledger/journal.h"
#include "server/ledger/outbox_chunk.h"
#include "server/ledger/outbox_row.h"
#include "server/ledger/run_book.h"
#include "server/ledger/sqlite/run_row.h"
#include "server/ledger/sqlite/schema.h"
#include "server/ledger/sqlite/statement.h"

namespace peaksync {
namespace {

constexpr char kReadJournal[] = "SELECT journal_id, payload FROM journal ORDER BY journal_id";
constexpr char kReadOutbox[] = "SELECT last_outbox_id, payload FROM outbox";

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

template <typename Visit>
absl::Status ForEach(const Database& database, const char* sql, const Visit& visit) {
  PEAKSYNC_ASSIGN_OR_RETURN(Statement read, Statement::Prepare(database, sql));
  while (true) {
    PEAKSYNC_ASSIGN_OR_RETURN(const bool row, read.Step());
    if (!row) return absl::OkStatus();
    PEAKSYNC_RETURN_IF_ERROR(visit(read));
  }
}

// What the tables customers and outbox do not say yet.
class Journal : public JournalVisitor {
 public:
  void Settled(OutboxId id) override { settled_[id].all = true; }
  void Settled(OutboxId id, std::uint32_t attribute_id) override {
    settled_[id].attributes.push_back(attribute_id);
  }
  void State(CustomerHash hash, std::string_view bucket) override { states_[hash] = bucket; }
  void Touched(CustomerHash, const Touch&) override {}
  void SentUpTo(OutboxId) override {}

  const absl::flat_hash_map<CustomerHash, std::string>& states() const { return states_; }

  bool IsSettled(OutboxId id) const {
    const auto settled = settled_.find(id);
    return settled != settled_.end() && settled->second.all;
  }
  void RemoveSettled(OutboxId id, OutboxRow& row) const {
    const auto settled = settled_.find(id);
    if (settled != settled_.end()) row.Remove(settled->second.attributes);
  }

 private:
  struct SettledValues {
    bool all = false;
    std::vector<std::uint32_t> attributes;
  };
  absl::flat_hash_map<OutboxId, SettledValues> settled_;
  absl::flat_hash_map<CustomerHash, std::string> states_;
};

// Looks at every row there is, in one moment of the ledger.
class Check {
 public:
  explicit Check(const Database& database) : database_(database) {}

  absl::Status Run() {
    PEAKSYNC_RETURN_IF_ERROR(CheckPages());
    // Rows of a broken tree would only repeat it.
    if (!problems_.empty()) return absl::OkStatus();
    PEAKSYNC_RETURN_IF_ERROR(ReadAttributes());
    PEAKSYNC_RETURN_IF_ERROR(ReadUnsettledRuns());
    PEAKSYNC_RETURN_IF_ERROR(CheckJournal());
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
  // `visit` has nothing to fail by.
  template <typename Visit>
  absl::Status EachRow(const char* sql, const Visit& visit) {
    return ForEach(database_, sql, [&](const Statement& row) {
      visit(row);
      return absl::OkStatus();
    });
  }

  absl::Status CheckPages() {
    return EachRow("PRAGMA integrity_check(100)", [&](const Statement& row) {
      if (row.Text(0) != "ok") Add(Concat("SQLite: ", row.Text(0)));
    });
  }

  absl::Status ReadAttributes() {
    return EachRow("SELECT attribute_id FROM attributes",
                   [&](const Statement& row) { attributes_.insert(row.Integer(0)); });
  }

  absl::Status ReadUnsettledRuns() {
    return EachRow("SELECT run_number FROM runs WHERE complete_time IS NULL",
                   [&](const Statement& row) { unsettled_runs_.insert(row.Integer(0)); });
  }

  absl::Status CheckJournal() {
    return EachRow(kReadJournal, [&](const Statement& row) {
      if (ReadJournal(row.Bytes(1), journal_).ok()) return;
      Add(Concat("row ", row.Integer(0), " of the journal cannot be read"));
    });
  }

  absl::Status CheckOutbox() {
    return EachRow(kReadOutbox, [&](const Statement& chunk) {
      const auto check_row = [&](OutboxId id, RunNumber run, std::string_view packed) {
        if (!journal_.IsSettled(id)) CheckOutboxRow(id, run, packed);
        return absl::OkStatus();
      };
      const absl::Status read =
          ReadOutboxChunk(chunk.Integer(0), chunk.Bytes(1), check_row).status();
      if (!read.ok()) Add(std::string(read.message()));
    });
  }

  void CheckOutboxRow(OutboxId id, RunNumber run, std::string_view packed) {
    const std::string name = Concat("row ", id, " of the outbox ");
    if (!unsettled_runs_.contains(run)) Add(Concat(name, "belongs to no run that waits for it"));
    absl::StatusOr<OutboxRow> row = OutboxRow::Unpack(packed);
    if (!row.ok()) return Add(Concat(name, "cannot be read"));
    journal_.RemoveSettled(id, *row);
    pending_[run] += static_cast<std::int64_t>(row->attributes.size());
    for (const OutboxRow::Attribute& attribute : row->attributes) {
      if (attributes_.contains(attribute.attribute_id)) continue;
      return Add(Concat(name, "names an unknown attribute"));
    }
  }

  absl::Status CheckRuns() {
    return EachRow("SELECT " PEAKSYNC_RUN_COLUMNS "ORDER BY r.run_number",
                   [&](const Statement& row) {
                     StoredRun stored = ReadRunRow(row);
                     stored.run.values.pending = pending_[stored.number];
                     const absl::Status sum =
                         CheckValueCounts(Concat("run ", stored.run.run_id), stored.run.values);
                     if (!sum.ok()) Add(std::string(sum.message()));
                   });
  }

  absl::Status CheckCustomers() {
    PEAKSYNC_RETURN_IF_ERROR(EachRow("SELECT bucket FROM customers",
                                     [&](const Statement& row) { CheckBucket(row.Bytes(0)); }));
    for (const auto& [hash, bucket] : journal_.states()) CheckBucket(bucket);
    if (unreadable_ > 0) Add(Concat(unreadable_, " customers cannot be read"));
    if (unknown_ > 0) Add(Concat(unknown_, " values of customers name an unknown attribute"));
    return absl::OkStatus();
  }

  void CheckBucket(std::string_view bucket) {
    if (!IsBucket(bucket)) {
      ++unreadable_;
      return;
    }
    ForEachInBucket(bucket, [&](std::string_view, std::string_view packed) {
      CustomerState state;
      if (!CustomerState::Unpack(packed, &state).ok()) {
        ++unreadable_;
        return;
      }
      for (const KnownAttribute& known : state.attributes) {
        unknown_ += attributes_.contains(known.attribute_id) ? 0 : 1;
      }
    });
  }

  absl::Status CheckRejections() {
    return EachRow(
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
  absl::flat_hash_set<std::int64_t> unsettled_runs_;
  std::map<RunNumber, std::int64_t> pending_;  // Values.
  Journal journal_;
  std::int64_t unreadable_ = 0;
  std::int64_t unknown_ = 0;
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

namespace {

// Counts what waits, and the customers who stand in the journal only.
absl::Status AddWaiting(const Database& database, LedgerStats* stats) {
  Journal journal;
  PEAKSYNC_RETURN_IF_ERROR(ForEach(database, kReadJournal, [&](const Statement& row) {
    return ReadJournal(row.Bytes(1), journal);
  }));
  PEAKSYNC_ASSIGN_OR_RETURN(
      Statement find,
      Statement::Prepare(database, "SELECT 1 FROM customers WHERE customer_hash = ?1"));
  for (const auto& [hash, bucket] : journal.states()) {
    PEAKSYNC_ASSIGN_OR_RETURN(const bool folded, find.Run(hash));
    if (!folded) ++stats->customers;
  }
  const auto add_row = [&](OutboxId id, RunNumber, std::string_view packed) -> absl::Status {
    if (journal.IsSettled(id)) return absl::OkStatus();
    PEAKSYNC_ASSIGN_OR_RETURN(OutboxRow row, OutboxRow::Unpack(packed));
    journal.RemoveSettled(id, row);
    ++stats->waiting_updates;
    stats->waiting_values += static_cast<std::int64_t>(row.attributes.size());
    return absl::OkStatus();
  };
  return ForEach(database, kReadOutbox, [&](const Statement& chunk) {
    return ReadOutboxChunk(chunk.Integer(0), chunk.Bytes(1), add_row).status();
  });
}

}  // namespace

absl::StatusOr<LedgerStats> ReadLedgerStats(const std::string& path) {
  PEAKSYNC_ASSIGN_OR_RETURN(const Database database, OpenMoment(path));
  LedgerStats stats;
  PEAKSYNC_ASSIGN_OR_RETURN(stats.facts, ReadFacts(database));
  const std::pair<std::int64_t*, const char*> numbers[] = {
      {&stats.customers, "SELECT count(*) FROM customers"},
      {&stats.values, "SELECT sum(known_values) FROM attributes"},
      {&stats.sources, "SELECT count(*) FROM sources"},
      {&stats.runs, "SELECT count(*) FROM runs"},
      {&stats.unsettled_runs, "SELECT count(*) FROM runs WHERE complete_time IS NULL"},
      {&stats.rejections, "SELECT count(*) FROM rejections"},
      {&stats.page_bytes, "PRAGMA page_size"},
      {&stats.free_pages, "PRAGMA freelist_count"}};
  for (const auto& [number, sql] : numbers) {
    PEAKSYNC_ASSIGN_OR_RETURN(*number, ReadNumber(database, sql));
  }
  PEAKSYNC_RETURN_IF_ERROR(AddWaiting(database, &stats));
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

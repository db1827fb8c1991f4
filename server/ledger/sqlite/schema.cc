#include "server/ledger/sqlite/schema.h"

#include <array>

#include "absl/cleanup/cleanup.h"
#include "server/base/status_macros.h"
#include "server/domain/concat.h"
#include "server/ledger/sqlite/statement.h"

namespace peaksync {
namespace {

constexpr std::int64_t kApplicationId = 0x50'4b'53'59;  // "PKSY"

// One literal a version; each ends by setting user_version. Steps never change once released.
// Times are nanoseconds since 1970 UTC.
constexpr std::array<const char*, kSchemaVersion> kMigrations = {R"sql(
PRAGMA application_id = 1347113817;

-- Facts of the ledger itself: tenant, endpoint, workspace, epoch, last_time.
CREATE TABLE meta (
  name  TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE sources (
  source_id INTEGER PRIMARY KEY,
  name      TEXT NOT NULL UNIQUE,
  cursor    INTEGER,
  -- Why its next run must be FULL; empty: it need not.
  full_required TEXT NOT NULL
) STRICT;

-- Braze's names. confirmed_type is the ValueType once one was confirmed, else NULL. A value with an
-- older epoch than its attribute's, or the ledger's, is unknown. known_values counts the others.
CREATE TABLE attributes (
  attribute_id   INTEGER PRIMARY KEY,
  name           TEXT NOT NULL UNIQUE,
  confirmed_type INTEGER,
  epoch          INTEGER NOT NULL,
  known_values   INTEGER NOT NULL
) STRICT;

-- complete_time is set once none of the run's values is pending; pending itself is counted from the
-- outbox and never written.
CREATE TABLE runs (
  run_number              INTEGER PRIMARY KEY AUTOINCREMENT,
  run_id                  TEXT NOT NULL UNIQUE,
  source_id               INTEGER NOT NULL REFERENCES sources,
  state                   INTEGER NOT NULL,
  state_reason            TEXT NOT NULL,
  kind                    INTEGER NOT NULL,
  mode                    INTEGER NOT NULL,
  client                  TEXT NOT NULL,
  request_id              TEXT NOT NULL,
  create_time             INTEGER NOT NULL,
  default_updated_at      INTEGER NOT NULL,
  receive_time            INTEGER,
  complete_time           INTEGER,
  last_sequence           INTEGER NOT NULL,
  values_received         INTEGER NOT NULL,
  values_unchanged        INTEGER NOT NULL,
  values_stale            INTEGER NOT NULL,
  values_invalid          INTEGER NOT NULL,
  values_superseded       INTEGER NOT NULL,
  values_confirmed        INTEGER NOT NULL,
  values_rejected         INTEGER NOT NULL,
  values_discarded        INTEGER NOT NULL,
  updates_received        INTEGER NOT NULL,
  updates_invalid         INTEGER NOT NULL,
  updates_changed         INTEGER NOT NULL,
  updates_unchanged       INTEGER NOT NULL,
  from_cursor             INTEGER,
  cursor                  INTEGER,
  stale_newest_known_time INTEGER
) STRICT;
CREATE INDEX runs_by_source ON runs (source_id, run_number);
CREATE UNIQUE INDEX runs_by_request ON runs (source_id, request_id) WHERE request_id <> '';
CREATE INDEX runs_unsettled ON runs (run_number) WHERE complete_time IS NULL;

-- What Braze has confirmed of customers, but for what stands in the journal: a row for each hash of
-- a customer's key. server/ledger/customer_bucket.h says how it is packed.
CREATE TABLE customers (
  customer_hash INTEGER PRIMARY KEY,
  bucket        BLOB NOT NULL
) STRICT;

-- What Braze has yet to be told: a row for the updates of a commit, under the last one's id.
-- "Sending" is never written. AUTOINCREMENT, since rows are deleted and an id must not come back.
CREATE TABLE outbox (
  last_outbox_id INTEGER PRIMARY KEY AUTOINCREMENT,
  payload        BLOB NOT NULL
) STRICT;

-- What commits changed of customers and settled of the outbox since the last fold: a row for each.
-- Folding brings it into the two tables (server/ledger/fold.h).
CREATE TABLE journal (
  journal_id INTEGER PRIMARY KEY AUTOINCREMENT,
  payload    BLOB NOT NULL
) STRICT;

-- Values refused for good, the newest of each customer and attribute. kind is the RejectionKind.
CREATE TABLE rejections (
  rejection_id INTEGER PRIMARY KEY AUTOINCREMENT,
  customer_key BLOB NOT NULL,
  attribute    TEXT NOT NULL,
  kind         INTEGER NOT NULL,
  run_number   INTEGER NOT NULL REFERENCES runs,
  customer     BLOB NOT NULL,
  value        TEXT NOT NULL,
  updated_at   INTEGER NOT NULL,
  reject_time  INTEGER NOT NULL,
  reason       TEXT NOT NULL,
  attempts     INTEGER NOT NULL,
  UNIQUE (customer_key, attribute)
) STRICT;

PRAGMA user_version = 1;
)sql"};

absl::StatusOr<std::int64_t> ReadPragma(const Database& database, const char* sql) {
  PEAKSYNC_ASSIGN_OR_RETURN(Statement statement, Statement::Prepare(database, sql));
  PEAKSYNC_ASSIGN_OR_RETURN(const bool row, statement.Step());
  return row ? statement.Integer(0) : 0;
}

}  // namespace

absl::Status CheckSchema(const Database& database) {
  PEAKSYNC_ASSIGN_OR_RETURN(const std::int64_t version,
                            ReadPragma(database, "PRAGMA user_version"));
  PEAKSYNC_ASSIGN_OR_RETURN(const std::int64_t application,
                            ReadPragma(database, "PRAGMA application_id"));
  PEAKSYNC_ASSIGN_OR_RETURN(const std::int64_t tables,
                            ReadPragma(database, "SELECT count(*) FROM sqlite_schema"));
  if (version > kSchemaVersion) {
    return absl::FailedPreconditionError(
        Concat("ledger ", database.path(), " has schema version ", version, ", this program knows ",
               kSchemaVersion, ": run a newer peaksyncd, or restore a backup made by this one"));
  }
  if (application != kApplicationId && (version != 0 || tables != 0)) {
    return absl::FailedPreconditionError(
        Concat(database.path(), " is an SQLite file, but not a ledger of peaksyncd"));
  }
  return absl::OkStatus();
}

absl::Status MigrateSchema(Database& database) {
  PEAKSYNC_ASSIGN_OR_RETURN(const std::int64_t version,
                            ReadPragma(database, "PRAGMA user_version"));
  for (std::int64_t step = version; step < kSchemaVersion; ++step) {
    PEAKSYNC_RETURN_IF_ERROR(database.Execute("BEGIN IMMEDIATE"));
    absl::Cleanup rollback = [&] {
      if (database.InTransaction()) (void)database.Execute("ROLLBACK");
    };
    PEAKSYNC_RETURN_IF_ERROR(database.Execute(kMigrations[static_cast<std::size_t>(step)]));
    PEAKSYNC_RETURN_IF_ERROR(database.Execute("COMMIT"));
  }
  return absl::OkStatus();
}

}  // namespace peaksync

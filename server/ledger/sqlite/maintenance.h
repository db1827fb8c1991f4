#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace peaksync {

// What operators do with a ledger's file: each function has a read-only connection of its own, so
// it may run on any thread but the ledger's, also while the ledger is written. It sees the moment
// when it began. While it runs, the write-ahead log grows by what is written meanwhile. Errors:
// NOT_FOUND when there is no file, FAILED_PRECONDITION when it is not a ledger of ours or comes
// from a newer program, DATA_LOSS when it is damaged, UNAVAILABLE when the disk fails.

// Whose ledger it is.
struct LedgerFacts {
  std::string tenant;
  std::string endpoint;
  std::string workspace;
  std::int64_t epoch = 0;
};
absl::StatusOr<LedgerFacts> ReadLedgerFacts(const std::string& path);

// Not OK: it is the ledger of another workspace than this one, so nothing may be sent there.
absl::Status GuardWorkspace(const LedgerFacts& facts, const std::string& endpoint,
                            const std::string& workspace);

struct LedgerStats {
  LedgerFacts facts;
  std::int64_t customers = 0;
  std::int64_t values = 0;  // Known to stand in Braze.
  std::int64_t waiting_updates = 0;
  std::int64_t waiting_values = 0;
  std::int64_t sources = 0;
  std::int64_t runs = 0;
  std::int64_t unsettled_runs = 0;
  std::int64_t rejections = 0;
  std::int64_t file_bytes = 0;
  std::int64_t log_bytes = 0;  // The write-ahead log.
  std::int64_t page_bytes = 0;
  std::int64_t free_pages = 0;  // Of the file; used again.
};
absl::StatusOr<LedgerStats> ReadLedgerStats(const std::string& path);

// SQLite's own check of every page, then our laws: the sum of each run's values (rule 3), rows of
// the outbox that belong to a run which waits for them, every row readable, the journal's too. One
// sentence a problem, without identifiers or values, at most kLedgerProblemsMax; empty: the ledger
// is sound.
inline constexpr std::size_t kLedgerProblemsMax = 100;
absl::StatusOr<std::vector<std::string>> CheckLedger(const std::string& path);

// Copies the ledger of the moment into the new file `to` (0600), which is complete in itself.
// ALREADY_EXISTS when there is such a file. Answers its bytes.
absl::StatusOr<std::int64_t> BackUpLedger(const std::string& path, const std::string& to);

// Whether the file may become the ledger of `tenant`: one of ours, of a version we know, sound by
// SQLite's quick check, and complete without a log beside it.
absl::Status CheckBackup(const std::string& from, const std::string& tenant);

// Copies a file that CheckBackup has let through to the new file `to` (0600), durably.
absl::Status CopyBackup(const std::string& from, const std::string& to);

// Puts the file `prepared` in the place of the ledger `path`, which nobody may have open; what
// stood there, and its log, is `path`.replaced from now on. In one step, but for the log: after a
// crash in between the old ledger stands there without its log, and the same again is safe.
absl::Status ReplaceLedger(const std::string& prepared, const std::string& path);

}  // namespace peaksync

#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace peaksync {

// What went wrong in SQLite, as a status: a full disk or an I/O error is UNAVAILABLE (it may heal),
// a damaged file is DATA_LOSS (a person is needed).
absl::Status SqliteError(sqlite3* db, int code, std::string_view what);

// An open SQLite file: WAL, synchronous=FULL, hardened; every setting is set and read back, since
// Debian's build differs from SQLite's defaults.
//
// Thread safety: none; used by one thread at a time (SQLITE_OPEN_NOMUTEX).
class Database {
 public:
  // Opens or creates the file with mode 0600; changes nothing in it yet.
  static absl::StatusOr<Database> Open(const std::string& path);
  // For reading only, also while another connection writes; NOT_FOUND when there is no such file.
  static absl::StatusOr<Database> OpenReadOnly(const std::string& path);
  // The same, of a file that nobody writes: leaves nothing beside it, and reads no log.
  static absl::StatusOr<Database> OpenImmutable(const std::string& path);
  // Sets what it says above. Once it is known that the file is ours.
  absl::Status Configure();

  // Runs statements that return nothing. `sql` is a literal of ours, never input.
  absl::Status Execute(const char* sql) const;

  sqlite3* handle() const { return db_.get(); }
  const std::string& path() const { return path_; }
  // Whether a transaction is open; SQLite rolls some back by itself after an error.
  bool InTransaction() const { return sqlite3_get_autocommit(db_.get()) == 0; }

  // Brings to the disk what the log holds: what a process that was killed has committed, and the
  // next one reads, may not have been synced yet. After the first statement.
  absl::Status SyncLog();

  // Pages in the write-ahead log after the last commit.
  int wal_pages() const { return *wal_pages_; }
  // Copies the log into the file; readers may keep some of it back. Errors are not faults: the next
  // one gets it.
  void CheckpointPassive();
  // The same, and empties the log.
  void CheckpointTruncate();

 private:
  struct Closer {
    void operator()(sqlite3* db) const { sqlite3_close_v2(db); }
  };
  Database(sqlite3* db, std::string path);
  static absl::StatusOr<Database> OpenWith(const std::string& path, const std::string& uri);

  std::unique_ptr<sqlite3, Closer> db_;
  std::string path_;
  std::unique_ptr<int> wal_pages_;  // Its address is registered with SQLite's hook.
};

}  // namespace peaksync

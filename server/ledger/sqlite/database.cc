#include "server/ledger/sqlite/database.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "server/base/status_macros.h"
#include "server/domain/concat.h"
#include "server/ledger/sqlite/statement.h"

namespace peaksync {
namespace {

struct Setting {
  const char* set;
  const char* read;
  const char* expected;
};

// Why each: docs/decisions/0002-sqlite-settings.md.
constexpr Setting kSettings[] = {
    {"PRAGMA auto_vacuum=INCREMENTAL", "PRAGMA auto_vacuum", "2"},
    {"PRAGMA journal_mode=WAL", "PRAGMA journal_mode", "wal"},
    {"PRAGMA synchronous=FULL", "PRAGMA synchronous", "2"},
    {"PRAGMA wal_autocheckpoint=0", "PRAGMA wal_autocheckpoint", "0"},
    {"PRAGMA secure_delete=ON", "PRAGMA secure_delete", "1"},
    {"PRAGMA trusted_schema=OFF", "PRAGMA trusted_schema", "0"},
    {"PRAGMA cell_size_check=ON", "PRAGMA cell_size_check", "1"},
    {"PRAGMA mmap_size=0", "PRAGMA mmap_size", "0"},
    {"PRAGMA journal_size_limit=67108864", "PRAGMA journal_size_limit", "67108864"},
    {"PRAGMA cache_size=-131072", "PRAGMA cache_size", "-131072"},
    {"PRAGMA temp_store=MEMORY", "PRAGMA temp_store", "2"},
    {"PRAGMA foreign_keys=OFF", "PRAGMA foreign_keys", "0"},
};
constexpr int kBusyTimeoutMs = 5'000;

}  // namespace

absl::Status SqliteError(sqlite3* db, int code, std::string_view what) {
  const std::string message = Concat(
      what, ": ", db != nullptr ? sqlite3_errmsg(db) : sqlite3_errstr(code), " (", code, ")");
  switch (code & 0xff) {
    case SQLITE_FULL:
    case SQLITE_IOERR:
    case SQLITE_BUSY:
    case SQLITE_NOMEM:
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
      return absl::UnavailableError(message);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return absl::DataLossError(message);
    default:
      return absl::InternalError(message);
  }
}

Database::Database(sqlite3* db, std::string path)
    : db_(db), path_(std::move(path)), wal_pages_(std::make_unique<int>(0)) {}

absl::StatusOr<Database> Database::Open(const std::string& path) {
  // Statistics of its memory, which nobody reads, would cost a lock for each allocation.
  [[maybe_unused]] static const int configured = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
  // Created by us first, so that it never exists with wider permissions; -wal and -shm copy them.
  const int file = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (file < 0) {
    return absl::UnavailableError(Concat("open ledger ", path, ": ", std::strerror(errno)));
  }
  close(file);
  sqlite3* raw = nullptr;
  const int code = sqlite3_open_v2(
      path.c_str(), &raw, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE,
      nullptr);
  Database database(raw, path);
  if (code != SQLITE_OK) return SqliteError(raw, code, Concat("open ledger ", path));
  sqlite3_extended_result_codes(raw, 1);
  sqlite3_busy_timeout(raw, kBusyTimeoutMs);
  return database;
}

absl::StatusOr<Database> Database::OpenWith(const std::string& path, const std::string& uri) {
  if (access(path.c_str(), F_OK) != 0) {
    return absl::NotFoundError(Concat("there is no ledger ", path));
  }
  sqlite3* raw = nullptr;
  const int code = sqlite3_open_v2(
      uri.c_str(), &raw,
      SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE,
      nullptr);
  Database database(raw, path);
  if (code != SQLITE_OK) return SqliteError(raw, code, Concat("open ledger ", path));
  sqlite3_extended_result_codes(raw, 1);
  sqlite3_busy_timeout(raw, kBusyTimeoutMs);
  return database;
}

absl::StatusOr<Database> Database::OpenReadOnly(const std::string& path) {
  return OpenWith(path, path);
}

absl::StatusOr<Database> Database::OpenImmutable(const std::string& path) {
  std::string escaped;
  for (const char c : path) {
    if (c == '%' || c == '?' || c == '#') {
      absl::StrAppend(&escaped, "%", absl::Hex(c, absl::kZeroPad2));
    } else {
      escaped += c;
    }
  }
  return OpenWith(path, Concat("file:", escaped, "?immutable=1"));
}

absl::Status Database::Configure() {
  sqlite3_db_config(handle(), SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  for (const Setting& setting : kSettings) {
    PEAKSYNC_RETURN_IF_ERROR(Execute(setting.set));
    PEAKSYNC_ASSIGN_OR_RETURN(Statement read, Statement::Prepare(*this, setting.read));
    PEAKSYNC_ASSIGN_OR_RETURN(const bool row, read.Step());
    const std::string value = row ? std::string(read.Text(0)) : "";
    if (value != setting.expected) {
      return absl::InternalError(Concat("ledger ", path_, ": ", setting.set, " left ", value));
    }
  }
  // After the settings: wal_autocheckpoint takes the hook away.
  sqlite3_wal_hook(
      handle(),
      [](void* pages, sqlite3*, const char*, int count) {
        *static_cast<int*>(pages) = count;
        return SQLITE_OK;
      },
      wal_pages_.get());
  return absl::OkStatus();
}

absl::Status Database::Execute(const char* sql) const {
  const int code = sqlite3_exec(handle(), sql, nullptr, nullptr, nullptr);
  if (code == SQLITE_OK) return absl::OkStatus();
  return SqliteError(handle(), code, Concat("ledger ", path_));
}

absl::Status Database::SyncLog() {
  sqlite3_file* log = nullptr;
  const int code = sqlite3_file_control(handle(), "main", SQLITE_FCNTL_JOURNAL_POINTER,
                                        static_cast<void*>(&log));
  if (code != SQLITE_OK) return SqliteError(nullptr, code, Concat("ledger ", path_));
  if (log == nullptr || log->pMethods == nullptr) return absl::OkStatus();  // There is none.
  const int synced = log->pMethods->xSync(log, SQLITE_SYNC_NORMAL);
  if (synced == SQLITE_OK) return absl::OkStatus();
  return SqliteError(nullptr, synced, Concat("sync ledger ", path_));
}

void Database::CheckpointPassive() {
  sqlite3_wal_checkpoint_v2(handle(), nullptr, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
}

// Does not wait for readers, such as a backup: it would hold up the acknowledgements.
void Database::CheckpointTruncate() {
  sqlite3_busy_timeout(handle(), 0);
  const absl::Cleanup wait_again = [this] { sqlite3_busy_timeout(handle(), kBusyTimeoutMs); };
  sqlite3_wal_checkpoint_v2(handle(), nullptr, SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
  *wal_pages_ = 0;
}

}  // namespace peaksync

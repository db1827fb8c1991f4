#include "bench/ledger_files.h"

#include <sqlite3.h>

#include <filesystem>
#include <string>
#include <system_error>
#include <vector>

namespace peaksync::bench {
namespace {

std::int64_t Pragma(sqlite3* db, const char* sql) {
  sqlite3_stmt* statement = nullptr;
  std::int64_t number = 0;
  if (sqlite3_prepare_v2(db, sql, -1, &statement, nullptr) == SQLITE_OK &&
      sqlite3_step(statement) == SQLITE_ROW) {
    number = sqlite3_column_int64(statement, 0);
  }
  sqlite3_finalize(statement);
  return number;
}

// 0 when it is no file of SQLite. Leaves nothing beside it.
std::int64_t FreeBytes(const std::string& path) {
  sqlite3* db = nullptr;
  std::int64_t bytes = 0;
  if (sqlite3_open_v2(("file:" + path + "?immutable=1").c_str(), &db,
                      SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, nullptr) == SQLITE_OK) {
    bytes = Pragma(db, "PRAGMA freelist_count") * Pragma(db, "PRAGMA page_size");
  }
  sqlite3_close_v2(db);
  return bytes;
}

}  // namespace

LedgerBytes MeasureLedgerFiles(const std::string& folder) {
  namespace fs = std::filesystem;
  LedgerBytes bytes;
  std::error_code error;
  for (fs::directory_iterator file(folder, error), end; !error && file != end;
       file.increment(error)) {
    std::error_code gone;  // A log may go while we look.
    const std::uintmax_t size = file->file_size(gone);
    if (gone) continue;
    const std::string extension = file->path().extension().string();
    const bool is_index = extension.ends_with("-shm");  // In memory, of the log.
    if (is_index) continue;
    (extension.ends_with("-wal") ? bytes.log : bytes.data) += static_cast<std::int64_t>(size);
  }
  return bytes;
}

LedgerBytes MeasureStoppedLedger(const std::string& folder) {
  namespace fs = std::filesystem;
  LedgerBytes bytes = MeasureLedgerFiles(folder);
  std::error_code error;
  for (fs::directory_iterator file(folder, error), end; !error && file != end;
       file.increment(error)) {
    if (file->path().extension() == ".db") bytes.free += FreeBytes(file->path().string());
  }
  return bytes;
}

}  // namespace peaksync::bench

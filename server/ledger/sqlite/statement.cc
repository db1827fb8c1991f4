#include "server/ledger/sqlite/statement.h"

#include "server/domain/concat.h"

namespace peaksync {

absl::StatusOr<Statement> Statement::Prepare(const Database& database, const char* sql) {
  sqlite3_stmt* raw = nullptr;
  const int code =
      sqlite3_prepare_v3(database.handle(), sql, -1, SQLITE_PREPARE_PERSISTENT, &raw, nullptr);
  if (code != SQLITE_OK) return SqliteError(database.handle(), code, Concat("prepare ", sql));
  return Statement(raw);
}

absl::Status Statement::Error(int code, std::string_view what) const {
  return SqliteError(sqlite3_db_handle(statement_.get()), code,
                     Concat(what, " ", sqlite3_sql(statement_.get())));
}

}  // namespace peaksync

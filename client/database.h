#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace peaksync::client {

enum class DatabaseKind : std::uint8_t { kPostgresql, kRedshift, kOdbc };

// What a column of a database holds, as far as it matters here.
enum class DbType : std::uint8_t {
  kBool,
  kInteger,
  kDouble,
  kDecimal,  // numeric, decimal, Snowflake's NUMBER: exact, perhaps beyond any number of ours.
  kText,
  kDate,
  kTime,    // timestamp without zone.
  kMoment,  // timestamp with zone: a point in time.
  kJson,    // json, jsonb, SUPER, VARIANT; arrays and rows too, when `sql_json` says how.
  kOther,   // Braze has no value for it.
};

// A column of a table or query, as its database describes it.
struct DbColumn {
  std::string name;
  DbType type = DbType::kOther;
  std::string type_name = {};  // The database's word, for messages.
  int precision = 0;           // kDecimal: digits in all; 0: not known.
  int scale = -1;              // kDecimal: digits behind the point; -1: not known.
  std::string read_as =
      {};  // How to select it as text, `%` standing for its name; empty: as it is.
};

// How SQL is written for a database.
enum class SqlDialect : std::uint8_t { kPostgresql, kRedshift, kSnowflake, kOther };
struct SqlStyle {
  SqlDialect dialect = SqlDialect::kPostgresql;
  char quote = '"';  // Around names; ' ' when the database has none.
};

// The text of one cell; nothing: NULL. bool: `t`, `true` or `1`, or their opposites; times as
// ParseTime reads them, those without a zone without it; kMoment without a zone is UTC.
using Cell = std::optional<std::string_view>;

// The rows of a SELECT, one after the other, in constant memory.
//
// Lifetime: ends before its Database. Thread safety: none.
class TableRows {
 public:
  virtual ~TableRows() = default;
  // The next row's cells, in the order of the SELECT; false at the end. They are valid until the
  // next call. UNAVAILABLE: the connection is gone; INVALID_ARGUMENT: the database refused.
  virtual absl::StatusOr<bool> Next(std::span<const Cell>* cells) = 0;
};

// A connection to a database. It only reads.
//
// Errors: UNAVAILABLE when it is out of reach, PERMISSION_DENIED when the credentials or rights
// don't suffice, INVALID_ARGUMENT when the SQL or the connection string is wrong. They name the
// database and say what to do, and hold no password and no value of a row.
//
// Thread safety: none.
class Database {
 public:
  virtual ~Database() = default;
  virtual SqlStyle style() const = 0;
  // The columns of a SELECT, without running it where the database can do that.
  virtual absl::StatusOr<std::vector<DbColumn>> Describe(const std::string& select) = 0;
  // Runs the SELECT. One at a time.
  virtual absl::StatusOr<std::unique_ptr<TableRows>> Select(const std::string& select) = 0;
};

// How a database is reached.
struct DatabaseSettings {
  std::string name;  // For messages.
  DatabaseKind kind = DatabaseKind::kPostgresql;
  std::string connection;          // libpq's or the ODBC driver's connection string.
  std::string password;            // Empty: the connection string has what is needed.
  std::vector<std::string> setup;  // SQL to run first.
};

// Connects; gives up after limits::kDatabaseConnectTimeout unless the connection string says else.
absl::StatusOr<std::unique_ptr<Database>> OpenDatabase(const DatabaseSettings& settings);

// The first cell of the first row, as an integer.
absl::StatusOr<std::int64_t> SelectInteger(Database& database, const std::string& select);

}  // namespace peaksync::client

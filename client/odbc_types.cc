#include "client/odbc_types.h"

#include <sql.h>
#include <sqlext.h>

#include <string_view>

#include "client/text.h"

namespace peaksync::client {
namespace {

bool Holds(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

// timestamptz, timestamp_ltz, datetimeoffset; but timestamp_ntz says that it has none.
bool HasZone(const std::string& name) {
  const bool says_so = Holds(name, "tz") || Holds(name, "with time zone") || Holds(name, "offset");
  return says_so && !Holds(name, "ntz");
}

}  // namespace

DbType OdbcTypeOf(int type, const std::string& name) {
  if (name == "bool" || name == "boolean") return DbType::kBool;
  for (const std::string_view json : {"json", "jsonb", "variant", "object", "array", "super"}) {
    if (name == json) return DbType::kJson;
  }
  switch (type) {
    case SQL_BIT:
      return DbType::kBool;
    case SQL_TINYINT:
    case SQL_SMALLINT:
    case SQL_INTEGER:
    case SQL_BIGINT:
      return DbType::kInteger;
    case SQL_REAL:
    case SQL_FLOAT:
    case SQL_DOUBLE:
      return DbType::kDouble;
    case SQL_DECIMAL:
    case SQL_NUMERIC:
      return DbType::kDecimal;
    case SQL_CHAR:
    case SQL_VARCHAR:
    case SQL_LONGVARCHAR:
    case SQL_WCHAR:
    case SQL_WVARCHAR:
    case SQL_WLONGVARCHAR:
    case SQL_GUID:
      return DbType::kText;
    case SQL_TYPE_DATE:
      return DbType::kDate;
    case SQL_TYPE_TIMESTAMP:
      return HasZone(name) ? DbType::kMoment : DbType::kTime;
    default:  // Some drivers have numbers of their own for times with a zone.
      return Holds(name, "timestamp") && HasZone(name) ? DbType::kMoment : DbType::kOther;
  }
}

std::string OdbcReadAs(SqlDialect dialect, int type, const DbColumn& column) {
  constexpr std::string_view kForm = "'YYYY-MM-DD\"T\"HH24:MI:SS.FF9'";
  if (dialect == SqlDialect::kSnowflake) {
    switch (column.type) {
      case DbType::kMoment:
        return Cat("TO_VARCHAR(CONVERT_TIMEZONE('UTC', %), ", kForm, ")");
      case DbType::kTime:
        return Cat("TO_VARCHAR(%, ", kForm, ")");
      case DbType::kDate:
        return "TO_VARCHAR(%, 'YYYY-MM-DD')";
      default:
        return "";
    }
  }
  const bool as_text =
      type == SQL_GUID || column.type_name == "bpchar" || column.type_name == "char";
  return dialect == SqlDialect::kPostgresql && as_text ? "CAST(% AS text)" : "";
}

}  // namespace peaksync::client

#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/time/time.h"
#include "client/database.h"
#include "client/db_value.h"
#include "client/row_source.h"
#include "client/time_text.h"

// From a job's table to the SQL that selects it, and to what its columns become. Pure.
namespace peaksync::client {

// The table of a job, as it was configured.
struct TableSpec {
  std::string table;  // As SQL writes it; or:
  std::string query;
  bool is_long = false;  // A row is one value: (id, attribute, value, updated_at).
  std::string id_column;
  IdKind id_kind = IdKind::kExternalId;
  std::string alias_label;  // kUserAlias only.
  std::string updated_at_column;
  std::string attribute_column;  // is_long only, and value_column too.
  std::string value_column;
  std::vector<std::string> columns;  // Only these become attributes; empty: all.
  std::vector<std::string> exclude;
  absl::flat_hash_map<std::string, std::string> rename;  // Column to attribute.
  absl::flat_hash_map<std::string, ColumnType> types;    // is_long: of attributes, before rename.
  bool nulls_unset = false;                              // NULL unsets the attribute.
  bool lower_case = false;  // Names of columns are read in lower case, as Snowflake's are not.
  std::optional<absl::TimeZone> zone;  // Of times without one.
};

// A column that is selected.
struct PlannedColumn {
  DbColumn column;
  std::string attribute;  // What it becomes.
  DbCellRule rule;
};

// What is selected, and how it is read. SELECTs give id, updated_at, then the others in order.
struct TablePlan {
  SqlStyle style;
  std::string from;  // Behind FROM.
  DbColumn id;
  DbColumn updated_at;
  std::vector<PlannedColumn> columns;      // is_long: the value alone, behind the attribute's name.
  std::optional<DbColumn> attribute_name;  // is_long.
  bool is_readable = false;                // Else something is missing that a SELECT needs.
};

// A SELECT of all that the table has, to describe it by.
std::string DescribeSql(const TableSpec& spec);

// Puts together what the configuration says and what the database has. Everything that is wrong is
// added to `problems`, each naming the column and what to do, and its column left out of the plan;
// the plan is good when nothing was.
TablePlan PlanTable(const TableSpec& spec, const std::vector<DbColumn>& columns, SqlStyle style,
                    std::vector<std::string>* problems);

// The rows that were updated at `since` or later; all without it. Where the database's clock shows
// an hour twice a little more is selected, never less. `zone` as of TableSpec.
std::string SelectSql(const TablePlan& plan, std::optional<TimePoint> since,
                      const std::optional<absl::TimeZone>& zone);
// The same counted.
std::string CountSql(const TablePlan& plan, std::optional<TimePoint> since,
                     const std::optional<absl::TimeZone>& zone);

// From where a sync selects: `lookback` before the source's cursor, because rows with an older time
// may have been written since. No cursor: everything.
std::optional<TimePoint> SelectFrom(std::optional<TimePoint> cursor, absl::Duration lookback);

}  // namespace peaksync::client

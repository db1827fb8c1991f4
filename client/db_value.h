#pragma once

#include <optional>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "client/cell_value.h"
#include "client/column_types.h"
#include "client/database.h"
#include "client/time_text.h"
#include "peaksync/v1/customer.pb.h"

// Cells of databases as exact values. Pure.
namespace peaksync::client {

// How the cells of a database's column become values.
struct DbCellRule {
  DbType type = DbType::kText;
  int scale = -1;  // kDecimal: 0 makes integers of it, anything else doubles.
  std::optional<ColumnType> wanted = {};    // What a person said it is; wins.
  std::optional<absl::TimeZone> zone = {};  // Of times without one.
};

// Whether a decimal text and the double nearest to it read the same, so that nothing is lost.
bool IsExactDouble(std::string_view decimal);

// A time of the database: kMoment, kTime or kDate (midnight). A time that the clock showed twice is
// the first of both, one that it skipped is the moment of the change. INVALID_ARGUMENT when the
// text is no time (`infinity`), or it has no zone and `zone` is absent.
absl::StatusOr<TimePoint> ReadDbTime(std::string_view text, DbType type,
                                     const std::optional<absl::TimeZone>& zone);

// Reads cells; reuses a JSON parser. Thread safety: none.
class DbCellReader {
 public:
  // INVALID_ARGUMENT says why the cell does not fit; it does not repeat the cell.
  absl::Status Read(const DbCellRule& rule, std::string_view cell, v1::Value* out);

 private:
  CellConverter converter_;
};

}  // namespace peaksync::client

#pragma once

#include <memory>
#include <optional>
#include <string>

#include "client/database.h"
#include "client/row_source.h"
#include "client/selection.h"

namespace peaksync::client {

// The rows of a table as updates. RowInfo::line is the number of the row, from 1. Refused rows are
// told of as JSON Lines, as OpenJsonLines does, with the column's names.
//
// Lifetime: `rows` must outlive it. Thread safety: none.
std::unique_ptr<RowSource> MakeTableSource(TableSpec spec, TablePlan plan, TableRows& rows);

}  // namespace peaksync::client

#include "client/database.h"

#include <charconv>

#include "client/odbc.h"
#include "client/postgresql.h"
#include "client/status_macros.h"
#include "client/text.h"

namespace peaksync::client {

absl::StatusOr<std::unique_ptr<Database>> OpenDatabase(const DatabaseSettings& settings) {
  return settings.kind == DatabaseKind::kOdbc ? OpenOdbc(settings) : OpenPostgresql(settings);
}

absl::StatusOr<std::int64_t> SelectInteger(Database& database, const std::string& select) {
  PEAKSYNC_CLIENT_ASSIGN_OR_RETURN(const auto rows, database.Select(select));
  std::span<const Cell> cells;
  PEAKSYNC_CLIENT_ASSIGN_OR_RETURN(const bool found, rows->Next(&cells));
  std::int64_t value = 0;
  if (!found || cells.empty() || !cells[0]) return Invalid("the database gave no number");
  const char* const end = cells[0]->data() + cells[0]->size();
  const auto result = std::from_chars(cells[0]->data(), end, value);
  if (result.ec != std::errc() || result.ptr != end) return Invalid("the database gave no number");
  return value;
}

}  // namespace peaksync::client

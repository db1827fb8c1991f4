#pragma once

#include "absl/status/status.h"
#include "server/ledger/sqlite/database.h"

namespace peaksync {

// The newest schema this program knows (PRAGMA user_version).
inline constexpr int kSchemaVersion = 1;

// Brings the file to kSchemaVersion, one transaction a step. FAILED_PRECONDITION when the file is
// not a ledger of ours or comes from a newer version; then it is left as it is.
absl::Status MigrateSchema(Database& database);

}  // namespace peaksync

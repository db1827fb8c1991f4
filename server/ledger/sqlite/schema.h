#pragma once

#include "absl/status/status.h"
#include "server/ledger/sqlite/database.h"

namespace peaksync {

// The newest schema this program knows (PRAGMA user_version).
inline constexpr int kSchemaVersion = 1;

// FAILED_PRECONDITION when the file is not a ledger of ours or comes from a newer version. Reads
// only: such a file is left as it is.
absl::Status CheckSchema(const Database& database);

// Brings a file that CheckSchema let through to kSchemaVersion, one transaction a step.
absl::Status MigrateSchema(Database& database);

}  // namespace peaksync

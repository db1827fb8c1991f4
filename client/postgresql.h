#pragma once

#include <memory>

#include "client/database.h"

namespace peaksync::client {

// PostgreSQL, and Redshift, by libpq. Rows come through a cursor of the server, 1,000 at a time.
absl::StatusOr<std::unique_ptr<Database>> OpenPostgresql(const DatabaseSettings& settings);

}  // namespace peaksync::client

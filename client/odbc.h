#pragma once

#include <memory>

#include "client/database.h"

namespace peaksync::client {

// Any database with an ODBC driver, by unixODBC. How much of a result the driver keeps in memory is
// the driver's: psqlodbc needs UseDeclareFetch=1 in the connection string to read it piece by
// piece.
absl::StatusOr<std::unique_ptr<Database>> OpenOdbc(const DatabaseSettings& settings);

}  // namespace peaksync::client

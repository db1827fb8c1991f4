#pragma once

#include <cstdint>
#include <string>

namespace peaksync::bench {

// What the ledgers in a folder take.
struct LedgerBytes {
  std::int64_t log = 0;   // Write-ahead logs.
  std::int64_t data = 0;  // All else.
  std::int64_t free = 0;  // Of that, pages that SQLite keeps for later.
};

// While the service runs: the logs, and what else there is.
LedgerBytes MeasureLedgerFiles(const std::string& folder);
// Once it has stopped; then there are no logs.
LedgerBytes MeasureStoppedLedger(const std::string& folder);

}  // namespace peaksync::bench

#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "bench/phase_report.h"
#include "bench/rig.h"

namespace peaksync::bench {

// What each part of the loop costs alone, on the rig's customers (at most a million of them) with
// the service stopped. The mock holds other values afterwards than the ledger has, so it comes
// last. Progress goes to stderr.
absl::StatusOr<std::vector<PartCost>> MeasureParts(Rig& rig);

// Each of them; parts_*.cc.

// The driver and a server that reads the same stream and acknowledges it, `updates` a message.
absl::StatusOr<PartCost> MeasureGrpc(Rig& rig, std::uint32_t customers, int updates);
// A message to what the ledger decides on: the service's own code, on one thread.
PartCost MeasureDecode(const Rig& rig, std::uint32_t customers);
// SQLite with the rows that the ledger needs: look-ups, the outbox, the fold.
absl::StatusOr<std::vector<PartCost>> MeasureSqlite(const Rig& rig, std::uint32_t customers);
// Bodies of 75 customers, from values whose JSON is made.
PartCost MeasureTrackBody(const Rig& rig, std::uint32_t customers);
// curl_multi against a server that reads and answers, and does nothing else.
absl::StatusOr<PartCost> MeasureCurl(Rig& rig, std::uint32_t customers);
// The mock, driven by a client that makes its requests ahead; CPU is the mock's.
absl::StatusOr<PartCost> MeasureMock(Rig& rig, std::uint32_t customers);

}  // namespace peaksync::bench

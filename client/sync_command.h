#pragma once

#include <optional>

#include "absl/status/statusor.h"
#include "client/command_base.h"
#include "client/output.h"
#include "client/rpc_client.h"
#include "client/sync_options.h"

namespace peaksync::client {

// What a sync starts from.
struct SyncStart {
  std::optional<TimePoint> cursor;       // The source's.
  std::optional<TimePoint> from_cursor;  // What the service is told; see StreamStart.
  std::optional<TimePoint> select_from;  // Nothing: the whole table.
};

// By flags and the source's cursor. Pure. `since`: --since; wins over the cursor. `full`:
// everything.
SyncStart StartOf(std::optional<TimePoint> cursor, std::optional<TimePoint> since, bool full,
                  absl::Duration lookback);

// The source's cursor; nothing when it has none, or the service does not know the source yet.
absl::StatusOr<std::optional<TimePoint>> CursorOf(RpcClient& client, const std::string& source);

// `peaksync sync JOB`. Says on `err` why it did not come to its end; the status is the process's.
ExitStatus RunSync(const CommonOptions& common, const JobsPlace& place, const SyncOptions& options,
                   Output output);

}  // namespace peaksync::client

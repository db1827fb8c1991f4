#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "bench/population.h"
#include "peaksync/v1/sync_run.pb.h"

namespace peaksync::bench {

// One pass over the customers: a run of the source.
struct Load {
  const Population* population = nullptr;
  const std::vector<std::uint32_t>* order = nullptr;  // The customers' numbers.
  int generation = 0;                                 // Of the predictions.
  int batch_size = 1'000;
  absl::Time updated_at;
};

struct LoadResult {
  v1::SyncRun run;                            // As it ended.
  absl::Duration received;                    // From the first batch sent to `finished`.
  absl::Duration confirmed;                   // From the first batch sent to the run's end.
  std::vector<absl::Duration> ack_latencies;  // A batch each, from before its write; sorted.
};

// Streams the load to the service and waits for Braze by WatchSyncRun. The next batch is made and
// written as soon as fewer than 8 are without an acknowledgement, like `peaksync push` does it. An
// error unless the run completes without rejections.
absl::StatusOr<LoadResult> StreamLoad(const std::string& address, const std::string& token,
                                      const Load& load);

}  // namespace peaksync::bench

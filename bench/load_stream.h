#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "bench/population.h"
#include "peaksync/v1/sync_run.pb.h"

namespace peaksync::bench {

// One pass over the customers: a run of the source. Pointers are borrowed for the call.
struct Load {
  const Population* population = nullptr;
  const std::vector<std::uint32_t>* order = nullptr;       // The customers' numbers.
  const std::vector<std::uint8_t>* generations = nullptr;  // Of the predictions, by number.
  int batch_size = 1'000;
  absl::Time updated_at;
  double rate = 0;        // Customers/s; 0: as fast as the service takes them.
  bool await_end = true;  // Else the load is over when all is acknowledged.
};

struct LoadResult {
  v1::SyncRun run;           // As it ended, or was when all was acknowledged.
  absl::Time begin;          // When the first batch began to be made.
  absl::Duration received;   // From there to `finished`.
  absl::Duration confirmed;  // From there to the run's end; with await_end.
  // A batch each, in their order: when it was due to be written, and how long after that it was
  // acknowledged. Without a rate it is due as soon as the window lets it go.
  std::vector<absl::Time> batch_times;
  std::vector<absl::Duration> ack_latencies;
};

// Streams the load to the service and, with await_end, waits for Braze by WatchSyncRun. Without a
// rate the next batch is made and written as soon as fewer than 8 batches, or 8,000 updates, are
// without an acknowledgement; 8 is what `peaksync push` keeps. With a rate batches are due at even
// distances whatever the service does, and up to 256 may be without one. An error unless the run
// completes without rejections.
absl::StatusOr<LoadResult> StreamLoad(const std::string& address, const std::string& token,
                                      const Load& load);

// Waits for the run's end, and puts it into *run. The same errors.
absl::Status AwaitRun(const std::string& address, const std::string& token, v1::SyncRun* run);

}  // namespace peaksync::bench

#pragma once

#include "absl/status/status.h"
#include "peaksync/v1/sync_run.pb.h"

namespace peaksync::client {

// What the command's end means to the script around it (docs/design.md section 6).
enum class ExitStatus : int {
  kDone = 0,
  kNotFinished = 1,   // Out of reach, timed out, paused, taken over: safe to run again.
  kUsage = 2,         // Flags, files, configuration.
  kRejections = 3,    // Finished; some values were invalid or rejected.
  kNotPermitted = 4,  // No credential, or one that may not.
  kNeedsPerson = 5,   // A guard stopped it, or the run FAILED or was CANCELED.
};

// What an error means. Not for OK.
ExitStatus ExitStatusOf(const absl::Status& error);

// What the end of a run means. `client_invalid`: rows that the client did not send. A run that is
// only RECEIVED counts as an end: the caller did not want to wait.
ExitStatus ExitStatusOf(const v1::SyncRun& run, std::int64_t client_invalid, bool allow_rejections);

// Whether nothing can change the run's state any more.
bool IsFinal(v1::SyncRunState state);

}  // namespace peaksync::client

#pragma once

#include <functional>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "client/channel.h"
#include "client/limits.h"
#include "peaksync/v1/sync_run.pb.h"

namespace peaksync::client {

// Why waiting for a run ended.
enum class WaitEnd : std::uint8_t { kDone, kPaused, kTimedOut };

// Decides how long it makes sense to wait. Pure: time comes as an argument.
//
// Thread safety: none.
class WaitPolicy {
 public:
  WaitPolicy(absl::Time deadline, absl::Duration pause_timeout)
      : deadline_(deadline), pause_timeout_(pause_timeout) {}

  // Judges the run as it was last heard of. Nothing: go on.
  std::optional<WaitEnd> Judge(const v1::SyncRun& run, absl::Time now);
  // When the answer may change without news.
  absl::Time next_change() const;

 private:
  const absl::Time deadline_;
  const absl::Duration pause_timeout_;
  std::optional<absl::Time> paused_since_;  // By our own clock.
};

struct WaitResult {
  v1::SyncRun run;
  WaitEnd end = WaitEnd::kDone;
};

struct WaitOptions {
  absl::Time deadline = absl::InfiniteFuture();
  absl::Duration pause_timeout = limits::kPauseTimeout;
  absl::Duration silence_max = limits::kWatchSilenceMax;
  absl::Duration backoff_min = limits::kBackoffMin;
  absl::Duration backoff_max = limits::kBackoffMax;
};

// Why the waiting did not come to the run's end, with the reason and how much waits; OK for kDone.
absl::Status WaitError(const WaitResult& result, const WaitOptions& options);

// Watches a run until it is final, reconnecting as long as it takes. A watch that is silent is
// asked anew, so that news that were lost on the way cost no more than that. `on_news` gets every
// state, and an empty string or the reason why there is none. Errors: what the service says (not
// UNAVAILABLE).
absl::StatusOr<WaitResult> WaitForRun(
    const Channel& channel, const v1::SyncRun& run, const WaitOptions& options,
    const std::function<void(const v1::SyncRun&, std::string_view trouble)>& on_news);

}  // namespace peaksync::client

#pragma once

#include <optional>
#include <string>

#include "absl/time/time.h"
#include "client/channel.h"
#include "client/limits.h"
#include "client/progress.h"
#include "client/reject_log.h"
#include "client/report.h"
#include "client/row_source.h"
#include "client/time_text.h"
#include "client/update_stream.h"

namespace peaksync::client {

// How a push goes about it.
struct PushSettings {
  std::string file;  // For messages.
  std::string source;
  std::string expected_tenant;
  std::string client_name;
  bool full = false;
  std::optional<TimePoint> updated_at;   // Of updates without a time; none: the service's clock.
  std::optional<TimePoint> from_cursor;  // Where the selection began; none: everything.
  std::optional<TimePoint> cursor;
  bool cursor_is_max = false;  // The newest updated_at that was sent …
  // … but not one after this: such rows are counted as of the future.
  std::optional<TimePoint> cursor_not_after;
  int batch_updates_max = limits::kBatchUpdatesDefault;
  std::size_t batch_bytes_max = limits::kBatchBytesMax;
  bool wait = true;
  bool allow_rejections = false;
  absl::Duration timeout = limits::kTimeout;
  absl::Duration pause_timeout = limits::kPauseTimeout;
  absl::Duration connect_timeout = limits::kConnectTimeout;
  absl::Duration backoff_min = limits::kBackoffMin;
  absl::Duration backoff_max = limits::kBackoffMax;
  std::string column_of_id;          // How the service's `customer` is called in the file.
  std::string column_of_updated_at;  // The same for `updated_at`.
};

// Brings the rows of a file to the service and waits until Braze has answered. Never fails: what
// went wrong, and what is known of the run, stands in the report.
//
// Lifetime: all references must outlive the call. `bytes_total` is the file's size, if known.
PushReport Push(const Channel& channel, const PushSettings& settings, RowSource& rows,
                std::optional<std::int64_t> bytes_total, RejectLog& rejects, Console& console);

}  // namespace peaksync::client

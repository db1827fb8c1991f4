#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "client/exit_status.h"
#include "client/row_source.h"
#include "client/time_text.h"
#include "peaksync/v1/sync_service.pb.h"

namespace peaksync::client {

// Rows of the file, by what the client did with them: read = sent + invalid + empty, unless the
// push broke off.
struct RowCounts {
  std::int64_t read = 0;
  std::int64_t sent = 0;     // Given to the stream.
  std::int64_t invalid = 0;  // Not sent.
  std::int64_t empty = 0;    // A customer without any value: nothing to send.
  std::int64_t future = 0;   // Sent, and later than PushSettings::cursor_not_after.
  std::optional<TimePoint> newest_future = {};
};

// What `sync` has to say beside the push it makes.
struct SyncFacts {
  std::string job;
  std::optional<TimePoint> cursor;            // The source's, before.
  std::optional<TimePoint> selected_from;     // Nothing: the whole table.
  std::int64_t retried = 0;                   // Rejections that were tried again first.
  std::int64_t refused_again = 0;             // Of them, as far as it is known.
  std::optional<std::int64_t> rows_expected;  // Counted before the whole table is selected.
};

// What a push came to.
struct PushReport {
  std::string file;
  std::string source;
  absl::Status status;  // Why the push did not come to its end; OK otherwise.
  ExitStatus exit = ExitStatus::kDone;
  bool waited = true;              // False with --no-wait.
  std::optional<v1::SyncRun> run;  // As last heard of; nothing when none was opened.
  std::string tenant;
  std::string workspace;
  std::string host;
  RowCounts rows;
  std::vector<RowInfo> refused;  // The first of them.
  std::int64_t refused_count = 0;
  std::vector<v1::Rejection> braze_refusals;  // The first values of the run that Braze refused.
  std::int64_t braze_refusals_count = 0;
  absl::Duration duration;
  std::optional<SyncFacts> sync;  // Of `sync` only.
};

// For people: what became of every row and value, and what to do where something is amiss.
std::string PushTable(const PushReport& report);
// For scripts: one JSON document, described in docs/client.md.
std::string PushJson(const PushReport& report);

// A run in full.
std::string RunTable(const v1::SyncRun& run);
std::string RunJson(const v1::SyncRun& run);
// Runs, one per line.
std::string RunsTable(const std::vector<v1::SyncRun>& runs);
std::string RunsJson(const std::vector<v1::SyncRun>& runs);
// Sources, one per line.
std::string SourcesTable(const std::vector<v1::Source>& sources);
std::string SourcesJson(const std::vector<v1::Source>& sources);
// The last successful sync.
std::string LastSyncTable(const v1::GetLastSyncResponse& last);
std::string LastSyncJson(const v1::GetLastSyncResponse& last);
// A command that came to nothing.
std::string ErrorJson(const absl::Status& status, ExitStatus exit);

// COMPLETED for SYNC_RUN_STATE_COMPLETED, and so on.
std::string StateName(v1::SyncRunState state);
// A time of the service, as text.
std::string TimeName(const google::protobuf::Timestamp& time);

}  // namespace peaksync::client

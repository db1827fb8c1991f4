#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client/pusher.h"
#include "client/row_source.h"

namespace peaksync::client {

// The flags of every command, as they were given.
struct CommonOptions {
  ConnectionOptions connection;
  std::string token_file;
  std::string tenant;
  bool server_given = false;  // By flag or variable, so that a jobs file does not replace it.
  bool json = false;
  bool no_progress = false;
};

// The flags of `push`, as they were given.
struct PushOptions {
  std::string file;
  std::string source;
  std::string id_column;
  std::string id_kind = "external_id";
  std::vector<std::string> columns;
  std::vector<std::string> exclude;
  std::string updated_at_column;
  std::string updated_at;  // TIME, `now` or empty.
  std::vector<std::string> types;
  std::optional<std::string> null_value;
  bool full = false;
  std::string set_cursor;  // TIME, `max` or empty.
  std::string format;      // csv, jsonl or empty.
  int batch_size = limits::kBatchUpdatesDefault;
  bool no_wait = false;
  std::string timeout = "1h";
  std::string pause_timeout = "30s";
  std::string connect_timeout = "30s";
  bool allow_rejections = false;
  std::string rejects;
};

// What the flags of a push come to.
struct PushPlan {
  FileFormat format = FileFormat::kCsv;
  bool format_is_a_guess = false;  // Standard input without --format.
  RowOptions rows;
  PushSettings settings;
};

// Checks the flags and puts them together. INVALID_ARGUMENT names the flag and says what it takes.
// Pure.
absl::StatusOr<PushPlan> PlanPush(const PushOptions& options, const CommonOptions& common);

// A duration flag: more than nothing.
absl::StatusOr<absl::Duration> ParseTimeout(const std::string& flag, const std::string& text);
// A source's name: `[a-z0-9][a-z0-9._-]{0,62}`.
absl::Status CheckSource(const std::string& source);
// Text that goes to the service as it is.
absl::Status CheckText(const std::string& flag, const std::string& text);

}  // namespace peaksync::client

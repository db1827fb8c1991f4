#include "client/push_options.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "client/customer_text.h"
#include "client/limits.h"
#include "client/status_macros.h"
#include "client/text.h"
#include "client/utf8.h"

namespace peaksync::client {
namespace {

absl::Status Usage(std::string_view flag, std::string_view what) {
  return Invalid(flag, ": ", what);
}

absl::Status SetFormat(const PushOptions& options, PushPlan* plan) {
  if (!options.format.empty()) {
    if (options.format != "csv" && options.format != "jsonl") {
      return Usage("--format", Cat("'", options.format, "' is neither csv nor jsonl"));
    }
    plan->format = options.format == "csv" ? FileFormat::kCsv : FileFormat::kJsonLines;
    return absl::OkStatus();
  }
  std::string name = absl::AsciiStrToLower(options.file);
  if (name == "-") {
    plan->format_is_a_guess = true;
    return absl::OkStatus();
  }
  if (absl::EndsWith(name, ".gz")) name.resize(name.size() - 3);
  if (absl::EndsWith(name, ".csv")) return absl::OkStatus();
  if (absl::EndsWith(name, ".jsonl") || absl::EndsWith(name, ".ndjson")) {
    plan->format = FileFormat::kJsonLines;
    return absl::OkStatus();
  }
  return Usage("--format",
               Cat("what ", options.file, " holds can't be told from its name; say csv or jsonl"));
}

absl::StatusOr<TimePoint> ParseTimeFlag(std::string_view flag, const std::string& text) {
  absl::StatusOr<TimePoint> time = ParseTime(text);
  if (!time.ok()) return Usage(flag, MessageOf(time.status()));
  return time;
}

absl::Status SetTimes(const PushOptions& options, PushPlan* plan) {
  plan->rows.updated_at_column = options.updated_at_column;
  plan->rows.use_updated_at = options.updated_at.empty();
  if (!options.updated_at.empty() && options.updated_at != "now") {
    PEAKSYNC_CLIENT_ASSIGN_OR_RETURN(plan->settings.updated_at,
                                     ParseTimeFlag("--updated-at", options.updated_at));
  }
  if (options.set_cursor.empty()) return absl::OkStatus();
  if (options.set_cursor != "max") {
    PEAKSYNC_CLIENT_ASSIGN_OR_RETURN(plan->settings.cursor,
                                     ParseTimeFlag("--set-cursor", options.set_cursor));
    return absl::OkStatus();
  }
  const bool has_column = plan->rows.use_updated_at && !options.updated_at_column.empty();
  if (!has_column && !plan->settings.updated_at) {
    return Usage(
        "--set-cursor",
        "max is the newest time of the rows; it needs --updated-at-column, or --updated-at "
        "TIME");
  }
  plan->settings.cursor_is_max = true;
  return absl::OkStatus();
}

absl::Status SetColumns(const PushOptions& options, PushPlan* plan) {
  if (options.id_column.empty()) return Usage("--id-column", "name the column of the identifiers");
  if (options.id_column == options.updated_at_column) {
    return Usage("--updated-at-column", "one column can't be the identifier and the time");
  }
  for (const std::string& column : options.columns) {
    if (std::count(options.exclude.begin(), options.exclude.end(), column) > 0) {
      return Usage("--exclude", Cat("column '", column, "' is in --columns too"));
    }
  }
  plan->rows.id_column = options.id_column;
  plan->rows.columns = options.columns;
  plan->rows.exclude = options.exclude;
  plan->rows.null_value = options.null_value;
  PEAKSYNC_CLIENT_ASSIGN_OR_RETURN(plan->rows.types, ParseColumnTypes(options.types));
  return ParseIdKind(options.id_kind, &plan->rows);
}

}  // namespace

absl::StatusOr<absl::Duration> ParseTimeout(const std::string& flag, const std::string& text) {
  const absl::StatusOr<absl::Duration> duration = ParseDuration(text);
  if (!duration.ok()) return Usage(flag, MessageOf(duration.status()));
  if (*duration <= absl::ZeroDuration()) return Usage(flag, "must be more than nothing");
  return *duration;
}

absl::Status CheckSource(const std::string& source) {
  const auto is_plain = [](char c) {
    return absl::ascii_islower(static_cast<unsigned char>(c)) ||
           absl::ascii_isdigit(static_cast<unsigned char>(c));
  };
  const bool valid =
      !source.empty() && source.size() <= limits::kSourceNameBytesMax && is_plain(source.front()) &&
      std::all_of(source.begin(), source.end(),
                  [&](char c) { return is_plain(c) || c == '.' || c == '_' || c == '-'; });
  if (valid) return absl::OkStatus();
  return Usage(
      "--source",
      "a source's name has 1 to 63 of a-z, 0-9, '.', '_' and '-', and begins with a letter "
      "or a digit");
}

absl::Status CheckText(const std::string& flag, const std::string& text) {
  return IsUtf8(text) ? absl::OkStatus() : Usage(flag, "is not valid UTF-8");
}

absl::StatusOr<PushPlan> PlanPush(const PushOptions& options, const CommonOptions& common) {
  PushPlan plan;
  PEAKSYNC_CLIENT_RETURN_IF_ERROR(CheckSource(options.source));
  PEAKSYNC_CLIENT_RETURN_IF_ERROR(CheckText("--tenant", common.tenant));
  PEAKSYNC_CLIENT_RETURN_IF_ERROR(SetFormat(options, &plan));
  PEAKSYNC_CLIENT_RETURN_IF_ERROR(SetColumns(options, &plan));
  PEAKSYNC_CLIENT_RETURN_IF_ERROR(SetTimes(options, &plan));
  if (options.batch_size < 1 || options.batch_size > limits::kBatchUpdatesMax) {
    return Usage("--batch-size", Cat("1 to ", limits::kBatchUpdatesMax, " updates"));
  }
  PushSettings& settings = plan.settings;
  PEAKSYNC_CLIENT_ASSIGN_OR_RETURN(settings.timeout, ParseTimeout("--timeout", options.timeout));
  PEAKSYNC_CLIENT_ASSIGN_OR_RETURN(settings.pause_timeout,
                                   ParseTimeout("--pause-timeout", options.pause_timeout));
  PEAKSYNC_CLIENT_ASSIGN_OR_RETURN(settings.connect_timeout,
                                   ParseTimeout("--connect-timeout", options.connect_timeout));
  settings.file = options.file == "-" ? "standard input" : options.file;
  settings.source = options.source;
  settings.expected_tenant = common.tenant;
  settings.full = options.full;
  settings.batch_updates_max = options.batch_size;
  settings.wait = !options.no_wait;
  settings.allow_rejections = options.allow_rejections;
  settings.column_of_id = options.id_column;
  settings.column_of_updated_at = options.updated_at_column;
  return plan;
}

}  // namespace peaksync::client

#include <nlohmann/json.hpp>

#include "absl/strings/strip.h"
#include "client/report.h"
#include "client/text.h"

namespace peaksync::client {
namespace {

using Json = nlohmann::ordered_json;

Json TimeOrNull(bool present, const google::protobuf::Timestamp& time) {
  return present ? Json(TimeName(time)) : Json(nullptr);
}

Json TextOrNull(const std::string& text) { return text.empty() ? Json(nullptr) : Json(text); }

Json ToJson(const v1::ValueCounts& values) {
  return {{"received", values.received()},     {"unchanged", values.unchanged()},
          {"stale", values.stale()},           {"invalid", values.invalid()},
          {"superseded", values.superseded()}, {"confirmed", values.confirmed()},
          {"rejected", values.rejected()},     {"discarded", values.discarded()},
          {"pending", values.pending()}};
}

Json ToJson(const v1::UpdateCounts& updates) {
  return {{"received", updates.received()},
          {"invalid", updates.invalid()},
          {"changed", updates.changed()},
          {"unchanged", updates.unchanged()}};
}

Json ToJson(const v1::DeliveryStatus& delivery) {
  return {{"state", StateName(delivery.state())},
          {"reason", TextOrNull(delivery.reason())},
          {"since", TimeOrNull(delivery.has_since(), delivery.since())},
          {"next_attempt_time",
           TimeOrNull(delivery.has_next_attempt_time(), delivery.next_attempt_time())},
          {"waiting_values", delivery.waiting_values()},
          {"waiting_customers", delivery.waiting_customers()},
          {"waiting_bytes", delivery.waiting_bytes()}};
}

Json ToJson(const v1::SyncRun& run) {
  return {
      {"run_id", run.run_id()},
      {"source", run.source()},
      {"state", StateName(run.state())},
      {"state_reason", TextOrNull(run.state_reason())},
      {"kind", std::string(absl::StripPrefix(v1::SyncRunKind_Name(run.kind()), "SYNC_RUN_KIND_"))},
      {"mode", std::string(absl::StripPrefix(v1::SyncMode_Name(run.mode()), "SYNC_MODE_"))},
      {"client", TextOrNull(run.client())},
      {"create_time", TimeOrNull(run.has_create_time(), run.create_time())},
      {"receive_time", TimeOrNull(run.has_receive_time(), run.receive_time())},
      {"complete_time", TimeOrNull(run.has_complete_time(), run.complete_time())},
      {"last_sequence", run.last_sequence()},
      {"updates", ToJson(run.updates())},
      {"values", ToJson(run.values())},
      {"from_cursor", TimeOrNull(run.has_from_cursor(), run.from_cursor())},
      {"cursor", TimeOrNull(run.has_cursor(), run.cursor())},
      {"stale_newest_known_time",
       TimeOrNull(run.has_stale_newest_known_time(), run.stale_newest_known_time())},
      {"delivery", run.has_delivery() ? ToJson(run.delivery()) : Json(nullptr)}};
}

Json ToJson(const absl::Status& status) {
  if (status.ok()) return nullptr;
  return {{"code", absl::StatusCodeToString(status.code())},
          {"message", std::string(MessageOf(status))}};
}

Json RunOrNull(bool present, const v1::SyncRun& run) {
  return present ? ToJson(run) : Json(nullptr);
}

std::string Text(const Json& json) {
  // File names may be anything; the rest is UTF-8.
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace

std::string PushJson(const PushReport& report) {
  Json refused = Json::array();
  for (const RowInfo& row : report.refused) {
    refused.push_back(
        {{"line", row.line}, {"column", TextOrNull(row.column)}, {"reason", row.reason}});
  }
  const auto listed = static_cast<std::int64_t>(report.refused.size());
  return Text({{"exit_status", static_cast<int>(report.exit)},
               {"error", ToJson(report.status)},
               {"file", report.file},
               {"source", report.source},
               {"tenant", TextOrNull(report.tenant)},
               {"workspace", TextOrNull(report.workspace)},
               {"host", TextOrNull(report.host)},
               {"waited", report.waited},
               {"rows",
                {{"read", report.rows.read},
                 {"sent", report.rows.sent},
                 {"invalid_not_sent", report.rows.invalid},
                 {"without_values", report.rows.empty}}},
               {"run", report.run ? ToJson(*report.run) : Json(nullptr)},
               {"refused_rows", refused},
               {"refused_rows_omitted", report.refused_count - listed},
               {"duration_seconds", absl::ToDoubleSeconds(report.duration)}});
}

std::string RunJson(const v1::SyncRun& run) { return Text({{"run", ToJson(run)}}); }

std::string RunsJson(const std::vector<v1::SyncRun>& runs) {
  Json list = Json::array();
  for (const v1::SyncRun& run : runs) list.push_back(ToJson(run));
  return Text({{"runs", list}});
}

std::string SourcesJson(const std::vector<v1::Source>& sources) {
  Json list = Json::array();
  for (const v1::Source& source : sources) {
    list.push_back({{"name", source.name()},
                    {"cursor", TimeOrNull(source.has_cursor(), source.cursor())},
                    {"last_run", RunOrNull(source.has_last_run(), source.last_run())},
                    {"last_completed_run",
                     RunOrNull(source.has_last_completed_run(), source.last_completed_run())}});
  }
  return Text({{"sources", list}});
}

std::string LastSyncJson(const v1::GetLastSyncResponse& last) {
  return Text({{"source", last.run().source()},
               {"cursor", TimeOrNull(last.has_cursor(), last.cursor())},
               {"run", ToJson(last.run())}});
}

std::string ErrorJson(const absl::Status& status, ExitStatus exit) {
  return Text({{"exit_status", static_cast<int>(exit)}, {"error", ToJson(status)}});
}

}  // namespace peaksync::client

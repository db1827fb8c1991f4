#include <nlohmann/json.hpp>

#include "absl/strings/strip.h"
#include "client/customer_text.h"
#include "client/delivery_text.h"
#include "client/job_report.h"
#include "client/rejection_report.h"
#include "client/report.h"
#include "client/text.h"
#include "client/value_json.h"

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
          {"remedy", TextOrNull(delivery.remedy())},
          {"back_pressure", TextOrNull(delivery.back_pressure())},
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

Json ToJson(const v1::Rejection& rejection) {
  const v1::Attribute& attribute = rejection.attribute();
  return {{"customer", IdentifierOf(rejection.customer())},
          {"id_kind", IdKindText(rejection.customer())},
          {"attribute", attribute.name()},
          {"value_kept", attribute.has_value()},
          {"value", attribute.has_value() ? Json::parse(JsonText(attribute.value())) : nullptr},
          {"updated_at", TimeOrNull(rejection.has_updated_at(), rejection.updated_at())},
          {"reject_time", TimeOrNull(rejection.has_reject_time(), rejection.reject_time())},
          {"kind", KindText(rejection.kind())},
          {"reason", rejection.reason()},
          {"run_id", rejection.run_id()},
          {"attempts", rejection.attempts()}};
}

Json ToJson(const std::vector<v1::Rejection>& rejections) {
  Json list = Json::array();
  for (const v1::Rejection& rejection : rejections) list.push_back(ToJson(rejection));
  return list;
}

Json ToJson(const std::vector<v1::SyncRun>& runs) {
  Json list = Json::array();
  for (const v1::SyncRun& run : runs) list.push_back(ToJson(run));
  return list;
}

Json TimeOrNull(const std::optional<TimePoint>& time) {
  return time ? Json(FormatTime(*time)) : Json(nullptr);
}

Json ToJson(const SyncFacts& sync, const RowCounts& rows) {
  return {{"job", sync.job},
          {"cursor", TimeOrNull(sync.cursor)},
          {"selected_from", TimeOrNull(sync.selected_from)},
          {"rows_expected", sync.rows_expected ? Json(*sync.rows_expected) : Json(nullptr)},
          {"future_rows", rows.future},
          {"newest_future_time", TimeOrNull(rows.newest_future)},
          {"retried", sync.retried},
          {"refused_again", sync.refused_again}};
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
  const auto by_braze = static_cast<std::int64_t>(report.braze_refusals.size());
  return Text({{"exit_status", static_cast<int>(report.exit)},
               {"error", ToJson(report.status)},
               {"file", report.file},
               {"sync", report.sync ? ToJson(*report.sync, report.rows) : Json(nullptr)},
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
               {"braze_refusals", ToJson(report.braze_refusals)},
               {"braze_refusals_omitted", report.braze_refusals_count - by_braze},
               {"duration_seconds", absl::ToDoubleSeconds(report.duration)}});
}

std::string RunJson(const v1::SyncRun& run) { return Text({{"run", ToJson(run)}}); }

std::string RunsJson(const std::vector<v1::SyncRun>& runs) {
  return Text({{"runs", ToJson(runs)}});
}

std::string SourcesJson(const std::vector<v1::Source>& sources) {
  Json list = Json::array();
  for (const v1::Source& source : sources) {
    list.push_back({{"name", source.name()},
                    {"cursor", TimeOrNull(source.has_cursor(), source.cursor())},
                    {"full_required", TextOrNull(source.full_required())},
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

std::string RejectionsJson(const std::vector<v1::Rejection>& rejections, std::int64_t more) {
  return Text({{"rejections", ToJson(rejections)}, {"more", more}});
}

std::string ExportJson(const ExportReport& report) {
  return Text({{"file", report.file},
               {"format", report.format == FileFormat::kCsv ? "csv" : "jsonl"},
               {"rejections", report.rejections},
               {"rows", report.rows}});
}

std::string RetryJson(const RetryReport& report) {
  return Text({{"exit_status", static_cast<int>(report.exit)},
               {"error", ToJson(report.status)},
               {"retried", report.retried},
               {"not_retriable", report.not_retriable},
               {"waited", report.waited},
               {"runs", ToJson(report.runs)}});
}

std::string CountJson(const std::string& name, std::int64_t count) { return Text({{name, count}}); }

std::string FileJson(const std::string& file) { return Text({{"file", file}}); }

std::string CheckJson(ExitStatus exit, const std::vector<absl::Status>& problems,
                      const std::vector<JobFindings>& findings) {
  const auto list = [](const std::vector<absl::Status>& all) {
    Json out = Json::array();
    for (const absl::Status& one : all) out.push_back(ToJson(one));
    return out;
  };
  Json jobs = Json::array();
  for (const JobFindings& job : findings) {
    jobs.push_back({{"job", job.job},
                    {"tenant", TextOrNull(job.to.tenant)},
                    {"workspace", TextOrNull(job.to.workspace)},
                    {"host", TextOrNull(job.to.host)},
                    {"rows", job.rows},
                    {"attributes", job.attributes},
                    {"problems", list(job.problems)},
                    {"notes", job.notes}});
  }
  return Text(
      {{"exit_status", static_cast<int>(exit)}, {"problems", list(problems)}, {"jobs", jobs}});
}

}  // namespace peaksync::client

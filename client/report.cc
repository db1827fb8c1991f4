#include "client/report.h"

#include <algorithm>
#include <array>
#include <utility>

#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"
#include "client/progress.h"
#include "client/text.h"
#include "client/time_text.h"

namespace peaksync::client {
namespace {

constexpr std::size_t kLabelWidth = 16;

void AddLine(std::string_view label, std::string_view text, std::string* out) {
  Append(out, absl::StrFormat("%-*s", static_cast<int>(kLabelWidth), label), text, "\n");
}

void AddTime(std::string_view label, bool present, const google::protobuf::Timestamp& time,
             std::string* out) {
  if (present) AddLine(label, TimeName(time), out);
}

std::string UpdatesText(const v1::UpdateCounts& updates) {
  return Cat(WithCommas(updates.received()), " received: ", WithCommas(updates.changed()),
             " changed, ", WithCommas(updates.unchanged()), " unchanged, ",
             WithCommas(updates.invalid()), " invalid");
}

// received, and below it each state that has any; the main ones always.
void AddValues(const v1::ValueCounts& values, std::string* out) {
  AddLine("values", Cat(WithCommas(values.received()), " received"), out);
  struct Line {
    std::string_view label;
    std::int64_t count;
    bool always;
    std::string_view note;
  };
  const std::array<Line, 8> lines = {{
      {"confirmed", values.confirmed(), true, "accepted by Braze"},
      {"unchanged", values.unchanged(), true, "Braze had them already: not sent"},
      {"stale", values.stale(), false, "older than what Braze has: not sent"},
      {"superseded", values.superseded(), false, "overtaken by newer ones"},
      {"invalid", values.invalid(), false, "refused before sending"},
      {"rejected", values.rejected(), false, "refused by Braze"},
      {"discarded", values.discarded(), false, "given up by a person"},
      {"pending", values.pending(), false, "waiting for Braze"},
  }};
  for (const Line& line : lines) {
    if (line.count == 0 && !line.always) continue;
    AddLine(Cat("  ", line.label), absl::StrFormat("%14s  %s", WithCommas(line.count), line.note),
            out);
  }
}

std::string RunTitle(const v1::SyncRun& run) {
  return Cat(run.run_id(), " ", StateName(run.state()), run.state_reason().empty() ? "" : ": ",
             run.state_reason());
}

void AddDelivery(const v1::DeliveryStatus& delivery, std::string* out) {
  if (delivery.state() == v1::DeliveryStatus::STATE_RUNNING ||
      delivery.state() == v1::DeliveryStatus::STATE_UNSPECIFIED) {
    return;
  }
  AddLine("delivery", Cat(StateName(delivery.state()), ": ", delivery.reason()), out);
  AddLine("",
          Cat(WithCommas(delivery.waiting_values()), " values of ",
              WithCommas(delivery.waiting_customers()), " customers wait"),
          out);
}

void AddStaleHint(const v1::SyncRun& run, std::string* out) {
  if (run.values().stale() == 0) return;
  Append(out, "\n", WithCommas(run.values().stale()),
         " values are older than what Braze has or will have",
         run.has_stale_newest_known_time()
             ? Cat(" (the newest known is of ", TimeName(run.stale_newest_known_time()), ")")
             : "",
         " and were not sent. `--updated-at now` sends them all the same.\n");
}

// Columns of equal width.
std::string Grid(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string out;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      Append(&line, row[i], std::string(widths[i] - row[i].size() + 2, ' '));
    }
    line.erase(line.find_last_not_of(' ') + 1);
    Append(&out, line, "\n");
  }
  return out;
}

}  // namespace

std::string StateName(v1::SyncRunState state) {
  return std::string(absl::StripPrefix(v1::SyncRunState_Name(state), "SYNC_RUN_STATE_"));
}

std::string StateName(v1::DeliveryStatus::State state) {
  return std::string(absl::StripPrefix(v1::DeliveryStatus::State_Name(state), "STATE_"));
}

std::string TimeName(const google::protobuf::Timestamp& time) {
  return FormatTime({time.seconds(), time.nanos()});
}

std::string PushTable(const PushReport& report) {
  std::string out;
  AddLine("run", report.run ? RunTitle(*report.run) : "none was opened", &out);
  AddLine("source", report.source, &out);
  if (!report.tenant.empty()) {
    AddLine("to",
            Cat("tenant ", report.tenant, ", workspace ", report.workspace, " at ", report.host),
            &out);
  }
  AddLine(
      "rows",
      Cat(WithCommas(report.rows.read), " read: ", WithCommas(report.rows.sent), " sent, ",
          WithCommas(report.rows.invalid), " invalid (not sent)",
          report.rows.empty > 0 ? Cat(", ", WithCommas(report.rows.empty), " without values") : ""),
      &out);
  if (report.run) {
    AddLine("updates", UpdatesText(report.run->updates()), &out);
    AddValues(report.run->values(), &out);
    AddTime("cursor", report.run->has_cursor(), report.run->cursor(), &out);
    if (!IsFinal(report.run->state())) AddDelivery(report.run->delivery(), &out);
  }
  AddLine("duration", DurationText(report.duration), &out);
  if (report.run) AddStaleHint(*report.run, &out);
  if (report.run && !report.waited && !IsFinal(report.run->state())) {
    Append(&out, "\nNot waited for Braze. `peaksync runs watch ", report.run->run_id(),
           "` shows how it goes on.\n");
  }
  return out;
}

std::string RunTable(const v1::SyncRun& run) {
  std::string out;
  AddLine("run", RunTitle(run), &out);
  AddLine("source", run.source(), &out);
  AddLine("mode", std::string(absl::StripPrefix(v1::SyncMode_Name(run.mode()), "SYNC_MODE_")),
          &out);
  if (!run.client().empty()) AddLine("client", run.client(), &out);
  AddTime("started", run.has_create_time(), run.create_time(), &out);
  AddTime("received", run.has_receive_time(), run.receive_time(), &out);
  AddTime("completed", run.has_complete_time(), run.complete_time(), &out);
  AddLine("updates", UpdatesText(run.updates()), &out);
  AddValues(run.values(), &out);
  AddTime("from cursor", run.has_from_cursor(), run.from_cursor(), &out);
  AddTime("cursor", run.has_cursor(), run.cursor(), &out);
  if (run.values().pending() > 0) AddDelivery(run.delivery(), &out);
  AddStaleHint(run, &out);
  return out;
}

std::string RunsTable(const std::vector<v1::SyncRun>& runs) {
  std::vector<std::vector<std::string>> rows = {{"RUN", "SOURCE", "STATE", "STARTED", "UPDATES",
                                                 "CONFIRMED", "UNCHANGED", "REFUSED", "PENDING"}};
  for (const v1::SyncRun& run : runs) {
    const v1::ValueCounts& values = run.values();
    rows.push_back({run.run_id(), run.source(), StateName(run.state()), TimeName(run.create_time()),
                    WithCommas(run.updates().received()), WithCommas(values.confirmed()),
                    WithCommas(values.unchanged()),
                    WithCommas(values.invalid() + values.rejected()),
                    WithCommas(values.pending())});
  }
  return Grid(rows);
}

std::string SourcesTable(const std::vector<v1::Source>& sources) {
  std::vector<std::vector<std::string>> rows = {
      {"SOURCE", "CURSOR", "LAST RUN", "STATE", "LAST COMPLETED RUN", "COMPLETED"}};
  for (const v1::Source& source : sources) {
    const bool ran = source.has_last_run();
    const bool completed = source.has_last_completed_run();
    rows.push_back({source.name(), source.has_cursor() ? TimeName(source.cursor()) : "-",
                    ran ? source.last_run().run_id() : "-",
                    ran ? StateName(source.last_run().state()) : "-",
                    completed ? source.last_completed_run().run_id() : "-",
                    completed ? TimeName(source.last_completed_run().complete_time()) : "-"});
  }
  return Grid(rows);
}

std::string LastSyncTable(const v1::GetLastSyncResponse& last) {
  std::string out;
  AddLine("source cursor", last.has_cursor() ? TimeName(last.cursor()) : "none", &out);
  return out + RunTable(last.run());
}

}  // namespace peaksync::client

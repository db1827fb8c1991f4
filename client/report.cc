#include "client/report.h"

#include <array>
#include <utility>

#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"
#include "client/customer_text.h"
#include "client/delivery_text.h"
#include "client/limits.h"
#include "client/progress.h"
#include "client/table.h"
#include "client/text.h"
#include "client/time_text.h"

namespace peaksync::client {
namespace {

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

void AddStaleHint(const v1::SyncRun& run, std::string* out) {
  if (run.values().stale() == 0) return;
  Append(out, "\n", WithCommas(run.values().stale()),
         " values are older than what Braze has or will have",
         run.has_stale_newest_known_time()
             ? Cat(" (the newest known is of ", TimeName(run.stale_newest_known_time()), ")")
             : "",
         " and were not sent. `--updated-at now` sends them all the same.\n");
}

std::string TimeOr(const std::optional<TimePoint>& time, std::string_view otherwise) {
  return time ? FormatTime(*time) : std::string(otherwise);
}

void AddSync(const SyncFacts& sync, std::string* out) {
  AddLine("job", sync.job, out);
  AddLine(
      "selected",
      Cat(sync.selected_from ? "updated since " : "", TimeOr(sync.selected_from, "the whole table"),
          " (cursor ", TimeOr(sync.cursor, "none"), ")"),
      out);
  if (sync.retried > 0) {
    AddLine("retried",
            Cat(WithCommas(sync.retried), " rejected values were tried again, ",
                WithCommas(sync.refused_again), " of them refused again"),
            out);
  }
}

void AddFuture(const RowCounts& rows, std::string* out) {
  if (rows.future == 0) return;
  Append(out, "\n", WithCommas(rows.future), " rows are of the future (up to ",
         TimeOr(rows.newest_future, "?"),
         "): the cursor stays before them, so they are selected again. Check the clock that wrote "
         "them, and the time zone.\n");
}

// Whom Braze refused, and why: the first of them.
void AddBrazeRefusals(const PushReport& report, std::string* out) {
  if (report.braze_refusals.empty()) return;
  Append(out, "\nrefused by Braze:\n");
  std::vector<std::vector<std::string>> rows;
  for (const v1::Rejection& rejection : report.braze_refusals) {
    if (rows.size() == limits::kBrazeRefusalsShownMax) break;
    rows.push_back({"  " + OneLine(CustomerText(rejection.customer()), limits::kShownCharactersMax),
                    OneLine(rejection.attribute().name(), limits::kShownCharactersMax),
                    OneLine(rejection.reason(), limits::kReasonCharactersMax)});
  }
  Append(out, Grid(rows));
  const auto shown = static_cast<std::int64_t>(rows.size());
  if (report.braze_refusals_count > shown) {
    Append(out, "  … and ", WithCommas(report.braze_refusals_count - shown), " more\n");
  }
  Append(out, "`peaksync rejections list --run ", report.run->run_id(),
         "` shows them with their values; `rejections retry` tries them again once the cause is "
         "gone.\n");
}

// The end of a list of runs: what keeps them waiting. Every run has the tenant's delivery.
std::string BlockedText(const std::vector<v1::SyncRun>& runs) {
  if (runs.empty() || !IsBlocked(runs[0].delivery())) return "";
  return Cat("\n", DeliveryTable(runs[0].delivery()));
}

}  // namespace

std::string StateName(v1::SyncRunState state) {
  return std::string(absl::StripPrefix(v1::SyncRunState_Name(state), "SYNC_RUN_STATE_"));
}

std::string TimeName(const google::protobuf::Timestamp& time) {
  return FormatTime({time.seconds(), time.nanos()});
}

std::string PushTable(const PushReport& report) {
  std::string out;
  AddLine("run", report.run ? RunTitle(*report.run) : "none was opened", &out);
  if (report.sync) AddSync(*report.sync, &out);
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
    if (!IsFinal(report.run->state())) Append(&out, DeliveryTable(report.run->delivery()));
  }
  AddLine("duration", DurationText(report.duration), &out);
  AddFuture(report.rows, &out);
  AddBrazeRefusals(report, &out);
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
  if (run.values().pending() > 0 || !IsFinal(run.state())) {
    Append(&out, DeliveryTable(run.delivery()));
  }
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
  return Grid(rows) + BlockedText(runs);
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
  std::string out = Grid(rows);
  for (const v1::Source& source : sources) {
    if (source.full_required().empty()) continue;
    Append(&out, "\n", source.name(), ": its next push must be --full: ", source.full_required(),
           "\n");
  }
  return out;
}

std::string LastSyncTable(const v1::GetLastSyncResponse& last) {
  std::string out;
  AddLine("source cursor", last.has_cursor() ? TimeName(last.cursor()) : "none", &out);
  return out + RunTable(last.run());
}

}  // namespace peaksync::client

#include "client/commands.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include "client/command_base.h"
#include "client/rejection_report.h"
#include "client/row_rules.h"
#include "client/rpc_client.h"
#include "client/status_macros.h"
#include "client/text.h"
#include "client/waiter.h"

namespace peaksync::client {
namespace {

absl::StatusOr<PushReport> PushFile(const CommonOptions& common, const PushOptions& options,
                                    Console& console) {
  PEAKSYNC_CLIENT_ASSIGN_OR_RETURN(PushPlan plan, PlanPush(options, common));
  plan.settings.client_name = ClientName();
  PEAKSYNC_CLIENT_ASSIGN_OR_RETURN(const auto channel, OpenChannel(common));
  if (plan.format_is_a_guess) {
    console.Say("reading CSV from standard input; say --format jsonl for JSON Lines");
  }
  PEAKSYNC_CLIENT_ASSIGN_OR_RETURN(const auto bytes, OpenFile(options.file));
  const auto open = plan.format == FileFormat::kCsv ? OpenCsv : OpenJsonLines;
  PEAKSYNC_CLIENT_ASSIGN_OR_RETURN(const auto rows,
                                   open(*bytes, plan.settings.file, std::move(plan.rows)));
  for (const std::string& note : rows->notes()) console.Say(note);
  RejectLog rejects(console, plan.settings.file);
  if (!options.rejects.empty()) {
    PEAKSYNC_CLIENT_RETURN_IF_ERROR(rejects.OpenFile(options.rejects, rows->RejectsHeader()));
  }
  return Push(*channel, plan.settings, *rows, bytes->size(), rejects, console);
}

absl::StatusOr<v1::SyncRun> GetRun(const CommonOptions& common, const std::string& run_id) {
  PEAKSYNC_CLIENT_RETURN_IF_ERROR(CheckText("RUN", run_id));
  PEAKSYNC_CLIENT_ASSIGN_OR_RETURN(const auto channel, OpenChannel(common));
  return RpcClient(*channel).GetSyncRun(run_id);
}

absl::StatusOr<std::vector<v1::SyncRun>> ListRuns(const CommonOptions& common,
                                                  const std::string& source, int limit) {
  if (!source.empty()) PEAKSYNC_CLIENT_RETURN_IF_ERROR(CheckSource(source));
  if (limit < 1) return Invalid("--limit: at least 1");
  PEAKSYNC_CLIENT_ASSIGN_OR_RETURN(const auto channel, OpenChannel(common));
  RpcClient client(*channel);
  std::vector<v1::SyncRun> runs;
  v1::ListSyncRunsRequest request;
  request.set_source(source);
  for (int left = limit; left > 0; left = limit - static_cast<int>(runs.size())) {
    request.set_page_size(std::min(left, limits::kPageSize));
    PEAKSYNC_CLIENT_ASSIGN_OR_RETURN(const v1::ListSyncRunsResponse page,
                                     client.ListSyncRuns(request));
    for (const v1::SyncRun& run : page.runs()) {
      if (static_cast<int>(runs.size()) < limit) runs.push_back(run);
    }
    if (page.next_page_token().empty()) break;
    request.set_page_token(page.next_page_token());
  }
  return runs;
}

absl::StatusOr<std::vector<v1::Source>> ListSources(const CommonOptions& common) {
  PEAKSYNC_CLIENT_ASSIGN_OR_RETURN(const auto channel, OpenChannel(common));
  RpcClient client(*channel);
  std::vector<v1::Source> sources;
  v1::ListSourcesRequest request;
  request.set_page_size(limits::kPageSize);
  for (;;) {
    PEAKSYNC_CLIENT_ASSIGN_OR_RETURN(const v1::ListSourcesResponse page,
                                     client.ListSources(request));
    sources.insert(sources.end(), page.sources().begin(), page.sources().end());
    if (page.next_page_token().empty()) return sources;
    request.set_page_token(page.next_page_token());
  }
}

absl::StatusOr<WaitResult> WatchRun(const CommonOptions& common, const std::string& run_id,
                                    const WaitOptions& options, Console& console) {
  PEAKSYNC_CLIENT_RETURN_IF_ERROR(CheckText("RUN", run_id));
  PEAKSYNC_CLIENT_ASSIGN_OR_RETURN(const auto channel, OpenChannel(common));
  PEAKSYNC_CLIENT_ASSIGN_OR_RETURN(const v1::SyncRun run, RpcClient(*channel).GetSyncRun(run_id));
  return WaitShowing(*channel, run, options, console);
}

}  // namespace

ExitStatus RunPush(const CommonOptions& common, const PushOptions& options, Output output) {
  Console console(output.err, StyleFor(common, output));
  const absl::StatusOr<PushReport> report = PushFile(common, options, console);
  console.Clear();
  if (!report.ok()) return Fail(report.status(), common, output);
  output.out << (common.json ? PushJson(*report) : PushTable(*report)) << std::flush;
  if (!report->status.ok()) {
    output.err << "peaksync: " << MessageOf(report->status) << HintFor(report->status) << '\n';
  }
  return report->exit;
}

ExitStatus RunRunsList(const CommonOptions& common, const std::string& source, int limit,
                       Output output) {
  const auto runs = ListRuns(common, source, limit);
  if (!runs.ok()) return Fail(runs.status(), common, output);
  output.out << (common.json ? RunsJson(*runs) : RunsTable(*runs));
  return ExitStatus::kDone;
}

ExitStatus RunRunsShow(const CommonOptions& common, const std::string& run_id, Output output) {
  const auto run = GetRun(common, run_id);
  if (!run.ok()) return Fail(run.status(), common, output);
  output.out << (common.json ? RunJson(*run) : RunTable(*run));
  return ExitStatus::kDone;
}

ExitStatus RunRunsWatch(const CommonOptions& common, const std::string& run_id,
                        const std::string& timeout, const std::string& pause_timeout,
                        Output output) {
  const auto limit = ParseTimeout("--timeout", timeout);
  if (!limit.ok()) return Fail(limit.status(), common, output);
  const auto pause = ParseTimeout("--pause-timeout", pause_timeout);
  if (!pause.ok()) return Fail(pause.status(), common, output);
  WaitOptions options;
  options.deadline = absl::Now() + *limit;
  options.pause_timeout = *pause;
  Console console(output.err, StyleFor(common, output));
  const auto result = WatchRun(common, run_id, options, console);
  console.Clear();
  if (!result.ok()) return Fail(result.status(), common, output);
  output.out << (common.json ? RunJson(result->run) : RunTable(result->run));
  const absl::Status end = WaitError(*result, options);
  if (end.ok()) return ExitStatusOf(result->run, 0, false);
  output.err << "peaksync: " << MessageOf(end) << '\n';
  return ExitStatusOf(end);
}

ExitStatus RunRunsCancel(const CommonOptions& common, const std::string& run_id, Output output) {
  const auto cancel = [&]() -> absl::StatusOr<v1::SyncRun> {
    PEAKSYNC_CLIENT_RETURN_IF_ERROR(CheckText("RUN", run_id));
    PEAKSYNC_CLIENT_ASSIGN_OR_RETURN(const auto channel, OpenChannel(common));
    return RpcClient(*channel).CancelSyncRun(run_id);
  };
  const auto run = cancel();
  if (!run.ok()) return Fail(Doing(Cat("canceling run ", run_id), run.status()), common, output);
  output.out << (common.json ? RunJson(*run) : CancelTable(*run));
  return ExitStatus::kDone;
}

ExitStatus RunSourcesList(const CommonOptions& common, Output output) {
  const auto sources = ListSources(common);
  if (!sources.ok()) return Fail(sources.status(), common, output);
  output.out << (common.json ? SourcesJson(*sources) : SourcesTable(*sources));
  return ExitStatus::kDone;
}

ExitStatus RunSourcesSetCursor(const CommonOptions& common, const std::string& source,
                               const std::string& cursor, Output output) {
  const auto set = [&]() -> absl::StatusOr<v1::Source> {
    PEAKSYNC_CLIENT_RETURN_IF_ERROR(CheckSource(source));
    v1::SetSourceCursorRequest request;
    request.set_source(source);
    if (cursor != "none") {
      const absl::StatusOr<TimePoint> time = ParseTime(cursor);
      if (!time.ok()) return Invalid("TIME: ", MessageOf(time.status()), "; or none");
      SetTime(*time, request.mutable_cursor());
    }
    PEAKSYNC_CLIENT_ASSIGN_OR_RETURN(const auto channel, OpenChannel(common));
    return RpcClient(*channel).SetSourceCursor(request);
  };
  const auto changed = set();
  if (!changed.ok()) {
    return Fail(Doing(Cat("setting the cursor of ", source), changed.status()), common, output);
  }
  output.out << (common.json ? SourcesJson({*changed}) : SourcesTable({*changed}));
  return ExitStatus::kDone;
}

ExitStatus RunLastSync(const CommonOptions& common, const std::string& source, Output output) {
  const auto ask = [&]() -> absl::StatusOr<v1::GetLastSyncResponse> {
    PEAKSYNC_CLIENT_RETURN_IF_ERROR(CheckSource(source));
    PEAKSYNC_CLIENT_ASSIGN_OR_RETURN(const auto channel, OpenChannel(common));
    v1::GetLastSyncRequest request;
    request.set_source(source);
    return RpcClient(*channel).GetLastSync(request);
  };
  const auto last = ask();
  if (!last.ok()) return Fail(last.status(), common, output);
  output.out << (common.json ? LastSyncJson(*last) : LastSyncTable(*last));
  return ExitStatus::kDone;
}

}  // namespace peaksync::client

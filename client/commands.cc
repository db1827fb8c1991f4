#include "client/commands.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include "client/rpc_client.h"
#include "client/status_macros.h"
#include "client/text.h"
#include "client/waiter.h"

namespace peaksync::client {
namespace {

// What can be added to the service's own words.
std::string_view Hint(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kUnauthenticated:
      return ". Give the tenant's token with --token-file or PEAKSYNC_TOKEN";
    case absl::StatusCode::kAborted:
      return ". Wait for the other push of this source to end, then run this again";
    default:
      return "";
  }
}

ExitStatus Fail(const absl::Status& status, const CommonOptions& common, Output output) {
  const ExitStatus exit = ExitStatusOf(status);
  output.err << "peaksync: " << MessageOf(status) << Hint(status) << '\n';
  if (common.json) output.out << ErrorJson(status, exit);
  return exit;
}

absl::StatusOr<std::unique_ptr<Channel>> OpenChannel(const CommonOptions& common) {
  ConnectionOptions connection = common.connection;
  if (!common.token_file.empty()) {
    PEAKSYNC_CLIENT_ASSIGN_OR_RETURN(connection.token, ReadTokenFile(common.token_file));
  } else if (const char* token = std::getenv("PEAKSYNC_TOKEN"); token != nullptr) {
    connection.token = token;
  }
  return Channel::Open(connection);
}

ProgressStyle StyleFor(const CommonOptions& common, const Output& output) {
  if (common.no_progress) return ProgressStyle::kNone;
  return output.err_is_terminal ? ProgressStyle::kBar : ProgressStyle::kPlain;
}

std::string ClientName() {
  std::array<char, 65> host{};
  if (::gethostname(host.data(), host.size() - 1) != 0) host[0] = '\0';
  return Cat("peaksync ", PEAKSYNC_VERSION, " on ", host.data());
}

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
  const absl::Time begin = absl::Now();
  return WaitForRun(*channel, run, options, [&](const v1::SyncRun& news, std::string_view trouble) {
    ProgressState state;
    state.waiting = true;
    state.values_received = news.values().received();
    state.values_pending = news.values().pending();
    state.trouble = trouble.empty() ? news.delivery().reason() : trouble;
    state.elapsed = absl::Now() - begin;
    console.Show(state, absl::Now());
  });
}

}  // namespace

ExitStatus RunPush(const CommonOptions& common, const PushOptions& options, Output output) {
  Console console(output.err, StyleFor(common, output));
  const absl::StatusOr<PushReport> report = PushFile(common, options, console);
  console.Clear();
  if (!report.ok()) return Fail(report.status(), common, output);
  output.out << (common.json ? PushJson(*report) : PushTable(*report)) << std::flush;
  if (!report->status.ok()) {
    output.err << "peaksync: " << MessageOf(report->status) << Hint(report->status) << '\n';
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

ExitStatus RunSourcesList(const CommonOptions& common, Output output) {
  const auto sources = ListSources(common);
  if (!sources.ok()) return Fail(sources.status(), common, output);
  output.out << (common.json ? SourcesJson(*sources) : SourcesTable(*sources));
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

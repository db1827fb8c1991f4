#include "client/sync_command.h"

#include <utility>

#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "client/job_database.h"
#include "client/job_lock.h"
#include "client/pusher.h"
#include "client/reject_log.h"
#include "client/rejection_retry.h"
#include "client/row_rules.h"
#include "client/status_macros.h"
#include "client/table_source.h"
#include "client/text.h"

namespace peaksync::client {
namespace {

// One sync, from the jobs file to the report.
class SyncJob {
 public:
  SyncJob(const CommonOptions& flags, const JobsPlace& place, const SyncOptions& options,
          Console& console)
      : flags_(flags), place_(place), options_(options), console_(console) {}

  absl::StatusOr<PushReport> Run();

 private:
  absl::Status ReadSettings();
  absl::Status FindJob();
  absl::Status Connect();
  absl::Status TellHowMuch();
  absl::Status RetryRejections();
  absl::StatusOr<PushReport> PushRows();
  void WaitForRetries(PushReport* report);
  SyncFacts Facts() const;

  const CommonOptions& flags_;
  const JobsPlace& place_;
  const SyncOptions& options_;
  Console& console_;
  const absl::Time begin_ = absl::Now();

  JobsFile file_;
  const Job* job_ = nullptr;
  CommonOptions common_;
  PushSettings settings_;
  std::optional<TimePoint> since_;
  std::unique_ptr<JobLock> lock_;
  std::unique_ptr<Channel> channel_;
  std::unique_ptr<Database> database_;
  TablePlan plan_;
  std::optional<std::int64_t> rows_expected_;
  SyncStart start_;
  RetryReport retried_;
};

absl::Status SyncJob::ReadSettings() {
  if (!options_.since.empty()) {
    const absl::StatusOr<TimePoint> since = ParseTime(options_.since);
    if (!since.ok()) return Invalid("--since: ", MessageOf(since.status()));
    since_ = *since;
  }
  if (since_ && options_.full) return Invalid("--since and --full: give one of them");
  if (options_.batch_size < 1 || options_.batch_size > limits::kBatchUpdatesMax) {
    return Invalid("--batch-size: 1 to ", limits::kBatchUpdatesMax, " updates");
  }
  PEAKSYNC_CLIENT_ASSIGN_OR_RETURN(settings_.timeout, ParseTimeout("--timeout", options_.timeout));
  PEAKSYNC_CLIENT_ASSIGN_OR_RETURN(settings_.pause_timeout,
                                   ParseTimeout("--pause-timeout", options_.pause_timeout));
  PEAKSYNC_CLIENT_ASSIGN_OR_RETURN(settings_.connect_timeout,
                                   ParseTimeout("--connect-timeout", options_.connect_timeout));
  settings_.batch_updates_max = options_.batch_size;
  settings_.wait = !options_.no_wait;
  settings_.allow_rejections = options_.allow_rejections;
  settings_.full = options_.full;
  settings_.client_name = ClientName();
  return absl::OkStatus();
}

absl::Status SyncJob::FindJob() {
  PEAKSYNC_CLIENT_ASSIGN_OR_RETURN(file_, ReadJobs(place_.jobs_file));
  job_ = file_.FindJob(options_.job);
  if (job_ == nullptr) return file_.NoSuchJob(place_.jobs_file, options_.job);
  PEAKSYNC_CLIENT_ASSIGN_OR_RETURN(common_, CommonOf(flags_, file_.service, job_));
  PEAKSYNC_CLIENT_RETURN_IF_ERROR(CheckText("--tenant", common_.tenant));
  PEAKSYNC_CLIENT_ASSIGN_OR_RETURN(
      const std::string state_dir,
      OpenStateDir(place_.state_dir.empty() ? file_.state_dir : place_.state_dir));
  PEAKSYNC_CLIENT_ASSIGN_OR_RETURN(lock_, JobLock::Take(state_dir, job_->name));
  settings_.file = Cat("job ", job_->name);
  settings_.source = job_->source;
  settings_.expected_tenant = common_.tenant;
  settings_.column_of_id = job_->table.id_column;
  settings_.column_of_updated_at = job_->table.updated_at_column;
  return absl::OkStatus();
}

absl::Status SyncJob::Connect() {
  PEAKSYNC_CLIENT_ASSIGN_OR_RETURN(channel_, OpenChannel(common_));
  RpcClient client(*channel_);
  if (!common_.tenant.empty()) {  // The stream would see it too, but only after the retries.
    PEAKSYNC_CLIENT_RETURN_IF_ERROR(DestinationOf(client, common_.tenant).status());
  }
  PEAKSYNC_CLIENT_ASSIGN_OR_RETURN(const auto cursor, CursorOf(client, job_->source));
  start_ = StartOf(cursor, since_, options_.full, job_->lookback);
  PEAKSYNC_CLIENT_ASSIGN_OR_RETURN(database_, OpenJobDatabase(*file_.FindDatabase(job_->database)));
  std::vector<std::string> problems;
  PEAKSYNC_CLIENT_ASSIGN_OR_RETURN(plan_, PlanJob(*database_, *job_, &problems));
  if (problems.empty()) return absl::OkStatus();
  return Invalid("job ", job_->name, ": ", absl::StrJoin(problems, "; "));
}

// A whole table may be a lot, and costs Braze's data points: a person should read it in the log.
absl::Status SyncJob::TellHowMuch() {
  if (start_.select_from) return absl::OkStatus();
  PEAKSYNC_CLIENT_ASSIGN_OR_RETURN(
      rows_expected_, SelectInteger(*database_, CountSql(plan_, std::nullopt, std::nullopt)));
  console_.Say(Cat(options_.full ? "--full" : Cat("source ", job_->source, " has no cursor yet"),
                   ": the whole table is selected, ", WithCommas(*rows_expected_), " rows"));
  return absl::OkStatus();
}

// A rule may have been mended since, or a time has come that was too far ahead.
absl::Status SyncJob::RetryRejections() {
  RpcClient client(*channel_);
  v1::RejectionFilter filter;
  filter.set_source(job_->source);
  if (!options_.retry_refused) filter.set_kind(v1::REJECTION_KIND_VALIDATION);
  const absl::Status status = RetryAll(client, filter, &retried_);
  if (absl::IsNotFound(status)) return absl::OkStatus();  // The source's first run.
  if (absl::IsPermissionDenied(status) && !options_.retry_refused) {
    console_.Say("rejected values are not tried again: the token may push only");
    return absl::OkStatus();
  }
  return status;
}

absl::StatusOr<PushReport> SyncJob::PushRows() {
  const absl::Time now = absl::Now();
  settings_.cursor_not_after = TimePoint{absl::ToUnixSeconds(now), 0};
  settings_.cursor_is_max = true;
  settings_.from_cursor = start_.from_cursor;
  PEAKSYNC_CLIENT_ASSIGN_OR_RETURN(
      const auto selected,
      database_->Select(SelectSql(plan_, start_.select_from, job_->table.zone)));
  const auto rows = MakeTableSource(job_->table, std::move(plan_), *selected);
  RejectLog rejects(console_, settings_.file);
  if (!options_.rejects.empty()) {
    PEAKSYNC_CLIENT_RETURN_IF_ERROR(rejects.OpenFile(options_.rejects, rows->RejectsHeader()));
  }
  return Push(*channel_, settings_, *rows, std::nullopt, rejects, console_);
}

void SyncJob::WaitForRetries(PushReport* report) {
  if (retried_.runs.empty() || !settings_.wait || !report->status.ok()) return;
  WaitOptions options;
  options.deadline = begin_ + settings_.timeout;
  options.pause_timeout = settings_.pause_timeout;
  report->status = WaitForAll(*channel_, options, console_, &retried_);
  if (!report->status.ok()) {
    report->exit = ExitStatusOf(report->status);
    return;
  }
  // What nobody asked for is old news when it is refused again: each sync would say so for ever.
  for (const v1::SyncRun& run : retried_.runs) {
    const bool allowed = settings_.allow_rejections || !options_.retry_refused;
    if (report->exit == ExitStatus::kDone) report->exit = ExitStatusOf(run, 0, allowed);
  }
}

SyncFacts SyncJob::Facts() const {
  SyncFacts facts{job_->name, start_.cursor, start_.select_from, retried_.retried,
                  0,          rows_expected_};
  for (const v1::SyncRun& run : retried_.runs) {
    facts.refused_again += run.values().invalid() + run.values().rejected();
  }
  return facts;
}

absl::StatusOr<PushReport> SyncJob::Run() {
  PEAKSYNC_CLIENT_RETURN_IF_ERROR(ReadSettings());
  PEAKSYNC_CLIENT_RETURN_IF_ERROR(FindJob());
  PEAKSYNC_CLIENT_RETURN_IF_ERROR(Connect());
  PEAKSYNC_CLIENT_RETURN_IF_ERROR(TellHowMuch());
  PEAKSYNC_CLIENT_RETURN_IF_ERROR(RetryRejections());
  PEAKSYNC_CLIENT_ASSIGN_OR_RETURN(PushReport report, PushRows());
  WaitForRetries(&report);
  report.sync = Facts();
  report.duration = absl::Now() - begin_;
  return report;
}

}  // namespace

SyncStart StartOf(std::optional<TimePoint> cursor, std::optional<TimePoint> since, bool full,
                  absl::Duration lookback) {
  if (full) return {cursor, std::nullopt, std::nullopt};
  if (since) return {cursor, since, since};
  return {cursor, cursor, SelectFrom(cursor, lookback)};
}

absl::StatusOr<std::optional<TimePoint>> CursorOf(RpcClient& client, const std::string& source) {
  const auto point = [](const google::protobuf::Timestamp& time) {
    return TimePoint{time.seconds(), time.nanos()};
  };
  v1::GetLastSyncRequest request;
  request.set_source(source);
  const absl::StatusOr<v1::GetLastSyncResponse> last = client.GetLastSync(request);
  if (last.ok()) {
    return last->has_cursor() ? std::optional(point(last->cursor())) : std::nullopt;
  }
  if (!absl::IsNotFound(last.status())) return last.status();
  // No run has completed; a person may have set a cursor all the same.
  v1::ListSourcesRequest list;
  list.set_page_size(limits::kPageSize);
  for (;;) {
    PEAKSYNC_CLIENT_ASSIGN_OR_RETURN(const v1::ListSourcesResponse page, client.ListSources(list));
    for (const v1::Source& found : page.sources()) {
      if (found.name() == source && found.has_cursor()) return point(found.cursor());
    }
    if (page.next_page_token().empty()) return std::nullopt;
    list.set_page_token(page.next_page_token());
  }
}

ExitStatus RunSync(const CommonOptions& common, const JobsPlace& place, const SyncOptions& options,
                   Output output) {
  Console console(output.err, StyleFor(common, output));
  const absl::StatusOr<PushReport> report = SyncJob(common, place, options, console).Run();
  console.Clear();
  if (!report.ok()) return Fail(report.status(), common, output);
  output.out << (common.json ? PushJson(*report) : PushTable(*report)) << std::flush;
  if (!report->status.ok()) {
    output.err << "peaksync: " << MessageOf(report->status) << HintFor(report->status) << '\n';
  }
  return report->exit;
}

}  // namespace peaksync::client

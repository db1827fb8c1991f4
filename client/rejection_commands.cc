#include "client/rejection_commands.h"

#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include "client/command_base.h"
#include "client/progress.h"
#include "client/rejection_pages.h"
#include "client/rejection_report.h"
#include "client/rejection_retry.h"
#include "client/rpc_client.h"
#include "client/status_macros.h"
#include "client/text.h"

namespace peaksync::client {
namespace {

struct Listed {
  std::vector<v1::Rejection> rejections;
  std::int64_t more = 0;
};

absl::StatusOr<Listed> List(const CommonOptions& common, const RejectionFlags& flags, int limit) {
  PEAKSYNC_CLIENT_ASSIGN_OR_RETURN(const v1::RejectionFilter filter, ToFilter(flags));
  if (limit < 1) return Invalid("--limit: at least 1");
  PEAKSYNC_CLIENT_ASSIGN_OR_RETURN(const auto channel, OpenChannel(common));
  RpcClient client(*channel);
  Listed listed;
  PEAKSYNC_CLIENT_RETURN_IF_ERROR(
      Doing("listing rejections", ForEachRejection(client, filter, [&](const auto& rejection) {
              if (static_cast<int>(listed.rejections.size()) < limit) {
                listed.rejections.push_back(rejection);
              } else {
                ++listed.more;
              }
              return absl::OkStatus();
            })));
  return listed;
}

ExitStatus Judge(const RetryReport& report) {
  if (!report.status.ok()) return ExitStatusOf(report.status);
  ExitStatus worst = report.not_retriable > 0 ? ExitStatus::kRejections : ExitStatus::kDone;
  for (const v1::SyncRun& run : report.runs) {
    const ExitStatus one = ExitStatusOf(run, 0, false);
    if (one == ExitStatus::kNeedsPerson) return one;
    if (one != ExitStatus::kDone && worst != ExitStatus::kNotFinished) worst = one;
  }
  return worst;
}

absl::StatusOr<RetryReport> Retry(const CommonOptions& common, const RetryFlags& flags,
                                  Console& console) {
  PEAKSYNC_CLIENT_ASSIGN_OR_RETURN(const v1::RejectionFilter filter, ToDecidedFilter(flags.filter));
  PEAKSYNC_CLIENT_ASSIGN_OR_RETURN(const absl::Duration timeout,
                                   ParseTimeout("--timeout", flags.timeout));
  WaitOptions options;
  options.deadline = absl::Now() + timeout;
  PEAKSYNC_CLIENT_ASSIGN_OR_RETURN(options.pause_timeout,
                                   ParseTimeout("--pause-timeout", flags.pause_timeout));
  PEAKSYNC_CLIENT_ASSIGN_OR_RETURN(const auto channel, OpenChannel(common));
  RpcClient client(*channel);
  RetryReport report;
  report.waited = flags.wait;
  report.status = RetryAll(client, filter, &report);
  if (report.status.ok() && flags.wait) {
    report.status = WaitForAll(*channel, options, console, &report);
  }
  report.exit = Judge(report);
  return report;
}

absl::StatusOr<std::int64_t> Discard(const CommonOptions& common, const RejectionFlags& flags,
                                     bool yes, Output output) {
  v1::DiscardRejectionsRequest request;
  PEAKSYNC_CLIENT_ASSIGN_OR_RETURN(*request.mutable_filter(), ToDecidedFilter(flags));
  PEAKSYNC_CLIENT_ASSIGN_OR_RETURN(const auto channel, OpenChannel(common));
  RpcClient client(*channel);
  std::int64_t count = 0;
  if (!yes) {
    PEAKSYNC_CLIENT_RETURN_IF_ERROR(
        Doing("counting rejections", ForEachRejection(client, request.filter(), [&](const auto&) {
                ++count;
                return absl::OkStatus();
              })));
    if (count == 0) return count;
  }
  PEAKSYNC_CLIENT_RETURN_IF_ERROR(
      Confirm(Cat("discard gives up ", WithCommas(count),
                  " rejected values; what they were is not kept (export keeps it)"),
              yes, output));
  const auto discarded = client.DiscardRejections(request);
  PEAKSYNC_CLIENT_RETURN_IF_ERROR(Doing("discarding rejections", discarded.status()));
  return discarded->discarded();
}

std::string About(const v1::ResyncRequest& request) {
  std::string what =
      request.attribute().empty() ? "all attributes" : Cat("attribute ", request.attribute());
  return Cat(what, request.has_customer() ? " of one customer" : " of all customers");
}

absl::StatusOr<std::int64_t> Resync(const CommonOptions& common, const ResyncFlags& flags, bool yes,
                                    Output output) {
  PEAKSYNC_CLIENT_ASSIGN_OR_RETURN(v1::ResyncRequest request, ToRequest(flags));
  PEAKSYNC_CLIENT_ASSIGN_OR_RETURN(const auto channel, OpenChannel(common));
  RpcClient client(*channel);
  const std::string what = Cat("resync of ", About(request));
  const auto cost = client.Resync(request);
  PEAKSYNC_CLIENT_RETURN_IF_ERROR(Doing(what, cost.status()));
  const std::string price = Cat(what, ": ", WithCommas(cost->values()),
                                " values that Braze has are sent again by the next runs, and count "
                                "as data points there");
  if (yes) output.err << price << '\n';
  PEAKSYNC_CLIENT_RETURN_IF_ERROR(Confirm(price, yes, output));
  request.set_validate_only(false);
  const auto done = client.Resync(request);
  PEAKSYNC_CLIENT_RETURN_IF_ERROR(Doing(what, done.status()));
  return done->values();
}

}  // namespace

ExitStatus RunRejectionsList(const CommonOptions& common, const RejectionFlags& flags, int limit,
                             Output output) {
  const auto listed = List(common, flags, limit);
  if (!listed.ok()) return Fail(listed.status(), common, output);
  output.out << (common.json ? RejectionsJson(listed->rejections, listed->more)
                             : RejectionsTable(listed->rejections, listed->more));
  return ExitStatus::kDone;
}

ExitStatus RunRejectionsRetry(const CommonOptions& common, const RetryFlags& flags, Output output) {
  Console console(output.err, StyleFor(common, output));
  const auto report = Retry(common, flags, console);
  console.Clear();
  if (!report.ok()) return Fail(report.status(), common, output);
  output.out << (common.json ? RetryJson(*report) : RetryTable(*report)) << std::flush;
  if (!report->status.ok()) {
    output.err << "peaksync: " << MessageOf(report->status) << HintFor(report->status) << '\n';
  }
  return report->exit;
}

ExitStatus RunRejectionsDiscard(const CommonOptions& common, const RejectionFlags& flags, bool yes,
                                Output output) {
  const auto count = Discard(common, flags, yes, output);
  if (!count.ok()) return Fail(count.status(), common, output);
  output.out << (common.json ? CountJson("discarded", *count)
                             : Cat(WithCommas(*count), " rejections discarded\n"));
  return ExitStatus::kDone;
}

ExitStatus RunResync(const CommonOptions& common, const ResyncFlags& flags, bool yes,
                     Output output) {
  const auto values = Resync(common, flags, yes, output);
  if (!values.ok()) return Fail(values.status(), common, output);
  output.out << (common.json ? CountJson("values", *values) : ResyncTable(*values));
  return ExitStatus::kDone;
}

}  // namespace peaksync::client

#include "client/rejection_retry.h"

#include <utility>

#include "client/command_base.h"
#include "client/status_macros.h"
#include "client/text.h"

namespace peaksync::client {
namespace {

// Takes a page of runs into the report; a run that comes again is the same one.
void TakeRuns(const v1::RetryRejectionsResponse& page, RetryReport* report) {
  for (const v1::SyncRun& run : page.runs()) {
    bool is_known = false;
    for (v1::SyncRun& known : report->runs) {
      if (known.run_id() != run.run_id()) continue;
      known = run;
      is_known = true;
    }
    if (!is_known) report->runs.push_back(run);
  }
}

}  // namespace

absl::Status RetryAll(RpcClient& client, const v1::RejectionFilter& filter, RetryReport* report) {
  v1::RetryRejectionsRequest request;
  *request.mutable_filter() = filter;
  for (;;) {
    const absl::StatusOr<v1::RetryRejectionsResponse> page = client.RetryRejections(request);
    if (!page.ok()) {
      return Doing(Cat("retrying rejections, after ", WithCommas(report->retried),
                       " were taken (`peaksync runs list` shows their runs; running this again is "
                       "safe)"),
                   page.status());
    }
    report->retried += page->retried();
    report->not_retriable += page->not_retriable();
    TakeRuns(*page, report);
    if (page->next_page_token().empty()) return absl::OkStatus();
    request.set_page_token(page->next_page_token());
  }
}

absl::Status WaitForAll(const Channel& channel, const WaitOptions& options, Console& console,
                        RetryReport* report) {
  absl::Status first;
  for (v1::SyncRun& run : report->runs) {
    absl::StatusOr<WaitResult> result = WaitShowing(channel, run, options, console);
    absl::Status end = result.status();
    if (result.ok()) {
      end = WaitError(*result, options);
      run = std::move(result->run);
    }
    if (first.ok()) first = end;
  }
  return first;
}

}  // namespace peaksync::client

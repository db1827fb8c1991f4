#pragma once

#include "absl/status/status.h"
#include "client/channel.h"
#include "client/progress.h"
#include "client/rejection_report.h"
#include "client/rpc_client.h"
#include "client/waiter.h"

namespace peaksync::client {

// Tries all rejections of the filter again, page by page, and counts in `report`. What came before
// an error stays done.
absl::Status RetryAll(RpcClient& client, const v1::RejectionFilter& filter, RetryReport* report);

// Waits for the runs that a retry made. The first error, or OK.
absl::Status WaitForAll(const Channel& channel, const WaitOptions& options, Console& console,
                        RetryReport* report);

}  // namespace peaksync::client

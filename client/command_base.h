#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "client/channel.h"
#include "client/exit_status.h"
#include "client/output.h"
#include "client/progress.h"
#include "client/push_options.h"
#include "client/rpc_client.h"
#include "client/waiter.h"

// What the commands have in common.
namespace peaksync::client {

// Who the service is told that is there: `peaksync 0.1.0 on HOST`.
std::string ClientName();

// PEAKSYNC_TOKEN; empty when it is not set.
std::string TokenOfEnvironment();
// A channel with the credential of the flags or of PEAKSYNC_TOKEN.
absl::StatusOr<std::unique_ptr<Channel>> OpenChannel(const CommonOptions& common);

ProgressStyle StyleFor(const CommonOptions& common, const Output& output);

// What can be added to the service's own words: what to do. May be empty.
std::string_view HintFor(const absl::Status& status);
// The error with what was tried in front; OK stays.
absl::Status Doing(std::string_view what, const absl::Status& status);
// Says why the command came to nothing: on `err`, and as JSON if that is wanted.
ExitStatus Fail(const absl::Status& status, const CommonOptions& common, Output output);

// Where the credential leads to, in the service's words.
struct Destination {
  std::string tenant;
  std::string workspace;
  std::string host;
};

// Asks the service. PERMISSION_DENIED when that is another tenant than `meant`; empty: any.
absl::StatusOr<Destination> DestinationOf(RpcClient& client, const std::string& meant);

// Asks whether to do `what`, which says what will happen. OK: yes. INVALID_ARGUMENT when nobody can
// be asked: --yes is needed. CANCELLED when the answer is not yes.
absl::Status Confirm(std::string_view what, bool yes, Output output);

// WaitForRun, with progress on the console.
absl::StatusOr<WaitResult> WaitShowing(const Channel& channel, const v1::SyncRun& run,
                                       const WaitOptions& options, Console& console);

}  // namespace peaksync::client

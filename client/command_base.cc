#include "client/command_base.h"

#include <unistd.h>

#include <array>
#include <cstdlib>

#include "absl/time/clock.h"
#include "client/delivery_text.h"
#include "client/report.h"
#include "client/status_macros.h"
#include "client/text.h"

namespace peaksync::client {

std::string ClientName() {
  std::array<char, 65> host{};
  if (::gethostname(host.data(), host.size() - 1) != 0) host[0] = '\0';
  return Cat("peaksync ", PEAKSYNC_VERSION, " on ", host.data());
}

std::string TokenOfEnvironment() {
  const char* const token = std::getenv("PEAKSYNC_TOKEN");
  return token == nullptr ? "" : token;
}

absl::StatusOr<std::unique_ptr<Channel>> OpenChannel(const CommonOptions& common) {
  ConnectionOptions connection = common.connection;
  if (!common.token_file.empty()) {
    PEAKSYNC_CLIENT_ASSIGN_OR_RETURN(connection.token, ReadTokenFile(common.token_file));
  } else if (const std::string token = TokenOfEnvironment(); !token.empty()) {
    connection.token = token;
  }
  return Channel::Open(connection);
}

ProgressStyle StyleFor(const CommonOptions& common, const Output& output) {
  if (common.no_progress) return ProgressStyle::kNone;
  return output.err_is_terminal ? ProgressStyle::kBar : ProgressStyle::kPlain;
}

std::string_view HintFor(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kUnauthenticated:
      return ". Give the tenant's token with --token-file or PEAKSYNC_TOKEN";
    case absl::StatusCode::kAborted:
      return ". Wait for the other push of this source to end, then run this again";
    default:
      return "";
  }
}

absl::Status Doing(std::string_view what, const absl::Status& status) {
  if (status.ok()) return status;
  return absl::Status(status.code(), Cat(what, ": ", MessageOf(status)));
}

ExitStatus Fail(const absl::Status& status, const CommonOptions& common, Output output) {
  const ExitStatus exit = ExitStatusOf(status);
  output.err << "peaksync: " << MessageOf(status) << HintFor(status) << '\n';
  if (common.json) output.out << ErrorJson(status, exit);
  return exit;
}

absl::StatusOr<Destination> DestinationOf(RpcClient& client, const std::string& meant) {
  v1::ListSourcesRequest request;
  request.set_page_size(1);
  PEAKSYNC_CLIENT_ASSIGN_OR_RETURN(const v1::ListSourcesResponse answer,
                                   client.ListSources(request));
  if (meant.empty() || answer.tenant().empty() || answer.tenant() == meant) {
    return Destination{answer.tenant(), answer.workspace(), answer.host()};
  }
  return absl::PermissionDeniedError(
      Cat("tenant ", meant, " is meant, but the token is that of tenant ", answer.tenant(),
          ": give the token of ", meant, ", or correct `tenant` (--tenant)"));
}

absl::Status Confirm(std::string_view what, bool yes, Output output) {
  if (yes) return absl::OkStatus();
  if (output.answers == nullptr) {
    return Invalid(what, ". Nothing was changed: nobody can be asked here; --yes says that you ",
                   "mean it");
  }
  output.err << what << ". Go on? [y/N] " << std::flush;
  std::string answer;
  std::getline(*output.answers, answer);
  if (EqualsIgnoreCase(answer, "y") || EqualsIgnoreCase(answer, "yes")) return absl::OkStatus();
  return absl::CancelledError("nothing was changed");
}

absl::StatusOr<WaitResult> WaitShowing(const Channel& channel, const v1::SyncRun& run,
                                       const WaitOptions& options, Console& console) {
  const absl::Time begin = absl::Now();
  return WaitForRun(channel, run, options, [&](const v1::SyncRun& news, std::string_view trouble) {
    ProgressState state;
    state.waiting = true;
    state.values_received = news.values().received();
    state.values_pending = news.values().pending();
    state.trouble = trouble.empty() ? DeliveryTrouble(news.delivery()) : trouble;
    state.elapsed = absl::Now() - begin;
    console.Show(state, absl::Now());
  });
}

}  // namespace peaksync::client

#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "client/channel.h"
#include "peaksync/v1/sync_service.pb.h"

namespace peaksync::client {

// Whether a call waits for the service to come back, up to its deadline, or fails at once.
enum class Patience : std::uint8_t { kFailAtOnce, kWaitForService };

// The unary calls; with a deadline of 10 s where nothing else is said. Errors have the service's
// code and words, UNAVAILABLE also names the address.
//
// Lifetime: `channel` must outlive it. Thread safety: safe.
class RpcClient {
 public:
  explicit RpcClient(const Channel& channel);
  ~RpcClient();
  RpcClient(const RpcClient&) = delete;
  RpcClient& operator=(const RpcClient&) = delete;

  absl::StatusOr<v1::SyncRun> GetSyncRun(const std::string& run_id,
                                         Patience patience = Patience::kFailAtOnce);
  absl::StatusOr<v1::ListSyncRunsResponse> ListSyncRuns(const v1::ListSyncRunsRequest& request);
  absl::StatusOr<v1::ListSourcesResponse> ListSources(const v1::ListSourcesRequest& request);
  absl::StatusOr<v1::GetLastSyncResponse> GetLastSync(const v1::GetLastSyncRequest& request);
  absl::StatusOr<v1::ListRejectionsResponse> ListRejections(
      const v1::ListRejectionsRequest& request);
  // These change something, perhaps much: their deadline is 2 min.
  absl::StatusOr<v1::SyncRun> CancelSyncRun(const std::string& run_id);
  absl::StatusOr<v1::RetryRejectionsResponse> RetryRejections(
      const v1::RetryRejectionsRequest& request);
  absl::StatusOr<v1::DiscardRejectionsResponse> DiscardRejections(
      const v1::DiscardRejectionsRequest& request);
  absl::StatusOr<v1::ResyncResponse> Resync(const v1::ResyncRequest& request);
  absl::StatusOr<v1::Source> SetSourceCursor(const v1::SetSourceCursorRequest& request);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// WatchSyncRun: a run as it goes. A thread of its own reads; only the newest state is kept.
//
// Lifetime: `channel` must outlive it. Thread safety: one thread uses it.
class RunWatch {
 public:
  enum class Event : std::uint8_t { kNews, kQuiet, kEnded };

  // Starts at once; the call ends at `deadline`.
  RunWatch(const Channel& channel, const std::string& run_id, absl::Time deadline);
  ~RunWatch();
  RunWatch(const RunWatch&) = delete;
  RunWatch& operator=(const RunWatch&) = delete;

  // Waits for a state that has not been given yet, until `until` (kQuiet). kEnded: nothing more
  // comes; status() says why.
  Event Wait(absl::Time until, v1::SyncRun* run);
  // After kEnded: OK when the run is settled.
  absl::Status status() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Adds to UNAVAILABLE what was tried and what to do; other codes stay as they are.
absl::Status Explain(const absl::Status& status, const Channel& channel);

}  // namespace peaksync::client

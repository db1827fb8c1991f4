#pragma once

#include <grpcpp/grpcpp.h>

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "client/channel.h"
#include "peaksync/v1/sync_service.grpc.pb.h"

namespace peaksync::client {

// What a stream of the fake does; the n-th stream takes the n-th script, later ones behave.
struct StreamScript {
  // After so many batches the stream ends with `end`. The last of them is durable, but its
  // acknowledgement is lost.
  int break_after_batches = -1;
  bool lose_started = false;   // The run is opened, the stream breaks.
  bool lose_finished = false;  // The run is RECEIVED, the stream breaks.
  bool refuse = false;         // Ends with `end` at once.
  int ack_every = 1;           // Acknowledges every so many batches.
  // Not empty: after the first batch an acknowledgement says so, and the next one no more.
  std::string back_pressure;
  grpc::Status end = {grpc::StatusCode::UNAVAILABLE, "restarting"};
};

// A SyncService in this process that remembers one run and plays scripts. An update with an
// attribute `bad` is invalid. Rejections are those of `rejections`; retrying those that have a
// value takes them away, and so does discarding. Its port stays the same over Stop() and Start().
//
// Thread safety: safe, but for the public members, which are set before the first call.
class FakeService final : public v1::SyncService::Service {
 public:
  using Stream = grpc::ServerReaderWriter<v1::StreamUpdatesResponse, v1::StreamUpdatesRequest>;

  FakeService() { Start(); }
  ~FakeService() override { Stop(); }

  void Start();
  void Stop();
  std::unique_ptr<Channel> Connect(const std::string& token = "tok") const;
  std::string address() const;

  grpc::Status StreamUpdates(grpc::ServerContext* context, Stream* stream) override;
  grpc::Status GetSyncRun(grpc::ServerContext* context, const v1::GetSyncRunRequest* request,
                          v1::GetSyncRunResponse* response) override;
  grpc::Status ListSyncRuns(grpc::ServerContext* context, const v1::ListSyncRunsRequest* request,
                            v1::ListSyncRunsResponse* response) override;
  grpc::Status ListSources(grpc::ServerContext* context, const v1::ListSourcesRequest* request,
                           v1::ListSourcesResponse* response) override;
  grpc::Status GetLastSync(grpc::ServerContext* context, const v1::GetLastSyncRequest* request,
                           v1::GetLastSyncResponse* response) override;
  grpc::Status SetSourceCursor(grpc::ServerContext* context,
                               const v1::SetSourceCursorRequest* request,
                               v1::SetSourceCursorResponse* response) override;
  grpc::Status WatchSyncRun(grpc::ServerContext* context, const v1::WatchSyncRunRequest* request,
                            grpc::ServerWriter<v1::WatchSyncRunResponse>* writer) override;

  grpc::Status CancelSyncRun(grpc::ServerContext* context, const v1::CancelSyncRunRequest* request,
                             v1::CancelSyncRunResponse* response) override;
  grpc::Status ListRejections(grpc::ServerContext* context,
                              const v1::ListRejectionsRequest* request,
                              v1::ListRejectionsResponse* response) override;
  grpc::Status RetryRejections(grpc::ServerContext* context,
                               const v1::RetryRejectionsRequest* request,
                               v1::RetryRejectionsResponse* response) override;
  grpc::Status DiscardRejections(grpc::ServerContext* context,
                                 const v1::DiscardRejectionsRequest* request,
                                 v1::DiscardRejectionsResponse* response) override;
  grpc::Status Resync(grpc::ServerContext* context, const v1::ResyncRequest* request,
                      v1::ResyncResponse* response) override;

  std::vector<StreamScript> scripts;
  // The states that a watch gives, one after the other; the last one stays.
  std::vector<v1::SyncRun> watched;
  int silent_watches = 0;  // The first so many watches give nothing until they are left.
  // Runs beside that of the stream: GetSyncRun and WatchSyncRun find them, ListSyncRuns does not.
  std::vector<v1::SyncRun> other_runs;
  // Why the source `churn` needs a FULL run; any other `start` is refused then.
  std::string full_required;
  std::vector<v1::Rejection> rejections;  // Oldest first.
  int page_max = 1'000;                   // So many are listed, or retried, by one call.
  grpc::Status retry_end;                 // Of the second page of a retry.
  std::int64_t confirmed_values = 0;      // What a resync costs.

  // What has happened so far.
  std::vector<v1::StreamStart> starts() const;
  v1::SyncRun run() const;
  std::vector<v1::CustomerUpdate> updates() const;  // Durable, in order.
  std::vector<int> batch_sizes() const;
  int finishes() const;
  std::vector<v1::ListRejectionsRequest> lists() const;
  std::vector<v1::RetryRejectionsRequest> retries() const;
  std::vector<v1::ResyncRequest> resyncs() const;
  // The ledger is lost: the next resumed stream is told to begin anew.
  void ForgetBatches();

 private:
  StreamScript NextScript();
  v1::StreamUpdatesResponse Open(const v1::StreamStart& start);
  void Take(const v1::UpdateBatch& batch, v1::BatchAck* ack);
  v1::SyncRun Receive(const v1::StreamFinish& finish);
  // Guarded by `mutex_`. Null: there is no such run.
  const v1::SyncRun* Find(const std::string& run_id) const;
  std::string SourceOf(const v1::Rejection& rejection) const;
  bool Matches(const v1::RejectionFilter& filter, const v1::Rejection& rejection) const;
  // OK when the filter names what there is.
  grpc::Status Check(const v1::RejectionFilter& filter) const;
  v1::SyncRun& RetryRunOf(const std::string& source, v1::RetryRejectionsResponse* response);

  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;

  mutable std::mutex mutex_;
  std::size_t streams_ = 0;
  std::vector<v1::StreamStart> starts_;
  v1::SyncRun run_;
  std::int64_t next_sequence_ = 1;
  std::vector<v1::CustomerUpdate> updates_;
  std::vector<int> batch_sizes_;
  int finishes_ = 0;
  int watches_ = 0;
  int retry_runs_ = 0;
  std::vector<v1::ListRejectionsRequest> lists_;
  std::vector<v1::RetryRejectionsRequest> retries_;
  std::vector<v1::ResyncRequest> resyncs_;
  bool stopping_ = false;
};

}  // namespace peaksync::client

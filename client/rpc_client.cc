#include "client/rpc_client.h"

#include <grpcpp/grpcpp.h>

#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

#include "client/limits.h"
#include "client/text.h"
#include "peaksync/v1/sync_service.grpc.pb.h"

namespace peaksync::client {

struct RpcClient::Impl {
  explicit Impl(const Channel& the_channel)
      : channel(the_channel), stub(v1::SyncService::NewStub(the_channel.grpc())) {}

  // `method` is one of the stub's.
  template <typename Request, typename Response>
  absl::StatusOr<Response> Call(grpc::Status (v1::SyncService::Stub::*method)(grpc::ClientContext*,
                                                                              const Request&,
                                                                              Response*),
                                const Request& request, Patience patience = Patience::kFailAtOnce,
                                absl::Duration limit = limits::kUnaryDeadline) {
    grpc::ClientContext context;
    channel.Authorize(&context);
    context.set_deadline(absl::ToChronoTime(absl::Now() + limit));
    context.set_wait_for_ready(patience == Patience::kWaitForService);
    Response response;
    const grpc::Status status = (stub.get()->*method)(&context, request, &response);
    if (!status.ok()) return Explain(FromGrpc(status), channel);
    return response;
  }

  // The same for a call that changes something.
  template <typename Request, typename Response>
  absl::StatusOr<Response> Change(grpc::Status (v1::SyncService::Stub::*method)(
                                      grpc::ClientContext*, const Request&, Response*),
                                  const Request& request) {
    return Call(method, request, Patience::kFailAtOnce, limits::kChangeDeadline);
  }

  const Channel& channel;
  const std::unique_ptr<v1::SyncService::Stub> stub;
};

RpcClient::RpcClient(const Channel& channel) : impl_(std::make_unique<Impl>(channel)) {}
RpcClient::~RpcClient() = default;

absl::StatusOr<v1::SyncRun> RpcClient::GetSyncRun(const std::string& run_id, Patience patience) {
  v1::GetSyncRunRequest request;
  request.set_run_id(run_id);
  auto response = impl_->Call(&v1::SyncService::Stub::GetSyncRun, request, patience);
  if (!response.ok()) return response.status();
  return std::move(*response->mutable_run());
}

absl::StatusOr<v1::ListSyncRunsResponse> RpcClient::ListSyncRuns(
    const v1::ListSyncRunsRequest& request) {
  return impl_->Call(&v1::SyncService::Stub::ListSyncRuns, request);
}

absl::StatusOr<v1::ListSourcesResponse> RpcClient::ListSources(
    const v1::ListSourcesRequest& request) {
  return impl_->Call(&v1::SyncService::Stub::ListSources, request);
}

absl::StatusOr<v1::GetLastSyncResponse> RpcClient::GetLastSync(
    const v1::GetLastSyncRequest& request) {
  return impl_->Call(&v1::SyncService::Stub::GetLastSync, request);
}

absl::StatusOr<v1::ListRejectionsResponse> RpcClient::ListRejections(
    const v1::ListRejectionsRequest& request) {
  return impl_->Call(&v1::SyncService::Stub::ListRejections, request);
}

absl::StatusOr<v1::SyncRun> RpcClient::CancelSyncRun(const std::string& run_id) {
  v1::CancelSyncRunRequest request;
  request.set_run_id(run_id);
  auto response = impl_->Change(&v1::SyncService::Stub::CancelSyncRun, request);
  if (!response.ok()) return response.status();
  return std::move(*response->mutable_run());
}

absl::StatusOr<v1::RetryRejectionsResponse> RpcClient::RetryRejections(
    const v1::RetryRejectionsRequest& request) {
  return impl_->Change(&v1::SyncService::Stub::RetryRejections, request);
}

absl::StatusOr<v1::DiscardRejectionsResponse> RpcClient::DiscardRejections(
    const v1::DiscardRejectionsRequest& request) {
  return impl_->Change(&v1::SyncService::Stub::DiscardRejections, request);
}

absl::StatusOr<v1::ResyncResponse> RpcClient::Resync(const v1::ResyncRequest& request) {
  return impl_->Change(&v1::SyncService::Stub::Resync, request);
}

absl::StatusOr<v1::Source> RpcClient::SetSourceCursor(const v1::SetSourceCursorRequest& request) {
  auto response = impl_->Change(&v1::SyncService::Stub::SetSourceCursor, request);
  if (!response.ok()) return response.status();
  return std::move(*response->mutable_source());
}

struct RunWatch::Impl {
  void Read() {
    v1::WatchSyncRunResponse response;
    while (reader->Read(&response)) {
      const std::lock_guard lock(mutex);
      newest.Swap(response.mutable_run());
      has_news = true;
      changed.notify_all();
    }
    const grpc::Status end = reader->Finish();
    const std::lock_guard lock(mutex);
    status = FromGrpc(end);
    ended = true;
    changed.notify_all();
  }

  grpc::ClientContext context;
  std::unique_ptr<v1::SyncService::Stub> stub;
  std::unique_ptr<grpc::ClientReader<v1::WatchSyncRunResponse>> reader;
  std::thread thread;

  std::mutex mutex;
  std::condition_variable changed;
  // Guarded by `mutex`.
  v1::SyncRun newest;
  bool has_news = false;
  bool ended = false;
  absl::Status status;
};

RunWatch::RunWatch(const Channel& channel, const std::string& run_id, absl::Time deadline)
    : impl_(std::make_unique<Impl>()) {
  v1::WatchSyncRunRequest request;
  request.set_run_id(run_id);
  channel.Authorize(&impl_->context);
  impl_->context.set_deadline(absl::ToChronoTime(deadline));
  impl_->stub = v1::SyncService::NewStub(channel.grpc());
  impl_->reader = impl_->stub->WatchSyncRun(&impl_->context, request);
  impl_->thread = std::thread([impl = impl_.get()] { impl->Read(); });
}

RunWatch::~RunWatch() {
  impl_->context.TryCancel();
  impl_->thread.join();
}

RunWatch::Event RunWatch::Wait(absl::Time until, v1::SyncRun* run) {
  std::unique_lock lock(impl_->mutex);
  impl_->changed.wait_until(lock, absl::ToChronoTime(until),
                            [this] { return impl_->has_news || impl_->ended; });
  if (impl_->has_news) {
    run->Swap(&impl_->newest);
    impl_->has_news = false;
    return Event::kNews;
  }
  return impl_->ended ? Event::kEnded : Event::kQuiet;
}

absl::Status RunWatch::status() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->status;
}

absl::Status Explain(const absl::Status& status, const Channel& channel) {
  if (!absl::IsUnavailable(status)) return status;
  const bool never_connected = MessageOf(status).find("connect") != std::string_view::npos;
  return absl::UnavailableError(Cat(
      "can't reach the service at ", channel.address(), channel.tls() ? " (TLS)" : " (plaintext)",
      ": ", MessageOf(status),
      never_connected ? ". Check --server, that peaksyncd runs, and whether it wants TLS" : ""));
}

}  // namespace peaksync::client

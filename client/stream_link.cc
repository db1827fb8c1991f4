#include "client/stream_link.h"

#include <grpcpp/grpcpp.h>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>

#include "client/limits.h"
#include "peaksync/v1/sync_service.grpc.pb.h"

namespace peaksync::client {

struct StreamLink::Impl {
  using Stream = grpc::ClientReaderWriter<v1::StreamUpdatesRequest, v1::StreamUpdatesResponse>;

  void Read() {
    v1::StreamUpdatesResponse response;
    while (stream->Read(&response)) {
      std::unique_lock lock(mutex);
      changed.wait(lock, [this] { return stopping || inbox.size() < limits::kInboxMessagesMax; });
      inbox.push_back(std::move(response));
      response.Clear();
      changed.notify_all();
    }
    const std::lock_guard lock(mutex);
    ended = true;
    changed.notify_all();
  }

  void Stop() {
    {
      const std::lock_guard lock(mutex);
      stopping = true;
      changed.notify_all();
    }
    if (thread.joinable()) thread.join();
  }

  grpc::ClientContext context;
  std::unique_ptr<v1::SyncService::Stub> stub;
  std::unique_ptr<Stream> stream;
  std::thread thread;
  bool finished = false;  // Finish() of gRPC was called; only by the using thread.

  std::mutex mutex;
  std::condition_variable changed;
  // Guarded by `mutex`.
  std::deque<v1::StreamUpdatesResponse> inbox;
  bool stopping = false;
  bool ended = false;
};

StreamLink::StreamLink(const Channel& channel, absl::Time deadline)
    : impl_(std::make_unique<Impl>()) {
  channel.Authorize(&impl_->context);
  if (deadline != absl::InfiniteFuture()) {
    impl_->context.set_deadline(absl::ToChronoTime(deadline));
  }
  impl_->stub = v1::SyncService::NewStub(channel.grpc());
  impl_->stream = impl_->stub->StreamUpdates(&impl_->context);
  impl_->thread = std::thread([impl = impl_.get()] { impl->Read(); });
}

StreamLink::~StreamLink() {
  if (!impl_->finished) impl_->context.TryCancel();
  impl_->Stop();
  // gRPC wants every stream finished.
  if (!impl_->finished) static_cast<void>(impl_->stream->Finish());
}

bool StreamLink::Write(const v1::StreamUpdatesRequest& request) {
  return impl_->stream->Write(request);
}

void StreamLink::WritesDone() { static_cast<void>(impl_->stream->WritesDone()); }

StreamLink::Event StreamLink::Next(absl::Time until, v1::StreamUpdatesResponse* response) {
  std::unique_lock lock(impl_->mutex);
  const auto ready = [this] { return !impl_->inbox.empty() || impl_->ended; };
  if (until == absl::InfiniteFuture()) {
    impl_->changed.wait(lock, ready);
  } else if (until != absl::InfinitePast()) {
    impl_->changed.wait_until(lock, absl::ToChronoTime(until), ready);
  }
  if (!impl_->inbox.empty()) {
    response->Swap(&impl_->inbox.front());
    impl_->inbox.pop_front();
    impl_->changed.notify_all();
    return Event::kMessage;
  }
  return impl_->ended ? Event::kEnded : Event::kQuiet;
}

absl::Status StreamLink::End() {
  impl_->Stop();
  impl_->finished = true;
  return FromGrpc(impl_->stream->Finish());
}

}  // namespace peaksync::client

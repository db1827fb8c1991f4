#include <chrono>
#include <utility>

#include "server/api/reactors.h"
#include "server/api/run_message.h"

namespace peaksync {
namespace {

constexpr std::chrono::milliseconds kPauseBetweenWrites{100};

}  // namespace

WatchReactor* WatchReactor::Start(grpc::CallbackServerContext* context, const Caller& caller,
                                  OpenStreams& streams, std::string run_id) {
  std::shared_ptr<WatchReactor> self(new WatchReactor(context, caller.tenant, streams));
  WatchReactor* reactor = self.get();
  const absl::StatusOr<StreamId> stream = streams.Add(
      caller, [weak = std::weak_ptr(self)](const absl::Status& status, OpenStreams::Haste haste) {
        if (const auto watch = weak.lock()) watch->End(status, haste);
      });
  {
    MutexLock lock(reactor->mutex_);
    reactor->self_ = self;
    if (!stream.ok()) {
      reactor->failure_ = stream.status();
      reactor->Advance();
      return reactor;
    }
    reactor->stream_ = *stream;
  }
  // In this order, so that no change falls between the two.
  caller.tenant->ledger->WatchRun(
      run_id, *stream, [self](absl::StatusOr<RunView> view) { self->OnChange(std::move(view)); });
  caller.tenant->ledger->GetRun(
      std::move(run_id), [self](absl::StatusOr<RunView> view) { self->OnChange(std::move(view)); });
  return reactor;
}

void WatchReactor::OnChange(absl::StatusOr<RunView> view) {
  MutexLock lock(mutex_);
  if (view.ok()) {
    newest_ = *std::move(view);
  } else if (failure_.ok()) {
    failure_ = view.status();
  }
  Advance();
}

void WatchReactor::OnWriteDone(bool ok) {
  MutexLock lock(mutex_);
  writing_ = false;
  if (!ok && failure_.ok()) failure_ = absl::CancelledError("the client is gone");
  Advance();
}

void WatchReactor::OnTimer() {
  MutexLock lock(mutex_);
  pausing_ = false;
  Advance();
}

void WatchReactor::OnCancel() { Fail(absl::CancelledError("the call was cancelled")); }

void WatchReactor::Fail(const absl::Status& status) {
  MutexLock lock(mutex_);
  if (failure_.ok()) failure_ = status;
  Advance();
}

void WatchReactor::End(const absl::Status& status, OpenStreams::Haste haste) {
  MutexLock lock(mutex_);
  if (haste == OpenStreams::Haste::kWaitNoLonger && writing_) context_->TryCancel();
  if (failure_.ok()) failure_ = status;
  Advance();
}

void WatchReactor::OnDone() {
  streams_.Remove(stream_);
  if (stream_ != 0) tenant_->ledger->UnwatchRun(stream_);
  pause_.Cancel();
  std::shared_ptr<WatchReactor> last;  // Destroyed after `lock`, so never under its own mutex.
  MutexLock lock(mutex_);
  last = std::move(self_);
}

void WatchReactor::Advance() {
  if (closing_ || writing_) return;
  const bool last = newest_ && newest_->run.IsFinal() && newest_->run.complete_time;
  if (newest_ && failure_.ok() && (!pausing_ || last)) {
    outgoing_.Clear();
    WriteRun(newest_->run, newest_->delivery, outgoing_.mutable_run());
    newest_.reset();
    sent_last_ = last;
    writing_ = true;
    if (!pausing_ && !last) {
      pausing_ = true;
      pause_.Set(std::chrono::system_clock::now() + kPauseBetweenWrites,
                 [weak = std::weak_ptr(self_)](bool) {  // Or the alarm would keep its owner.
                   if (const auto alive = weak.lock()) alive->OnTimer();
                 });
    }
    return StartWrite(&outgoing_);
  }
  if (failure_.ok() && !sent_last_) return;
  closing_ = true;
  Finish(ToGrpc(failure_));
}

}  // namespace peaksync

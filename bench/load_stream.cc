#include "bench/load_stream.h"

#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "bench/update_message.h"
#include "client/channel.h"
#include "client/rpc_client.h"
#include "peaksync/v1/sync_service.grpc.pb.h"

namespace peaksync::bench {
namespace {

constexpr std::size_t kUnackedBatchesMin = 16;
constexpr std::size_t kUnackedUpdates = 16'000;
constexpr std::size_t kUnackedBatchesPaced = 256;
// Messages of fewer updates go to the socket in groups of so many.
constexpr std::size_t kSmallBatch = 32;
constexpr absl::Duration kRunPatience = absl::Hours(1);
constexpr std::chrono::minutes kAckPatience(1);

std::size_t WindowOf(const Load& load) {
  if (load.rate > 0) return kUnackedBatchesPaced;
  return std::max(kUnackedBatchesMin, kUnackedUpdates / static_cast<std::size_t>(load.batch_size));
}

// The stream of a run: this thread writes, a thread of its own reads the acknowledgements.
class Stream {
 public:
  Stream(const client::Channel& channel, const Load& load)
      : load_(load), window_(WindowOf(load)), stub_(v1::SyncService::NewStub(channel.grpc())) {
    channel.Authorize(&context_);
    context_.set_deadline(absl::ToChronoTime(absl::Now() + kRunPatience));
    stream_ = stub_->StreamUpdates(&context_);
  }
  ~Stream() {
    context_.TryCancel();
    if (reader_.joinable()) reader_.join();
  }

  absl::Status Run(LoadResult* result) {
    v1::StreamUpdatesRequest request;
    v1::StreamStart* start = request.mutable_start();
    start->set_source("bench");
    start->set_client("peaksync-bench");
    start->mutable_updated_at()->set_seconds(absl::ToUnixSeconds(load_.updated_at));
    v1::StreamUpdatesResponse response;
    if (!stream_->Write(request) || !stream_->Read(&response)) return End();
    reader_ = std::thread([this] { ReadAll(); });

    result->begin = absl::Now();
    begin_ = result->begin;
    const auto batch_size = static_cast<std::size_t>(load_.batch_size);
    const std::size_t batches = (load_.order->size() + batch_size - 1) / batch_size;
    for (std::size_t batch = 0; batch < batches; ++batch) {
      MakeBatch(batch, request.mutable_batch());
      const auto turn = AwaitTurn(batch);
      if (!turn.ok()) return turn.status();
      const std::size_t unacked = *turn;
      if (unacked == 0) return End();
      // A message may wait for the next one only when that one need not wait for us.
      const bool more = batch_size < kSmallBatch && load_.rate <= 0 && batch + 1 < batches &&
                        unacked < window_ && batch % kSmallBatch != kSmallBatch - 1;
      grpc::WriteOptions options;
      if (more) options.set_buffer_hint();
      if (!stream_->Write(request, options)) return End();
    }
    request.mutable_finish();
    if (!stream_->Write(request)) return End();
    stream_->WritesDone();
    if (absl::Status acked = AwaitLastAcks(); !acked.ok()) return acked;
    reader_.join();
    if (absl::Status end = client::FromGrpc(stream_->Finish()); !end.ok()) return end;
    result->run = run_;
    result->received = finished_at_ - begin_;
    result->batch_times = std::move(batch_times_);
    result->ack_latencies = std::move(latencies_);
    return absl::OkStatus();
  }

 private:
  void MakeBatch(std::size_t number, v1::UpdateBatch* batch) const {
    batch->clear_updates();  // Keeps their memory.
    batch->set_sequence(static_cast<std::int64_t>(number) + 1);
    const auto batch_size = static_cast<std::size_t>(load_.batch_size);
    const std::size_t end = std::min(load_.order->size(), (number + 1) * batch_size);
    for (std::size_t i = number * batch_size; i < end; ++i) {
      const std::uint32_t customer = (*load_.order)[i];
      FillUpdate(*load_.population, customer, (*load_.generations)[customer], batch->add_updates());
    }
  }

  void ReadAll() {
    v1::StreamUpdatesResponse response;
    while (stream_->Read(&response)) {
      const absl::Time now = absl::Now();
      const std::lock_guard lock(mutex_);
      if (response.has_ack()) {
        back_pressure_ = response.ack().back_pressure();
        const auto acked = static_cast<std::size_t>(response.ack().sequence());
        while (latencies_.size() < std::min(acked, batch_times_.size())) {
          latencies_.push_back(now - batch_times_[latencies_.size()]);
        }
      }
      if (response.has_finished()) {
        run_ = response.finished().run();
        finished_at_ = now;
      }
      changed_.notify_one();
    }
    const std::lock_guard lock(mutex_);
    ended_ = true;
    changed_.notify_one();
  }

  // Waits until the batch is due and the window has room, and notes when it was due. The batches
  // without an acknowledgement, with this one; 0: the stream has ended. An error when none was
  // acknowledged for long.
  absl::StatusOr<std::size_t> AwaitTurn(std::size_t batch) {
    absl::Time due;
    if (load_.rate > 0) {
      due = begin_ + absl::Seconds(static_cast<double>(batch) * load_.batch_size / load_.rate);
      absl::SleepFor(due - absl::Now());
    }
    std::unique_lock lock(mutex_);
    const bool has_room = changed_.wait_for(lock, kAckPatience, [this] {
      return ended_ || batch_times_.size() - latencies_.size() < window_;
    });
    if (!has_room) return Stuck();
    batch_times_.push_back(load_.rate > 0 ? due : absl::Now());
    return ended_ ? std::size_t{0} : batch_times_.size() - latencies_.size();
  }

  absl::Status AwaitLastAcks() {
    std::unique_lock lock(mutex_);
    while (!ended_) {
      const std::size_t acked = latencies_.size();
      changed_.wait_for(lock, kAckPatience, [&] { return ended_ || latencies_.size() > acked; });
      if (!ended_ && latencies_.size() == acked) return Stuck();
    }
    return absl::OkStatus();
  }

  absl::Status Stuck() const {
    return absl::ResourceExhaustedError(
        absl::StrCat("no acknowledgement for a minute; ", latencies_.size(), " batches of ",
                     load_.batch_size, " updates have one; the service's back pressure: ",
                     back_pressure_.empty() ? "none" : back_pressure_));
  }

  absl::Status End() {
    if (reader_.joinable()) reader_.join();
    const absl::Status end = client::FromGrpc(stream_->Finish());
    return end.ok() ? absl::InternalError("the stream ended too early") : end;
  }

  const Load& load_;
  const std::size_t window_;  // Batches.
  const std::unique_ptr<v1::SyncService::Stub> stub_;
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReaderWriter<v1::StreamUpdatesRequest, v1::StreamUpdatesResponse>>
      stream_;
  absl::Time begin_;
  std::thread reader_;

  std::mutex mutex_;
  std::condition_variable changed_;
  // Guarded by mutex_ while reader_ runs.
  std::vector<absl::Time> batch_times_;
  std::vector<absl::Duration> latencies_;
  std::string back_pressure_;
  bool ended_ = false;
  v1::SyncRun run_;
  absl::Time finished_at_;
};

bool IsUnderWay(const v1::SyncRun& run) {
  return run.state() == v1::SYNC_RUN_STATE_OPEN || run.state() == v1::SYNC_RUN_STATE_RECEIVED;
}

absl::Status AwaitEnd(const client::Channel& channel, v1::SyncRun* run) {
  const absl::Time deadline = absl::Now() + kRunPatience;
  client::RunWatch watch(channel, run->run_id(), deadline);
  while (IsUnderWay(*run)) {
    if (run->delivery().state() == v1::DeliveryStatus::STATE_PAUSED) {
      return absl::UnavailableError(absl::StrCat("delivery pauses: ", run->delivery().reason()));
    }
    if (watch.Wait(deadline, run) != client::RunWatch::Event::kNews) {
      return absl::UnavailableError(
          absl::StrCat("the run did not end: ", watch.status().ToString()));
    }
  }
  if (run->state() == v1::SYNC_RUN_STATE_COMPLETED) return absl::OkStatus();
  return absl::InternalError(absl::StrCat("the run ended as ", v1::SyncRunState_Name(run->state()),
                                          " ", run->state_reason()));
}

absl::StatusOr<std::unique_ptr<client::Channel>> Connect(const std::string& address,
                                                         const std::string& token) {
  client::ConnectionOptions connection;
  connection.server = address;
  connection.token = token;
  return client::Channel::Open(connection);
}

}  // namespace

absl::StatusOr<LoadResult> StreamLoad(const std::string& address, const std::string& token,
                                      const Load& load) {
  const auto channel = Connect(address, token);
  if (!channel.ok()) return channel.status();
  Stream stream(**channel, load);
  LoadResult result;
  if (absl::Status sent = stream.Run(&result); !sent.ok()) return sent;
  if (!load.await_end) return result;
  if (absl::Status ended = AwaitEnd(**channel, &result.run); !ended.ok()) return ended;
  result.confirmed = absl::Now() - result.begin;
  return result;
}

absl::Status AwaitRun(const std::string& address, const std::string& token, v1::SyncRun* run) {
  const auto channel = Connect(address, token);
  if (!channel.ok()) return channel.status();
  return AwaitEnd(**channel, run);
}

}  // namespace peaksync::bench

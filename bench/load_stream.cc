#include "bench/load_stream.h"

#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "client/channel.h"
#include "client/rpc_client.h"
#include "peaksync/v1/sync_service.grpc.pb.h"

namespace peaksync::bench {
namespace {

constexpr std::size_t kUnackedBatchesMax = 8;
constexpr absl::Duration kRunPatience = absl::Hours(1);

void FillUpdate(const Population& population, std::uint32_t number, int generation,
                v1::CustomerUpdate* update) {
  const Prediction made = population.Predict(number, generation);
  update->mutable_customer()->set_external_id(population.Id(number));
  const auto value = [update](const char* name) {
    v1::Attribute* attribute = update->add_attributes();
    attribute->set_name(name);
    return attribute->mutable_value();
  };
  value(kChurnProbability)->set_double_value(made.churn_probability);
  value(kLifetimeValue)->set_double_value(made.lifetime_value);
  value(kOrders)->set_int64_value(made.orders);
  value(kIsHighValue)->set_bool_value(made.is_high_value);
  value(kOffer)->set_string_value(made.offer);
}

// The stream of a run: this thread writes, a thread of its own reads the acknowledgements.
class Stream {
 public:
  explicit Stream(const client::Channel& channel)
      : stub_(v1::SyncService::NewStub(channel.grpc())) {
    channel.Authorize(&context_);
    context_.set_deadline(absl::ToChronoTime(absl::Now() + kRunPatience));
    stream_ = stub_->StreamUpdates(&context_);
  }
  ~Stream() {
    context_.TryCancel();
    if (reader_.joinable()) reader_.join();
  }

  absl::Status Run(const Load& load, LoadResult* result) {
    v1::StreamUpdatesRequest request;
    v1::StreamStart* start = request.mutable_start();
    start->set_source("bench");
    start->set_client("peaksync-bench");
    start->mutable_updated_at()->set_seconds(absl::ToUnixSeconds(load.updated_at));
    v1::StreamUpdatesResponse response;
    if (!stream_->Write(request) || !stream_->Read(&response)) return End();
    reader_ = std::thread([this] { ReadAll(); });

    begin_ = absl::Now();
    const std::vector<std::uint32_t>& order = *load.order;
    const auto batch_size = static_cast<std::size_t>(load.batch_size);
    std::int64_t sequence = 0;
    for (std::size_t first = 0; first < order.size(); first += batch_size) {
      v1::UpdateBatch* batch = request.mutable_batch();
      batch->clear_updates();  // Keeps their memory.
      batch->set_sequence(++sequence);
      const std::size_t end = std::min(order.size(), first + batch_size);
      for (std::size_t i = first; i < end; ++i) {
        FillUpdate(*load.population, order[i], load.generation, batch->add_updates());
      }
      if (!AwaitRoom() || !stream_->Write(request)) return End();
    }
    request.mutable_finish();
    if (!stream_->Write(request)) return End();
    stream_->WritesDone();
    reader_.join();
    if (absl::Status end = client::FromGrpc(stream_->Finish()); !end.ok()) return end;
    result->run = run_;
    result->received = finished_at_ - begin_;
    result->ack_latencies = std::move(latencies_);
    std::ranges::sort(result->ack_latencies);
    return absl::OkStatus();
  }

  // When the first batch began to be made.
  absl::Time begin() const { return begin_; }

 private:
  void ReadAll() {
    v1::StreamUpdatesResponse response;
    while (stream_->Read(&response)) {
      const absl::Time now = absl::Now();
      const std::lock_guard lock(mutex_);
      for (; response.has_ack() && acked_ < response.ack().sequence(); ++acked_) {
        latencies_.push_back(now - sent_.front());
        sent_.pop_front();
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

  // Notes when the batch begins to be written. False: the stream has ended.
  bool AwaitRoom() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return ended_ || sent_.size() < kUnackedBatchesMax; });
    sent_.push_back(absl::Now());
    return !ended_;
  }

  absl::Status End() {
    if (reader_.joinable()) reader_.join();
    const absl::Status end = client::FromGrpc(stream_->Finish());
    return end.ok() ? absl::InternalError("the stream ended too early") : end;
  }

  const std::unique_ptr<v1::SyncService::Stub> stub_;
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReaderWriter<v1::StreamUpdatesRequest, v1::StreamUpdatesResponse>>
      stream_;
  absl::Time begin_;
  std::thread reader_;

  std::mutex mutex_;
  std::condition_variable changed_;
  // Guarded by mutex_ while reader_ runs.
  std::deque<absl::Time> sent_;
  std::int64_t acked_ = 0;
  bool ended_ = false;
  std::vector<absl::Duration> latencies_;
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

}  // namespace

absl::StatusOr<LoadResult> StreamLoad(const std::string& address, const std::string& token,
                                      const Load& load) {
  client::ConnectionOptions connection;
  connection.server = address;
  connection.token = token;
  const auto channel = client::Channel::Open(connection);
  if (!channel.ok()) return channel.status();
  Stream stream(**channel);
  LoadResult result;
  if (absl::Status sent = stream.Run(load, &result); !sent.ok()) return sent;
  if (absl::Status ended = AwaitEnd(**channel, &result.run); !ended.ok()) return ended;
  result.confirmed = absl::Now() - stream.begin();
  return result;
}

}  // namespace peaksync::bench

#include "tests/simulation/tenant_client.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"

namespace peaksync::simulation {
namespace {

constexpr std::int64_t kBatchesAhead = 4;

// Streams and requests are never named twice.
std::uint64_t NewNumber() {
  static std::uint64_t last = 0;
  return ++last;
}

}  // namespace

TenantClient::TenantClient(World& world, const Scenario& scenario, ServiceLoop& service,
                           std::string source)
    : world_(world),
      scenario_(scenario),
      service_(service),
      maker_(world, scenario),
      source_(std::move(source)) {
  service_.OnDown([this] {
    if (phase_ == Phase::kIdle) return;
    service_.EndStream(run_id_, stream_);  // The reactor's last word, when it has the time.
    phase_ = Phase::kBroken;
    stream_ = 0;
  });
}

void TenantClient::Step() {
  if (!service_.up()) return;
  switch (phase_) {
    case Phase::kIdle:
      if (!winding_up_) Begin();
      return;
    case Phase::kStarting:
    case Phase::kFinishing:
      return;
    case Phase::kStreaming:
      return Stream();
    case Phase::kBroken:
      if (!winding_up_ && world_.random.Chance(10)) return GiveUp();
      if (run_id_.empty() && request_id_.empty()) return GiveUp();
      return Connect(/*displaces=*/false);
  }
}

void TenantClient::Begin() {
  Random& random = world_.random;
  run_id_.clear();
  request_id_ = random.Chance(50) ? absl::StrCat("job-", source_, "-", NewNumber()) : "";
  mode_ = random.Chance(scenario_.full_runs) ? RunMode::kFull : RunMode::kIncremental;
  updated_at_.reset();
  if (random.Chance(30)) {
    updated_at_ = world_.ClientNanos() / 600'000'000'000 * 600'000'000'000 -
                  600'000'000'000 * random.Between(0, 3);
  }
  from_cursor_.reset();
  if (cursor_ && random.Chance(70)) {
    from_cursor_ = *cursor_ + (random.Chance(10) ? 1'000'000'000 : 0);  // A hole, sometimes.
  }
  batches_.clear();
  planned_ = static_cast<std::size_t>(random.Between(0, 8));
  next_ = 1;
  acknowledged_ = 0;
  Connect(/*displaces=*/false);
}

void TenantClient::SendAlone(MadeBatch batch) {
  Begin();
  batches_ = {std::make_shared<const MadeBatch>(std::move(batch))};
  planned_ = 1;
}

void TenantClient::Connect(bool displaces) {
  StartRequest request;
  request.source = source_;
  request.run_id = run_id_;
  request.request_id = request_id_;
  request.mode = mode_;
  request.client = "simulation";
  request.updated_at = updated_at_;
  request.from_cursor = from_cursor_;
  request.stream = NewNumber();
  asked_at_ = world_.NowNanos();
  if (displaces) {
    world_.coverage.Count(Seen::kStreamDisplaced);
    // Its end is noticed later, also when the new stream is not taken.
    world_.After(absl::Seconds(2),
                 [this, run_id = run_id_, old = stream_] { service_.EndStream(run_id, old); });
  }
  phase_ = Phase::kStarting;
  stream_ = request.stream;
  world_.Tell("client ", source_, ": start ", run_id_.empty() ? "a run" : run_id_);
  service_.StartRun(request, [this, stream = request.stream](const absl::StatusOr<Run>& run) {
    OnStarted(run, stream);
  });
}

void TenantClient::OnStarted(const absl::StatusOr<Run>& run, StreamId stream) {
  if (stream != stream_) {
    // The connection is gone by now; the stream's end is told all the same.
    if (run.ok()) service_.EndStream(run->run_id, stream);
    return;
  }
  if (!run.ok()) return OnError(run.status());
  if (!run_id_.empty()) {
    world_.coverage.Count(Seen::kResumed);
    if (run->run_id != run_id_) world_.Break("section 6: resumed ", run_id_, ", got ", run->run_id);
  } else if (run->create_time < asked_at_) {
    world_.coverage.Count(Seen::kRequestIdFound);
  }
  if (run->last_sequence < acknowledged_) {
    return world_.Break("rule 1: batch ", acknowledged_, " of ", run->run_id,
                        " was acknowledged, the run has ", run->last_sequence);
  }
  if (run->last_sequence > static_cast<std::int64_t>(batches_.size())) {
    return world_.Break("section 6: ", run->run_id, " has batches that were never sent");
  }
  run_id_ = run->run_id;
  default_updated_at_ = run->default_updated_at;
  next_ = run->last_sequence + 1;
  acknowledged_ = run->last_sequence;
  phase_ = Phase::kStreaming;
  if (run->state != RunState::kOpen) GiveUp();  // The answer to its end was lost.
}

void TenantClient::Stream() {
  Random& random = world_.random;
  if (!winding_up_ && random.Chance(scenario_.broken_streams)) {
    switch (random.Below(5)) {
      case 0:
        return Connect(/*displaces=*/true);  // The old stream is still there.
      case 1:
        return SendBatch(next_ + 1);  // A hole.
      case 2:
        if (acknowledged_ > 0) return SendBatch(random.Between(1, static_cast<int>(acknowledged_)));
        return;
      case 3: {  // Somebody else begins a run of the source.
        StartRequest request;
        request.source = source_;
        request.stream = NewNumber();
        return service_.StartRun(request,
                                 [this, stream = request.stream](const absl::StatusOr<Run>& run) {
                                   if (run.ok()) return service_.EndStream(run->run_id, stream);
                                   if (absl::IsAborted(run.status()))
                                     world_.coverage.Count(Seen::kSourceBusy);
                                 });
      }
      default:
        return BreakStream();
    }
  }
  if (next_ <= static_cast<std::int64_t>(planned_)) {
    if (next_ - acknowledged_ <= kBatchesAhead) SendBatch(next_++);
    return;
  }
  if (acknowledged_ == next_ - 1) Finish();
}

void TenantClient::SendBatch(std::int64_t sequence) {
  while (static_cast<std::int64_t>(batches_.size()) < sequence) {
    batches_.push_back(std::make_shared<const MadeBatch>(maker_.MakeBatch()));
  }
  planned_ = std::max(planned_, batches_.size());
  ServiceLoop::BatchCall call;
  call.run_id = run_id_;
  call.source = source_;
  call.mode = mode_;
  call.default_updated_at = default_updated_at_;
  call.stream = stream_;
  call.sequence = sequence;
  call.batch = batches_[static_cast<std::size_t>(sequence) - 1];
  std::string shown;
  for (const MadeUpdate& update : call.batch->updates) {
    absl::StrAppend(&shown, " ", update.customer, "@",
                    (update.updated_at.value_or(default_updated_at_) - 1'790'000'000'000'000'000) /
                        1'000'000'000,
                    "(");
    for (const MadeValue& value : update.values) {
      absl::StrAppend(&shown, value.attribute, "=", value.json, " ");
    }
    if (!update.values.empty()) shown.back() = ')';
  }
  world_.Tell("client ", source_, ": batch ", sequence, " of ", run_id_, shown);
  service_.AcceptBatch(call, [this, stream = stream_](const absl::StatusOr<BatchReceipt>& receipt) {
    OnReceipt(receipt, stream);
  });
}

void TenantClient::OnReceipt(const absl::StatusOr<BatchReceipt>& receipt, StreamId stream) {
  if (stream != stream_ || (phase_ != Phase::kStreaming && phase_ != Phase::kFinishing)) return;
  if (!receipt.ok()) {
    if (absl::IsInvalidArgument(receipt.status())) world_.coverage.Count(Seen::kBatchGap);
    return OnError(receipt.status());
  }
  acknowledged_ = std::max(acknowledged_, receipt->sequence);
  if (!receipt->failed.empty()) GiveUp();
}

void TenantClient::Finish() {
  phase_ = Phase::kFinishing;
  FinishRequest request{run_id_, stream_, world_.ClientNanos()};
  world_.Tell("client ", source_, ": finish ", run_id_);
  service_.FinishRun(request, [this, stream = stream_](const absl::StatusOr<Run>& run) {
    OnFinished(run, stream);
  });
}

void TenantClient::OnFinished(const absl::StatusOr<Run>& run, StreamId stream) {
  if (stream != stream_) return;
  if (!run.ok()) return OnError(run.status());
  cursor_ = run->cursor;
  GiveUp();
}

void TenantClient::OnError(const absl::Status& status) {
  world_.Tell("client ", source_, ": ", status.ToString());
  if (phase_ == Phase::kStarting && absl::StrContains(status.message(), "must be full")) {
    world_.coverage.Count(Seen::kFullRequired);
    mode_ = RunMode::kFull;
    return Connect(/*displaces=*/false);
  }
  if (absl::IsUnavailable(status) || absl::IsInvalidArgument(status)) return BreakStream();
  if (absl::IsAborted(status) && phase_ != Phase::kStarting) return BreakStream();
  GiveUp();
}

void TenantClient::BreakStream() {
  if (!run_id_.empty()) service_.EndStream(run_id_, stream_);
  stream_ = 0;
  phase_ = Phase::kBroken;
}

// The run is over, or is left to itself: the next one begins.
void TenantClient::GiveUp() {
  if (stream_ != 0 && !run_id_.empty()) service_.EndStream(run_id_, stream_);
  stream_ = 0;
  phase_ = Phase::kIdle;
}

}  // namespace peaksync::simulation

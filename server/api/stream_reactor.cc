#include <algorithm>
#include <utility>
#include <vector>

#include "server/api/decode.h"
#include "server/api/reactors.h"
#include "server/api/run_message.h"
#include "server/base/limits.h"
#include "server/base/status_macros.h"
#include "server/domain/concat.h"

namespace peaksync {
namespace {

absl::Status CheckSourceName(std::string_view name) {
  const auto is_word = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  const bool valid = !name.empty() && name.size() <= limits::kSourceNameBytesMax &&
                     is_word(name.front()) && std::ranges::all_of(name, [&](char c) {
                       return is_word(c) || c == '.' || c == '_' || c == '-';
                     });
  if (valid) return absl::OkStatus();
  return absl::InvalidArgumentError(
      Concat("start.source must be 1 to ", limits::kSourceNameBytesMax,
             " characters of a-z, 0-9, '.', '_' and '-', the first a letter or a digit"));
}

absl::Status CheckLength(std::string_view field, std::string_view text, std::size_t most) {
  if (text.size() <= most) return absl::OkStatus();
  return absl::InvalidArgumentError(Concat(field, " has ", text.size(), " bytes; at most ", most));
}

// A batch has thousands of small messages: few large blocks instead of many of 8 KiB.
google::protobuf::ArenaOptions BatchArena() {
  google::protobuf::ArenaOptions options;
  options.start_block_size = 64 << 10;
  options.max_block_size = 1 << 20;
  return options;
}

// The field's name before what is wrong with it.
absl::StatusOr<UnixNanos> ReadTime(std::string_view field,
                                   const google::protobuf::Timestamp& message) {
  absl::StatusOr<UnixNanos> time = ReadTimestamp(message);
  if (time.ok()) return time;
  return absl::InvalidArgumentError(Concat(field, " ", time.status().message()));
}

}  // namespace

StreamReactor::StreamReactor(grpc::CallbackServerContext* context,
                             std::shared_ptr<const ApiTenant> tenant, const TenantRegistry& tenants,
                             OpenStreams& streams, const Clock& clock)
    : context_(context),
      tenant_(std::move(tenant)),
      tenants_(tenants),
      streams_(streams),
      clock_(clock),
      arena_(BatchArena()) {
  tenant_->metrics->StreamOpened();
}

StreamReactor::~StreamReactor() { tenant_->metrics->StreamClosed(); }

StreamReactor* StreamReactor::Start(grpc::CallbackServerContext* context, const Caller& caller,
                                    const TenantRegistry& tenants, OpenStreams& streams,
                                    const Clock& clock) {
  std::shared_ptr<StreamReactor> self(
      new StreamReactor(context, caller.tenant, tenants, streams, clock));
  StreamReactor* reactor = self.get();
  const absl::StatusOr<StreamId> stream = streams.Add(
      caller, [weak = std::weak_ptr(self)](const absl::Status& status, OpenStreams::Haste haste) {
        if (const auto alive = weak.lock()) alive->End(status, haste);
      });
  MutexLock lock(reactor->mutex_);
  reactor->self_ = std::move(self);
  if (stream.ok()) {
    reactor->stream_ = *stream;
  } else {
    reactor->Note(stream.status());
  }
  reactor->Advance();
  return reactor;
}

void StreamReactor::OnReadDone(bool ok) {
  absl::Status status;
  if (ok) {
    status = TakeMessage();
  }
  MutexLock lock(mutex_);
  reading_ = false;  // Only now: gRPC's other thread must not overtake with the next batch.
  if (!ok) read_closed_ = true;
  if (!status.ok()) Note(status);
  Advance();
}

absl::Status StreamReactor::TakeMessage() {
  switch (incoming_->message_case()) {
    case v1::StreamUpdatesRequest::kStart:
      return TakeStart(incoming_->start());
    case v1::StreamUpdatesRequest::kBatch:
      return TakeBatch(incoming_->batch());
    case v1::StreamUpdatesRequest::kFinish:
      return TakeFinish(incoming_->finish());
    case v1::StreamUpdatesRequest::MESSAGE_NOT_SET:
      break;
  }
  return absl::InvalidArgumentError("a message of the stream has neither start, batch nor finish");
}

absl::Status StreamReactor::TakeStart(const v1::StreamStart& start) {
  {
    MutexLock lock(mutex_);
    if (phase_ != Phase::kStart) {
      return absl::InvalidArgumentError("start came twice: it is the first message and no other");
    }
  }
  if (!start.expected_tenant().empty() && start.expected_tenant() != tenant_->name) {
    return absl::PermissionDeniedError(
        Concat("the credential is not that of the expected tenant ", start.expected_tenant(),
               ": give the token of that tenant, or correct --tenant"));
  }
  if (start.mode() == v1::SYNC_MODE_PLAN || start.mode() == v1::SYNC_MODE_SNAPSHOT) {
    return absl::UnimplementedError(
        Concat("mode ", v1::SyncMode_Name(start.mode()), " is not offered yet"));
  }
  if (!v1::SyncMode_IsValid(start.mode())) {
    return absl::InvalidArgumentError("start.mode is none that this service knows");
  }
  PEAKSYNC_RETURN_IF_ERROR(CheckSourceName(start.source()));
  PEAKSYNC_RETURN_IF_ERROR(
      CheckLength("start.request_id", start.request_id(), limits::kRequestIdBytesMax));
  PEAKSYNC_RETURN_IF_ERROR(
      CheckLength("start.client", start.client(), limits::kClientNameBytesMax));
  StartRequest request;
  if (start.has_updated_at()) {
    PEAKSYNC_ASSIGN_OR_RETURN(request.updated_at, ReadTime("start.updated_at", start.updated_at()));
    if (absl::FromUnixNanos(*request.updated_at) > clock_.Now() + limits::kUpdatedAtAheadMax) {
      return absl::InvalidArgumentError(
          "start.updated_at is more than 10 minutes ahead of the service's clock");
    }
  }
  if (start.has_from_cursor()) {
    PEAKSYNC_ASSIGN_OR_RETURN(request.from_cursor,
                              ReadTime("start.from_cursor", start.from_cursor()));
  }
  source_ = start.source();
  request.source = source_;
  request.run_id = start.run_id();
  request.request_id = start.request_id();
  request.client = start.client();
  request.mode = start.mode() == v1::SYNC_MODE_FULL ? RunMode::kFull : RunMode::kIncremental;
  request.stream = stream_;
  std::shared_ptr<StreamReactor> self;
  {
    MutexLock lock(mutex_);
    phase_ = Phase::kStarting;
    self = self_;
  }
  request.ended = [weak = std::weak_ptr(self)](const absl::Status& status) {
    if (const auto alive = weak.lock()) alive->Fail(status);
  };
  tenant_->ledger->StartRun(std::move(request),
                            [self](absl::StatusOr<Run> run) { self->OnStarted(std::move(run)); });
  return absl::OkStatus();
}

absl::Status StreamReactor::TakeBatch(const v1::UpdateBatch& batch) {
  std::shared_ptr<StreamReactor> self;
  BatchRequest request;
  UnixNanos updated_at = 0;
  const std::int64_t updates = batch.updates_size();
  const std::optional<std::string> fault = CheckBatch(batch);
  const std::int64_t bytes = batch.GetCachedSize();  // Of CheckBatch.
  {
    MutexLock lock(mutex_);
    if (phase_ != Phase::kOpen) {
      return absl::InvalidArgumentError("a batch came before start or after finish");
    }
    ++uncommitted_;
    uncommitted_updates_ += updates;
    uncommitted_bytes_ += bytes;
    self = self_;
    request.run_id = run_.run_id;
    updated_at = run_.default_updated_at;
  }
  if (fault) {
    return absl::InvalidArgumentError(Concat("batch ", batch.sequence(), ": ", *fault));
  }
  request.stream = stream_;
  request.sequence = batch.sequence();
  request.updates.reserve(static_cast<std::size_t>(batch.updates_size()));
  // A reload may have brought other rules since the last batch.
  const std::shared_ptr<const ApiTenant> newest = tenants_.Find(tenant_->name);
  const std::shared_ptr<AttributeCatalog> catalog =
      newest != nullptr && newest->catalog != nullptr ? newest->catalog : tenant_->catalog;
  request.catalog = catalog;
  const DecodeContext context{*catalog, source_, updated_at, absl::ToUnixNanos(clock_.Now())};
  for (int i = 0; i < batch.updates_size(); ++i) {
    request.updates.push_back(
        DecodeUpdate(batch.updates(i), static_cast<std::uint32_t>(i), context));
  }
  request.held_back = [weak = std::weak_ptr(self)](const std::string& reason) {
    if (const auto alive = weak.lock()) alive->OnHeldBack(reason);
  };
  tenant_->ledger->AcceptBatch(std::move(request),
                               [self, updates, bytes](absl::StatusOr<BatchReceipt> receipt) {
                                 self->OnReceipt(updates, bytes, std::move(receipt));
                               });
  return absl::OkStatus();
}

absl::Status StreamReactor::TakeFinish(const v1::StreamFinish& finish) {
  std::optional<UnixNanos> cursor;
  if (finish.has_cursor()) {
    PEAKSYNC_ASSIGN_OR_RETURN(cursor, ReadTime("finish.cursor", finish.cursor()));
  }
  MutexLock lock(mutex_);
  if (phase_ != Phase::kOpen) {
    return absl::InvalidArgumentError("finish came before start, or twice");
  }
  phase_ = Phase::kFinishing;
  cursor_ = cursor;
  return absl::OkStatus();
}

void StreamReactor::OnStarted(absl::StatusOr<Run> run) {
  MutexLock lock(mutex_);
  if (!run.ok()) {
    Note(run.status());
    return Advance();
  }
  if (closing_) {
    // The stream was gone before it began; OnDone did not know the run yet.
    return tenant_->ledger->EndStream(run->run_id, stream_);
  }
  run_ = *std::move(run);
  phase_ = Phase::kOpen;
  acked_ = {run_.last_sequence, run_.values, run_.updates};
  started_ = std::make_unique<v1::StreamStarted>();
  started_->set_run_id(run_.run_id);
  started_->set_next_sequence(run_.last_sequence + 1);
  started_->set_tenant(tenant_->name);
  started_->set_workspace(tenant_->workspace);
  started_->set_host(tenant_->host);
  Advance();
}

void StreamReactor::OnReceipt(std::int64_t updates, std::int64_t bytes,
                              absl::StatusOr<BatchReceipt> receipt) {
  MutexLock lock(mutex_);
  --uncommitted_;
  uncommitted_updates_ -= updates;
  uncommitted_bytes_ -= bytes;
  if (!receipt.ok()) {
    Note(receipt.status());
    return Advance();
  }
  if (ack_ == nullptr) ack_ = std::make_unique<v1::BatchAck>();
  ack_->clear_back_pressure();
  ack_->set_sequence(receipt->sequence);
  WriteCounts(receipt->values, ack_->mutable_values());
  WriteCounts(receipt->updates, ack_->mutable_updates());
  acked_ = {receipt->sequence, receipt->values, receipt->updates};
  for (const InvalidReport& invalid : receipt->invalid) AppendInvalid(invalid, ack_.get());
  ack_->set_invalid_omitted(ack_->invalid_omitted() + receipt->invalid_omitted);
  if (!receipt->failed.empty()) Note(absl::FailedPreconditionError(receipt->failed));
  Advance();
}

// Says why nothing more is read, beside what is durable so far.
void StreamReactor::OnHeldBack(const std::string& reason) {
  MutexLock lock(mutex_);
  if (ack_ == nullptr) {
    ack_ = std::make_unique<v1::BatchAck>();
    ack_->set_sequence(acked_.sequence);
    WriteCounts(acked_.values, ack_->mutable_values());
    WriteCounts(acked_.updates, ack_->mutable_updates());
  }
  ack_->set_back_pressure(reason);
  Advance();
}

void StreamReactor::OnFinished(absl::StatusOr<Run> run) {
  MutexLock lock(mutex_);
  if (!run.ok()) {
    Note(run.status());
    return Advance();
  }
  finished_ = std::make_unique<v1::StreamFinished>();
  WriteRun(*run, {}, finished_->mutable_run());
  finished_->mutable_run()->clear_delivery();  // Of no use here: WatchSyncRun tells it.
  Advance();
}

void StreamReactor::OnWriteDone(bool ok) {
  MutexLock lock(mutex_);
  writing_ = false;
  if (!ok) Note(absl::CancelledError("the client is gone"));
  Advance();
}

void StreamReactor::OnCancel() { Fail(absl::CancelledError("the call was cancelled")); }

void StreamReactor::OnDone() {
  streams_.Remove(stream_);
  std::shared_ptr<StreamReactor> last;  // Destroyed after `lock`, so never under its own mutex.
  std::string run_id;
  {
    MutexLock lock(mutex_);
    last = std::move(self_);
    run_id = run_.run_id;
  }
  if (!run_id.empty()) tenant_->ledger->EndStream(run_id, stream_);
}

void StreamReactor::Fail(const absl::Status& status) {
  MutexLock lock(mutex_);
  Note(status);
  Advance();
}

void StreamReactor::End(const absl::Status& status, OpenStreams::Haste haste) {
  MutexLock lock(mutex_);
  Note(status);
  if (haste == OpenStreams::Haste::kWaitNoLonger && writing_) context_->TryCancel();
  Advance();
}

// The first reason stays.
void StreamReactor::Note(const absl::Status& status) {
  if (failure_.ok()) failure_ = status;
}

void StreamReactor::Advance() {
  if (closing_ || writing_) return;
  // What is durable is told before the stream ends, also when it ends badly.
  if (MaybeWrite()) return MaybeRead();
  if (!failure_.ok()) {
    closing_ = true;
    return Finish(ToGrpc(failure_));
  }
  if (phase_ == Phase::kFinished) {
    closing_ = true;
    return Finish(grpc::Status::OK);
  }
  MaybeFinishRun();
  if (read_closed_ && uncommitted_ == 0 && phase_ != Phase::kStarting &&
      phase_ != Phase::kFinishing) {
    // gRPC reports a message that it cannot parse as a plain end.
    closing_ = true;
    return Finish(ToGrpc(absl::InvalidArgumentError(
        "stream ended before finish; was every string UTF-8? The run stays open to be resumed")));
  }
  MaybeRead();
}

void StreamReactor::MaybeRead() {
  if (reading_ || read_closed_ || closing_ || !failure_.ok()) return;
  if (phase_ != Phase::kStart && phase_ != Phase::kOpen) return;
  if (uncommitted_ >= limits::kStreamBatchesUncommittedMin &&
      (uncommitted_ >= limits::kStreamBatchesUncommittedMax ||
       uncommitted_updates_ >= limits::kStreamUpdatesUncommittedMax ||
       uncommitted_bytes_ >= limits::kStreamBytesUncommittedMax)) {
    return;
  }
  reading_ = true;
  arena_.Reset();
  incoming_ = google::protobuf::Arena::CreateMessage<v1::StreamUpdatesRequest>(&arena_);
  StartRead(incoming_);
}

// Only when every batch before it is durable.
void StreamReactor::MaybeFinishRun() {
  if (phase_ != Phase::kFinishing || finish_submitted_ || uncommitted_ > 0) return;
  finish_submitted_ = true;
  FinishRequest request{run_.run_id, stream_, cursor_};
  tenant_->ledger->FinishRun(std::move(request), [self = self_](absl::StatusOr<Run> run) {
    self->OnFinished(std::move(run));
  });
}

bool StreamReactor::MaybeWrite() {
  outgoing_.Clear();
  if (started_ != nullptr) {
    outgoing_.set_allocated_started(started_.release());
  } else if (ack_ != nullptr) {
    outgoing_.set_allocated_ack(ack_.release());
  } else if (finished_ != nullptr) {
    outgoing_.set_allocated_finished(finished_.release());
    phase_ = Phase::kFinished;
  } else {
    return false;
  }
  writing_ = true;
  StartWrite(&outgoing_);
  return true;
}

}  // namespace peaksync

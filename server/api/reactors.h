#pragma once

// The one header of ours that includes gRPC's; the files of this folder alone include it.
#include <grpcpp/alarm.h>
#include <grpcpp/grpcpp.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "google/protobuf/arena.h"
#include "peaksync/v1/sync_service.grpc.pb.h"
#include "server/api/tenant_registry.h"
#include "server/base/clock.h"
#include "server/base/mutex.h"
#include "server/domain/run.h"
#include "server/ledger/ledger.h"

namespace peaksync {

grpc::Status ToGrpc(const absl::Status& status);
// Ends a call that has no more to say than this.
grpc::ServerUnaryReactor* Answer(grpc::CallbackServerContext* context, const absl::Status& status);

// Whom a call comes from, and as what it has shown itself.
struct Caller {
  std::shared_ptr<const ApiTenant> tenant;
  CallCredential credential;
};

// The streams that are open, so that a stopping service can end them and a tenant cannot have all
// of them, and so that those of a credential that is gone end. Thread safety: safe for concurrent
// use.
class OpenStreams {
 public:
  // Told to wait no longer, it also ends a stream whose client does not read what it was sent, and
  // which cannot be told the status therefore.
  enum class Haste : std::uint8_t { kTellFirst, kWaitNoLonger };
  using Ender = std::function<void(const absl::Status&, Haste)>;
  // What a stream ends with; OK: it goes on.
  using Judge = std::function<absl::Status(const std::string& tenant, const CallCredential&)>;

  // RESOURCE_EXHAUSTED at the limits, UNAVAILABLE once draining; otherwise the stream's number.
  // `end` may be called on any thread until Remove has returned.
  absl::StatusOr<StreamId> Add(const Caller& caller, Ender end);
  void Remove(StreamId stream);
  // Judges all streams, without a lock held.
  void EndWhere(const Judge& judge, Haste haste = Haste::kTellFirst);
  int Count(const std::string& tenant);
  // Ends all streams with UNAVAILABLE, and every later one at once.
  void Drain();

 private:
  struct Entry {
    std::string tenant;
    CallCredential credential;
    Ender end;
  };
  std::vector<std::shared_ptr<Entry>> All();

  Mutex mutex_;
  absl::flat_hash_map<StreamId, std::shared_ptr<Entry>> streams_ ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_map<std::string, int> per_tenant_ ABSL_GUARDED_BY(mutex_);
  StreamId next_ ABSL_GUARDED_BY(mutex_) = 1;
  bool draining_ ABSL_GUARDED_BY(mutex_) = false;
};

// One StreamUpdates call. It reads while few batches are uncommitted (back pressure reaches the
// tenant's own stream and nobody else's), decodes on gRPC's thread, and answers with cumulative
// acks, so that there is never more than one to send: the newest.
//
// Lifetime: `self_` keeps it alive until OnDone; what it gives to the ledger holds it too.
// Thread safety: reactions run on gRPC's threads, answers come on the ledger's; `mutex_` guards
// all.
class StreamReactor final
    : public grpc::ServerBidiReactor<v1::StreamUpdatesRequest, v1::StreamUpdatesResponse> {
 public:
  static StreamReactor* Start(grpc::CallbackServerContext* context, const Caller& caller,
                              const TenantRegistry& tenants, OpenStreams& streams,
                              const Clock& clock);
  ~StreamReactor() override;

  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

 private:
  enum class Phase : std::uint8_t { kStart, kStarting, kOpen, kFinishing, kFinished };

  // What is durable of the run, as far as this stream has heard.
  struct Acked {
    std::int64_t sequence = 0;
    ValueCounts values;
    UpdateCounts updates;
  };

  StreamReactor(grpc::CallbackServerContext* context, std::shared_ptr<const ApiTenant> tenant,
                const TenantRegistry& tenants, OpenStreams& streams, const Clock& clock);

  // Each takes one message, without the lock: there is one read at a time.
  absl::Status TakeMessage();
  absl::Status TakeStart(const v1::StreamStart& start);
  absl::Status TakeBatch(const v1::UpdateBatch& batch);
  absl::Status TakeFinish(const v1::StreamFinish& finish);

  void OnStarted(absl::StatusOr<Run> run);
  void OnReceipt(std::int64_t updates, std::int64_t bytes, absl::StatusOr<BatchReceipt> receipt);
  void OnHeldBack(const std::string& reason);
  void OnFinished(absl::StatusOr<Run> run);
  void Fail(const absl::Status& status);
  void End(const absl::Status& status, OpenStreams::Haste haste);

  // The one place that decides what happens next.
  void Advance() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void MaybeRead() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void MaybeFinishRun() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool MaybeWrite() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Note(const absl::Status& status) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  grpc::CallbackServerContext* const context_;  // gRPC's; lives until OnDone.
  const std::shared_ptr<const ApiTenant> tenant_;
  const TenantRegistry& tenants_;
  OpenStreams& streams_;
  const Clock& clock_;
  StreamId stream_ = 0;

  // The reader's own.
  google::protobuf::Arena arena_;
  v1::StreamUpdatesRequest* incoming_ = nullptr;
  v1::StreamUpdatesResponse outgoing_;
  std::string source_;

  Mutex mutex_;
  std::shared_ptr<StreamReactor> self_ ABSL_GUARDED_BY(mutex_);
  Phase phase_ ABSL_GUARDED_BY(mutex_) = Phase::kStart;
  Run run_ ABSL_GUARDED_BY(mutex_);
  std::optional<UnixNanos> cursor_ ABSL_GUARDED_BY(mutex_);
  Acked acked_ ABSL_GUARDED_BY(mutex_);
  int uncommitted_ ABSL_GUARDED_BY(mutex_) = 0;  // Batches; their updates and bytes:
  std::int64_t uncommitted_updates_ ABSL_GUARDED_BY(mutex_) = 0;
  std::int64_t uncommitted_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  bool reading_ ABSL_GUARDED_BY(mutex_) = false;
  bool read_closed_ ABSL_GUARDED_BY(mutex_) = false;
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool closing_ ABSL_GUARDED_BY(mutex_) = false;  // Finish was called.
  bool finish_submitted_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Status failure_ ABSL_GUARDED_BY(mutex_);
  std::unique_ptr<v1::StreamStarted> started_ ABSL_GUARDED_BY(mutex_);
  std::unique_ptr<v1::BatchAck> ack_ ABSL_GUARDED_BY(mutex_);
  std::unique_ptr<v1::StreamFinished> finished_ ABSL_GUARDED_BY(mutex_);
};

// One WatchSyncRun call: the newest state of the run, whenever it has changed, at most ten times a
// second; ends when nothing of it is pending any more.
// Lifetime and thread safety: as StreamReactor.
class WatchReactor final : public grpc::ServerWriteReactor<v1::WatchSyncRunResponse> {
 public:
  static WatchReactor* Start(grpc::CallbackServerContext* context, const Caller& caller,
                             OpenStreams& streams, std::string run_id);

  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

 private:
  WatchReactor(grpc::CallbackServerContext* context, std::shared_ptr<const ApiTenant> tenant,
               OpenStreams& streams)
      : context_(context), tenant_(std::move(tenant)), streams_(streams) {}

  void OnChange(absl::StatusOr<RunView> view);
  void OnTimer();
  void Fail(const absl::Status& status);
  void End(const absl::Status& status, OpenStreams::Haste haste);
  void Advance() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  grpc::CallbackServerContext* const context_;  // gRPC's; lives until OnDone.
  const std::shared_ptr<const ApiTenant> tenant_;
  OpenStreams& streams_;
  StreamId stream_ = 0;
  v1::WatchSyncRunResponse outgoing_;
  grpc::Alarm pause_;

  Mutex mutex_;
  std::shared_ptr<WatchReactor> self_ ABSL_GUARDED_BY(mutex_);
  std::optional<RunView> newest_ ABSL_GUARDED_BY(mutex_);  // Not sent yet.
  bool sent_last_ ABSL_GUARDED_BY(mutex_) = false;
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool pausing_ ABSL_GUARDED_BY(mutex_) = false;  // Since the last write, at most 100 ms.
  bool closing_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Status failure_ ABSL_GUARDED_BY(mutex_);
};

// The service peaksync.v1.SyncService: says who is calling, and hands the call to the tenant's
// ledger. Holds no state of the domain. Thread safety: safe for concurrent use.
class SyncServiceImpl final : public v1::SyncService::CallbackService {
 public:
  SyncServiceImpl(const TenantRegistry& tenants, const Clock& clock)
      : tenants_(tenants), clock_(clock) {}

  OpenStreams& streams() { return streams_; }

  using Context = grpc::CallbackServerContext;
  grpc::ServerBidiReactor<v1::StreamUpdatesRequest, v1::StreamUpdatesResponse>* StreamUpdates(
      Context* context) override;
  grpc::ServerUnaryReactor* GetSyncRun(Context* context, const v1::GetSyncRunRequest* request,
                                       v1::GetSyncRunResponse* response) override;
  grpc::ServerUnaryReactor* ListSyncRuns(Context* context, const v1::ListSyncRunsRequest* request,
                                         v1::ListSyncRunsResponse* response) override;
  grpc::ServerWriteReactor<v1::WatchSyncRunResponse>* WatchSyncRun(
      Context* context, const v1::WatchSyncRunRequest* request) override;
  grpc::ServerUnaryReactor* ListSources(Context* context, const v1::ListSourcesRequest* request,
                                        v1::ListSourcesResponse* response) override;
  grpc::ServerUnaryReactor* GetLastSync(Context* context, const v1::GetLastSyncRequest* request,
                                        v1::GetLastSyncResponse* response) override;
  // operator_calls.cc:
  grpc::ServerUnaryReactor* CancelSyncRun(Context* context, const v1::CancelSyncRunRequest* request,
                                          v1::CancelSyncRunResponse* response) override;
  grpc::ServerUnaryReactor* ListRejections(Context* context,
                                           const v1::ListRejectionsRequest* request,
                                           v1::ListRejectionsResponse* response) override;
  grpc::ServerUnaryReactor* RetryRejections(Context* context,
                                            const v1::RetryRejectionsRequest* request,
                                            v1::RetryRejectionsResponse* response) override;
  grpc::ServerUnaryReactor* DiscardRejections(Context* context,
                                              const v1::DiscardRejectionsRequest* request,
                                              v1::DiscardRejectionsResponse* response) override;
  grpc::ServerUnaryReactor* Resync(Context* context, const v1::ResyncRequest* request,
                                   v1::ResyncResponse* response) override;
  grpc::ServerUnaryReactor* SetSourceCursor(Context* context,
                                            const v1::SetSourceCursorRequest* request,
                                            v1::SetSourceCursorResponse* response) override;

 private:
  // `method` as the proto names it.
  absl::StatusOr<Caller> Authorize(const Context& context, std::string_view method) const;

  const TenantRegistry& tenants_;
  const Clock& clock_;
  OpenStreams streams_;
};

}  // namespace peaksync

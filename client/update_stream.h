#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "client/channel.h"
#include "client/limits.h"
#include "peaksync/v1/sync_service.pb.h"

namespace peaksync::client {

// How a stream of updates behaves.
struct StreamOptions {
  v1::StreamStart
      start;  // Without run_id; request_id should be random, so that a lost answer is no loss.
  absl::Time deadline = absl::InfiniteFuture();              // Of everything.
  absl::Duration connect_timeout = limits::kConnectTimeout;  // Until the service answers at first.
  absl::Duration backoff_min = limits::kBackoffMin;
  absl::Duration backoff_max = limits::kBackoffMax;
  std::function<double()> random;  // For the backoff; empty: the system's.
};

// Hears what happens on the stream, on the thread that uses it.
class StreamObserver {
 public:
  virtual ~StreamObserver() = default;
  // The run is open, or open again after a break.
  virtual void OnStarted(const v1::StreamStarted& started) = 0;
  // Batches are durable. `ack.invalid` may name batches that were sent before a break.
  virtual void OnAck(const v1::BatchAck& ack) = 0;
  // The stream broke, and is being opened again.
  virtual void OnBreak(const absl::Status& why) = 0;
};

// Brings batches to the service, exactly once each, through breaks of the connection and restarts
// of the service: it keeps what is not acknowledged, reconnects, resumes the run and sends it
// again. What was durable already is sent again too, because only its acknowledgement tells which
// of its updates were invalid; the service counts nothing twice.
//
// Use: Open() once; NewBatch(), fill it, Send(), as often as needed; Finish() once. After an error
// the stream is over; the run stays as it is.
// Lifetime: `channel` and `observer` must outlive it. Thread safety: one thread uses it; a second
// one, its own, reads.
class UpdateStream {
 public:
  UpdateStream(const Channel& channel, StreamOptions options, StreamObserver& observer);
  ~UpdateStream();
  UpdateStream(const UpdateStream&) = delete;
  UpdateStream& operator=(const UpdateStream&) = delete;

  // Connects and opens the run. UNAVAILABLE when the service can't be reached within
  // connect_timeout; ABORTED when another stream holds the source's run; else what the service
  // says.
  absl::Status Open();

  // An empty batch; messages of acknowledged ones come back, so that their memory is used again.
  std::unique_ptr<v1::StreamUpdatesRequest> NewBatch();
  // The number that the next batch sent will have.
  std::int64_t next_sequence() const;
  // Sends a batch; gives it its number. Returns once fewer than limits::kUnackedBatchesMax
  // batches are unacknowledged.
  absl::Status Send(std::unique_ptr<v1::StreamUpdatesRequest> batch);
  // Waits until all is acknowledged and ends the run's receiving.
  absl::StatusOr<v1::SyncRun> Finish(std::optional<google::protobuf::Timestamp> cursor);

  // Empty before Open() succeeded.
  const std::string& run_id() const;
  // Whether `finish` was sent: the run may be RECEIVED even though Finish() failed.
  bool finish_was_sent() const;

 private:
  class Impl;

  std::unique_ptr<Impl> impl_;
};

}  // namespace peaksync::client

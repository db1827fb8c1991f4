#include "server/api/run_message.h"

namespace peaksync {
namespace {

constexpr std::int64_t kNanosPerSecond = 1'000'000'000;

// The numbers of both enumerations are the same; this is where that is relied on.
static_assert(static_cast<int>(RunState::kOpen) == v1::SYNC_RUN_STATE_OPEN);
static_assert(static_cast<int>(RunState::kReceived) == v1::SYNC_RUN_STATE_RECEIVED);
static_assert(static_cast<int>(RunState::kCompleted) == v1::SYNC_RUN_STATE_COMPLETED);
static_assert(static_cast<int>(RunState::kCompletedWithRejections) ==
              v1::SYNC_RUN_STATE_COMPLETED_WITH_REJECTIONS);
static_assert(static_cast<int>(RunState::kFailed) == v1::SYNC_RUN_STATE_FAILED);
static_assert(static_cast<int>(RunState::kCanceled) == v1::SYNC_RUN_STATE_CANCELED);
static_assert(static_cast<int>(RunState::kAbandoned) == v1::SYNC_RUN_STATE_ABANDONED);
static_assert(static_cast<int>(RunMode::kIncremental) == v1::SYNC_MODE_INCREMENTAL);
static_assert(static_cast<int>(RunMode::kFull) == v1::SYNC_MODE_FULL);
static_assert(static_cast<int>(RunKind::kStream) == v1::SYNC_RUN_KIND_STREAM);
static_assert(static_cast<int>(RunKind::kRetry) == v1::SYNC_RUN_KIND_RETRY);

v1::DeliveryStatus::State StateOf(DeliveryStatus::State state) {
  switch (state) {
    case DeliveryStatus::State::kRunning:
      return v1::DeliveryStatus::STATE_RUNNING;
    case DeliveryStatus::State::kBackingOff:
      return v1::DeliveryStatus::STATE_BACKING_OFF;
    case DeliveryStatus::State::kPaused:
      return v1::DeliveryStatus::STATE_PAUSED;
  }
  return v1::DeliveryStatus::STATE_UNSPECIFIED;
}

}  // namespace

void WriteTimestamp(UnixNanos time, google::protobuf::Timestamp* message) {
  std::int64_t seconds = time / kNanosPerSecond;
  std::int64_t nanos = time % kNanosPerSecond;
  if (nanos < 0) {
    nanos += kNanosPerSecond;
    --seconds;
  }
  message->set_seconds(seconds);
  message->set_nanos(static_cast<std::int32_t>(nanos));
}

absl::StatusOr<UnixNanos> ReadTimestamp(const google::protobuf::Timestamp& message) {
  UnixNanos time = 0;
  if (message.nanos() < 0 || message.nanos() >= kNanosPerSecond ||
      __builtin_mul_overflow(message.seconds(), kNanosPerSecond, &time) ||
      __builtin_add_overflow(time, std::int64_t{message.nanos()}, &time)) {
    return absl::InvalidArgumentError("is not a time between the years 1678 and 2262");
  }
  return time;
}

void WriteCounts(const ValueCounts& counts, v1::ValueCounts* message) {
  message->set_received(counts.received);
  message->set_unchanged(counts.unchanged);
  message->set_stale(counts.stale);
  message->set_invalid(counts.invalid);
  message->set_superseded(counts.superseded);
  message->set_confirmed(counts.confirmed);
  message->set_rejected(counts.rejected);
  message->set_discarded(counts.discarded);
  message->set_pending(counts.pending);
}

void WriteCounts(const UpdateCounts& counts, v1::UpdateCounts* message) {
  message->set_received(counts.received);
  message->set_invalid(counts.invalid);
  message->set_changed(counts.changed);
  message->set_unchanged(counts.unchanged);
}

void WriteDelivery(const DeliveryStatus& status, v1::DeliveryStatus* message) {
  message->set_state(StateOf(status.state));
  message->set_reason(status.reason);
  WriteTimestamp(absl::ToUnixNanos(status.since), message->mutable_since());
  if (status.next_attempt) {
    WriteTimestamp(absl::ToUnixNanos(*status.next_attempt), message->mutable_next_attempt_time());
  }
  message->set_waiting_values(status.waiting_values);
  message->set_waiting_customers(status.waiting_customers);
  message->set_waiting_bytes(status.waiting_bytes);
  message->set_remedy(status.remedy);
  message->set_back_pressure(status.back_pressure);
}

void WriteRun(const Run& run, const DeliveryStatus& delivery, v1::SyncRun* message) {
  message->set_run_id(run.run_id);
  message->set_source(run.source);
  message->set_state(static_cast<v1::SyncRunState>(run.state));
  message->set_state_reason(run.state_reason);
  message->set_kind(static_cast<v1::SyncRunKind>(run.kind));
  message->set_mode(static_cast<v1::SyncMode>(run.mode));
  message->set_client(run.client);
  WriteTimestamp(run.create_time, message->mutable_create_time());
  if (run.receive_time) WriteTimestamp(*run.receive_time, message->mutable_receive_time());
  if (run.complete_time) WriteTimestamp(*run.complete_time, message->mutable_complete_time());
  message->set_last_sequence(run.last_sequence);
  WriteCounts(run.values, message->mutable_values());
  WriteCounts(run.updates, message->mutable_updates());
  if (run.from_cursor) WriteTimestamp(*run.from_cursor, message->mutable_from_cursor());
  if (run.cursor) WriteTimestamp(*run.cursor, message->mutable_cursor());
  if (run.stale_newest_known_time) {
    WriteTimestamp(*run.stale_newest_known_time, message->mutable_stale_newest_known_time());
  }
  WriteDelivery(delivery, message->mutable_delivery());
}

void WriteSource(const Source& source, const DeliveryStatus& delivery, v1::Source* message) {
  message->set_name(source.name);
  message->set_full_required(source.full_required);
  if (source.cursor) WriteTimestamp(*source.cursor, message->mutable_cursor());
  if (source.last_run) WriteRun(*source.last_run, delivery, message->mutable_last_run());
  if (source.last_completed_run) {
    WriteRun(*source.last_completed_run, delivery, message->mutable_last_completed_run());
  }
}

void AppendInvalid(const InvalidReport& report, v1::BatchAck* ack) {
  v1::InvalidUpdate* invalid = ack->add_invalid();
  invalid->set_sequence(report.sequence);
  invalid->set_index(static_cast<std::int32_t>(report.index));
  invalid->set_field(report.field);
  invalid->set_reason(report.reason);
}

}  // namespace peaksync

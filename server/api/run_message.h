#pragma once

#include <optional>

#include "absl/status/statusor.h"
#include "google/protobuf/timestamp.pb.h"
#include "peaksync/v1/sync_run.pb.h"
#include "peaksync/v1/sync_service.pb.h"
#include "server/domain/run.h"
#include "server/ledger/ledger.h"

namespace peaksync {

// The domain's runs and sources as messages, and times both ways.
void WriteTimestamp(UnixNanos time, google::protobuf::Timestamp* message);
// INVALID_ARGUMENT when it is malformed, or outside of the years that UnixNanos covers.
absl::StatusOr<UnixNanos> ReadTimestamp(const google::protobuf::Timestamp& message);

void WriteCounts(const ValueCounts& counts, v1::ValueCounts* message);
void WriteCounts(const UpdateCounts& counts, v1::UpdateCounts* message);
void WriteDelivery(const DeliveryStatus& status, v1::DeliveryStatus* message);
void WriteRun(const Run& run, const DeliveryStatus& delivery, v1::SyncRun* message);
void WriteSource(const Source& source, const DeliveryStatus& delivery, v1::Source* message);
void AppendInvalid(const InvalidReport& report, v1::BatchAck* ack);

}  // namespace peaksync

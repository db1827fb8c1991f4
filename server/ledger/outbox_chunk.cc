#include "server/ledger/outbox_chunk.h"

#include "server/base/status_macros.h"
#include "server/domain/concat.h"
#include "server/ledger/codec.h"

namespace peaksync {
namespace {

constexpr std::uint8_t kFormat = 1;
// More than any chunk has, so that a damaged number does not ask for all memory.
constexpr OutboxId kChunkIdsMax = 1 << 20;

}  // namespace

void OutboxChunkWriter::Add(OutboxId id, RunNumber run, std::string_view row) {
  PackedWriter writer(&payload_);
  if (payload_.empty()) {
    writer.Byte(kFormat);
    writer.Number(static_cast<std::uint64_t>(id));
    first_id_ = id;
  }
  writer.Number(static_cast<std::uint64_t>(id - first_id_));
  writer.Number(static_cast<std::uint64_t>(run));
  writer.Bytes(row);
}

absl::StatusOr<OutboxId> ReadOutboxChunk(OutboxId last_id, std::string_view payload,
                                         OutboxChunkVisitor visit) {
  PackedReader reader(payload);
  bool ok = reader.Byte() == kFormat;
  const auto first_id = static_cast<OutboxId>(reader.Number());
  ok = ok && first_id > 0 && first_id <= last_id && last_id - first_id < kChunkIdsMax;
  while (ok && reader.ok() && !reader.AtEnd()) {
    const std::uint64_t distance = reader.Number();
    const auto run = static_cast<RunNumber>(reader.Number());
    const std::string_view row = reader.Bytes();
    ok = distance <= static_cast<std::uint64_t>(last_id - first_id);
    if (!ok || !reader.ok()) break;
    PEAKSYNC_RETURN_IF_ERROR(visit(first_id + static_cast<OutboxId>(distance), run, row));
  }
  if (ok && reader.ok()) return first_id;
  return absl::DataLossError(Concat("chunk ", last_id, " of the outbox cannot be read"));
}

}  // namespace peaksync

#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/ledger/journal.h"
#include "server/ledger/sqlite/store.h"

namespace peaksync {

// The payload of a chunk of the outbox: rows with ascending ids, from the first one's on.
class OutboxChunkWriter {
 public:
  void Add(OutboxId id, RunNumber run, std::string_view row);

  bool empty() const { return payload_.empty(); }
  std::string_view payload() const { return payload_; }
  void Clear() { payload_.clear(); }

 private:
  std::string payload_;
  OutboxId first_id_ = 0;
};

// Calls `visit` for each row and answers the first one's id. `last_id` names the chunk. DATA_LOSS
// when the bytes are none of ours.
using OutboxChunkVisitor =
    absl::FunctionRef<absl::Status(OutboxId id, RunNumber run, std::string_view row)>;
absl::StatusOr<OutboxId> ReadOutboxChunk(OutboxId last_id, std::string_view payload,
                                         OutboxChunkVisitor visit);

}  // namespace peaksync

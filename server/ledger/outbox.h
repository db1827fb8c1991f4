#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/inlined_vector.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/ledger/journal.h"
#include "server/ledger/outbox_chunk.h"
#include "server/ledger/outbox_row.h"
#include "server/ledger/sqlite/store.h"

namespace peaksync {

// What Braze has yet to be told: a row an update, with its values, pending until they are settled.
// On disk the rows of a commit are one chunk. It is deleted when nothing of it is pending; what was
// settled of it before stands in the journal, until Compact has taken it out of the chunk.
//
// Changes go to memory and, by Write, to the group's transaction. When the group fails, load again.
// Thread safety: none.
class Outbox {
 public:
  struct Row {
    RunNumber run = 0;
    std::uint32_t remaining = 0;  // Of its values.
  };

  explicit Outbox(LedgerStore& store) : store_(store) {}

  // Ids are given in ascending order and never again.
  OutboxId NextId() { return ++last_id_; }
  OutboxId last_id() const { return last_id_; }
  // The row of the last id goes to disk with the group.
  absl::Status Add(RunNumber run, std::uint32_t values, std::string_view packed);
  // There must be such a row with values that are pending.
  const Row& At(OutboxId id);
  // The attribute of the row is not pending any more.
  void Settle(OutboxId id, std::uint32_t attribute_id);

  // Brings what the group has changed into its transaction and its journal.
  absl::Status Write(JournalWriter& journal);

  // Reading back: first what the journal says was settled, then Load.
  void Clear();
  void ReplaySettled(OutboxId id) { settled_on_disk_[id].all = true; }
  void ReplaySettled(OutboxId id, std::uint32_t attribute_id) {
    settled_on_disk_[id].attributes.push_back(attribute_id);
  }
  // Calls `visit` for each row with what of it is pending, in order.
  using Visitor = absl::FunctionRef<absl::Status(OutboxId id, RunNumber run, OutboxRow& row)>;
  absl::Status Load(Visitor visit);

  // Takes what was settled out of the chunks after the one with the last id `after` (0: of all),
  // for about so many rows. Answers where to go on; nothing: all is done, and the outbox needs no
  // journal rows from before the first call any more.
  absl::StatusOr<std::optional<OutboxId>> Compact(OutboxId after, std::int64_t rows);

 private:
  using AttributeIds = absl::InlinedVector<std::uint32_t, 4>;
  struct Chunk {
    std::vector<Row> rows;  // Up to the chunk's last id; of settled ones nothing remains.
    std::int64_t pending_rows = 0;
    bool has_settled = false;  // On disk it is larger than it need be.
    // Of rows of which something is pending.
    absl::flat_hash_map<OutboxId, AttributeIds> settled_values;
  };
  struct Settled {
    bool all = false;
    AttributeIds attributes;
  };

  Row* Find(OutboxId id, Chunk** in);  // Null: there is no such row.
  absl::Status WriteNewChunk();
  std::vector<OutboxId> NoteSettled(JournalWriter& journal);
  absl::Status LoadChunk(OutboxId last_id, std::string_view payload, Visitor visit);
  absl::Status CompactChunk(OutboxId last_id, Chunk& chunk);

  LedgerStore& store_;
  OutboxId last_id_ = 0;
  std::map<OutboxId, Chunk> chunks_;                           // By last id.
  std::map<OutboxId, Chunk>::iterator found_ = chunks_.end();  // What Find has found last.

  // Of the group that is open.
  Chunk new_chunk_;        // Up to added_id_.
  OutboxId added_id_ = 0;  // Of the last row that was added.
  OutboxChunkWriter new_payload_;
  std::vector<std::pair<OutboxId, std::uint32_t>> settled_;

  absl::flat_hash_map<OutboxId, Settled> settled_on_disk_;  // While it is read back.
};

}  // namespace peaksync

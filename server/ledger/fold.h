#pragma once

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "server/ledger/confirmed_states.h"
#include "server/ledger/outbox.h"
#include "server/ledger/sqlite/store.h"

namespace peaksync {

// Brings what the journal holds into the tables, in slices that fit between commits: first the
// customers' states, in the order of the table, so that each of its pages is written once; then the
// outbox's chunks without what was settled; then the journal's rows that nobody needs any more are
// deleted. A fold that a crash has cut short begins again; all of its steps may be done twice.
//
// Thread safety: none.
class Fold {
 public:
  Fold(LedgerStore& store, ConfirmedStates& states, Outbox& outbox)
      : store_(store), states_(states), outbox_(outbox) {}

  bool under_way() const { return phase_ != Phase::kNone; }
  // Outside of a group: it folds what is committed.
  absl::Status Start();
  // Does about so many rows' work, inside of a group.
  absl::Status Slice(std::int64_t rows);
  // What was under way is forgotten; memory is read back from the file.
  void Clear() { phase_ = Phase::kNone; }

 private:
  enum class Phase : std::uint8_t { kNone, kStates, kOutbox, kJournal };

  absl::Status FoldStates(std::int64_t& rows);
  absl::Status CompactOutbox(std::int64_t& rows);
  absl::Status DeleteJournal(std::int64_t& rows);

  LedgerStore& store_;
  ConfirmedStates& states_;
  Outbox& outbox_;

  Phase phase_ = Phase::kNone;
  std::int64_t last_journal_id_ = 0;  // The last that it folds.
  std::size_t shard_ = 0;
  std::vector<CustomerHash> hashes_;  // Of the shard, what is left of them at the end first.
  OutboxId compacted_ = 0;
};

}  // namespace peaksync

#include "server/ledger/fold.h"

#include <algorithm>
#include <optional>

#include "server/base/status_macros.h"

namespace peaksync {
namespace {

// What deleting a row of the journal costs, whose pages are all to be freed, in rows of the table.
constexpr std::int64_t kJournalRowCost = 250;

}  // namespace

absl::Status Fold::Start() {
  PEAKSYNC_ASSIGN_OR_RETURN(last_journal_id_, store_.LastJournalId());
  states_.Freeze();
  phase_ = Phase::kStates;
  shard_ = 0;
  hashes_.clear();
  compacted_ = 0;
  return absl::OkStatus();
}

absl::Status Fold::Slice(std::int64_t rows) {
  while (rows > 0 && under_way()) {
    switch (phase_) {
      case Phase::kNone:
        break;
      case Phase::kStates:
        PEAKSYNC_RETURN_IF_ERROR(FoldStates(rows));
        break;
      case Phase::kOutbox:
        PEAKSYNC_RETURN_IF_ERROR(CompactOutbox(rows));
        break;
      case Phase::kJournal:
        PEAKSYNC_RETURN_IF_ERROR(DeleteJournal(rows));
        break;
    }
  }
  return absl::OkStatus();
}

absl::Status Fold::FoldStates(std::int64_t& rows) {
  if (hashes_.empty()) {
    if (shard_ == StateOverlay::kShards) {
      phase_ = Phase::kOutbox;
      return absl::OkStatus();
    }
    hashes_ = states_.FrozenHashes(shard_);
    std::ranges::reverse(hashes_);
  }
  for (; rows > 0 && !hashes_.empty(); --rows) {
    PEAKSYNC_RETURN_IF_ERROR(states_.Fold(hashes_.back()));
    hashes_.pop_back();
  }
  if (hashes_.empty()) states_.ForgetFrozen(shard_++);
  return absl::OkStatus();
}

absl::Status Fold::CompactOutbox(std::int64_t& rows) {
  PEAKSYNC_ASSIGN_OR_RETURN(const std::optional<OutboxId> next, outbox_.Compact(compacted_, rows));
  rows = 0;
  if (next) {
    compacted_ = *next;
  } else {
    phase_ = Phase::kJournal;
  }
  return absl::OkStatus();
}

absl::Status Fold::DeleteJournal(std::int64_t& rows) {
  const std::int64_t count = std::max<std::int64_t>(rows / kJournalRowCost, 1);
  PEAKSYNC_ASSIGN_OR_RETURN(const std::int64_t deleted,
                            store_.DeleteJournal(last_journal_id_, count));
  rows = 0;
  if (deleted == count) return absl::OkStatus();
  states_.Thaw();
  phase_ = Phase::kNone;
  return absl::OkStatus();
}

}  // namespace peaksync

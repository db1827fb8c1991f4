#include "server/ledger/outbox.h"

#include <algorithm>

#include "server/base/check.h"
#include "server/base/status_macros.h"

namespace peaksync {
namespace {

// A chunk is read and written whole.
constexpr std::size_t kChunkBytesMax = 1 << 20;

}  // namespace

Outbox::Row* Outbox::Find(OutboxId id, Chunk** in) {
  if (id <= added_id_ && id > added_id_ - static_cast<OutboxId>(new_chunk_.rows.size())) {
    *in = &new_chunk_;
    return &*(new_chunk_.rows.end() - 1 - (added_id_ - id));
  }
  const auto holds = [&](std::map<OutboxId, Chunk>::iterator chunk) {
    return chunk != chunks_.end() && id <= chunk->first &&
           chunk->first - id < static_cast<OutboxId>(chunk->second.rows.size());
  };
  if (!holds(found_)) found_ = chunks_.lower_bound(id);
  if (!holds(found_)) return nullptr;
  *in = &found_->second;
  return &*(found_->second.rows.end() - 1 - (found_->first - id));
}

const Outbox::Row& Outbox::At(OutboxId id) {
  Chunk* chunk = nullptr;
  const Row* row = Find(id, &chunk);
  PEAKSYNC_CHECK_MSG(row != nullptr && row->remaining > 0, "nothing of this update is pending");
  return *row;
}

absl::Status Outbox::Add(RunNumber run, std::uint32_t values, std::string_view packed) {
  added_id_ = last_id_;
  new_payload_.Add(added_id_, run, packed);
  new_chunk_.rows.push_back({run, values});
  ++new_chunk_.pending_rows;
  return new_payload_.payload().size() < kChunkBytesMax ? absl::OkStatus() : WriteNewChunk();
}

void Outbox::Settle(OutboxId id, std::uint32_t attribute_id) {
  Chunk* chunk = nullptr;
  Row* row = Find(id, &chunk);
  PEAKSYNC_CHECK(row != nullptr && row->remaining > 0);
  settled_.emplace_back(id, attribute_id);
  if (--row->remaining == 0) --chunk->pending_rows;
}

absl::Status Outbox::Write(JournalWriter& journal) {
  if (!new_chunk_.rows.empty()) PEAKSYNC_RETURN_IF_ERROR(WriteNewChunk());
  for (const OutboxId last_id : NoteSettled(journal)) {
    PEAKSYNC_RETURN_IF_ERROR(store_.DeleteOutboxChunk(last_id));
    chunks_.erase(last_id);
  }
  return absl::OkStatus();
}

absl::Status Outbox::WriteNewChunk() {
  // The sequence of the ids is on disk with it, also when nothing of it is pending any more.
  PEAKSYNC_RETURN_IF_ERROR(store_.WriteOutboxChunk(added_id_, new_payload_.payload()));
  chunks_[added_id_] = std::exchange(new_chunk_, {});
  found_ = chunks_.end();
  new_payload_.Clear();
  return absl::OkStatus();
}

// Answers the chunks of which nothing is pending any more.
std::vector<OutboxId> Outbox::NoteSettled(JournalWriter& journal) {
  std::vector<OutboxId> done;
  OutboxId noted = 0;  // Values of a row are mostly settled together.
  for (const auto& [id, attribute_id] : settled_) {
    if (id == noted) continue;
    Chunk* chunk = nullptr;
    const Row* row = Find(id, &chunk);
    if (chunk->pending_rows == 0) {
      if (done.empty() || done.back() != found_->first) done.push_back(found_->first);
      continue;
    }
    chunk->has_settled = true;
    if (row->remaining == 0) {
      journal.Settled(id);
      chunk->settled_values.erase(id);
      noted = id;
    } else {
      journal.Settled(id, attribute_id);
      chunk->settled_values[id].push_back(attribute_id);
    }
  }
  settled_.clear();
  found_ = chunks_.end();
  std::ranges::sort(done);
  done.erase(std::ranges::unique(done).begin(), done.end());
  return done;
}

void Outbox::Clear() {
  last_id_ = 0;
  chunks_.clear();
  found_ = chunks_.end();
  new_chunk_ = {};
  new_payload_.Clear();
  settled_.clear();
  settled_on_disk_.clear();
}

absl::Status Outbox::Load(Visitor visit) {
  PEAKSYNC_ASSIGN_OR_RETURN(last_id_, store_.LastOutboxId());
  PEAKSYNC_RETURN_IF_ERROR(
      store_.ReadOutbox([&](OutboxId last_id, std::string_view payload) -> absl::Status {
        return LoadChunk(last_id, payload, visit);
      }));
  settled_on_disk_.clear();
  return absl::OkStatus();
}

absl::Status Outbox::LoadChunk(OutboxId last_id, std::string_view payload, Visitor visit) {
  Chunk& chunk = chunks_[last_id];
  std::vector<std::pair<OutboxId, Row>> rows;
  const auto load_row = [&](OutboxId id, RunNumber run, std::string_view packed) -> absl::Status {
    const auto settled = settled_on_disk_.find(id);
    if (settled != settled_on_disk_.end()) chunk.has_settled = true;
    if (settled != settled_on_disk_.end() && settled->second.all) return absl::OkStatus();
    PEAKSYNC_ASSIGN_OR_RETURN(OutboxRow row, OutboxRow::Unpack(packed));
    if (settled != settled_on_disk_.end()) {
      row.Remove(settled->second.attributes);
      chunk.settled_values[id] = settled->second.attributes;
    }
    if (row.attributes.empty()) return absl::OkStatus();
    rows.emplace_back(id, Row{run, static_cast<std::uint32_t>(row.attributes.size())});
    return visit(id, run, row);
  };
  PEAKSYNC_ASSIGN_OR_RETURN(const OutboxId first_id, ReadOutboxChunk(last_id, payload, load_row));
  chunk.rows.resize(static_cast<std::size_t>(last_id - first_id + 1));
  for (const auto& [id, row] : rows) chunk.rows[static_cast<std::size_t>(id - first_id)] = row;
  chunk.pending_rows = static_cast<std::int64_t>(rows.size());
  return absl::OkStatus();
}

absl::StatusOr<std::optional<OutboxId>> Outbox::Compact(OutboxId after, std::int64_t rows) {
  for (auto at = chunks_.upper_bound(after); at != chunks_.end();) {
    auto& [last_id, chunk] = *at++;
    if (!chunk.has_settled) continue;
    rows -= static_cast<std::int64_t>(chunk.rows.size());
    after = last_id;
    PEAKSYNC_RETURN_IF_ERROR(CompactChunk(last_id, chunk));
    if (rows <= 0) return after;
  }
  return std::nullopt;
}

absl::Status Outbox::CompactChunk(OutboxId last_id, Chunk& chunk) {
  PEAKSYNC_ASSIGN_OR_RETURN(const std::string payload, store_.ReadOutboxChunk(last_id));
  OutboxChunkWriter compacted;
  std::string packed;
  const OutboxId before_first = last_id - static_cast<OutboxId>(chunk.rows.size());
  const auto keep_row = [&](OutboxId id, RunNumber run, std::string_view row) -> absl::Status {
    if (chunk.rows[static_cast<std::size_t>(id - before_first - 1)].remaining == 0) {
      return absl::OkStatus();
    }
    if (const auto settled = chunk.settled_values.find(id); settled != chunk.settled_values.end()) {
      PEAKSYNC_ASSIGN_OR_RETURN(OutboxRow kept, OutboxRow::Unpack(row));
      kept.Remove(settled->second);
      kept.Pack(&packed);
      row = packed;
    }
    compacted.Add(id, run, row);
    return absl::OkStatus();
  };
  PEAKSYNC_RETURN_IF_ERROR(ReadOutboxChunk(last_id, payload, keep_row).status());
  chunk.has_settled = false;
  chunk.settled_values.clear();
  return store_.WriteOutboxChunk(last_id, compacted.payload());
}

}  // namespace peaksync

#include "client/place_book.h"

#include <utility>

#include "client/limits.h"
#include "client/text.h"

namespace peaksync::client {

void PlaceBook::Add(std::int64_t sequence, std::int64_t line, std::string text) {
  if (batches_.empty() || batches_.back().sequence != sequence) {
    Batch next{sequence, {}, {}};
    if (batches_.size() == limits::kBatchesRememberedMax) {
      next = std::move(batches_.front());
      batches_.pop_front();
      next.sequence = sequence;
      next.lines.clear();
      next.texts.clear();
    }
    batches_.push_back(std::move(next));
  }
  batches_.back().lines.push_back(line);
  if (!text.empty()) batches_.back().texts.push_back(std::move(text));
}

std::vector<PlaceBook::Refused> PlaceBook::Find(const v1::BatchAck& ack,
                                                const std::string& id_column,
                                                const std::string& updated_at_column) const {
  std::vector<Refused> found;
  const v1::InvalidUpdate* before = nullptr;
  for (const v1::InvalidUpdate& invalid : ack.invalid()) {
    std::string column = invalid.field();
    if (column == "customer") column = id_column;
    if (column == "updated_at" && !updated_at_column.empty()) column = updated_at_column;
    if (column == "attributes") column.clear();
    const bool same_row = before != nullptr && before->sequence() == invalid.sequence() &&
                          before->index() == invalid.index();
    before = &invalid;
    if (same_row) {
      Append(&found.back().info.reason, "; ", column, column.empty() ? "" : ": ", invalid.reason());
      continue;
    }
    Refused refused{{0, column, invalid.reason()}, ""};
    for (const Batch& batch : batches_) {
      const auto index = static_cast<std::size_t>(invalid.index());
      if (batch.sequence != invalid.sequence() || index >= batch.lines.size()) continue;
      refused.info.line = batch.lines[index];
      if (index < batch.texts.size()) refused.text = batch.texts[index];
    }
    found.push_back(std::move(refused));
  }
  return found;
}

}  // namespace peaksync::client

#include "server/ledger/run_book.h"

#include <algorithm>
#include <utility>

#include "server/domain/concat.h"

namespace peaksync {

void RunBook::Reset(const ValueCounts& totals) {
  totals_ = totals;
  runs_.clear();
  by_id_.clear();
  dirty_.clear();
  found_ = nullptr;
}

ActiveRun& RunBook::Add(StoredRun stored, absl::Time now) {
  const RunNumber number = stored.number;
  by_id_[stored.run.run_id] = number;
  auto& entry = runs_[number];
  entry = std::make_unique<ActiveRun>();
  entry->stored = std::move(stored);
  entry->streamless_since = now;
  return *entry;
}

void RunBook::Remove(RunNumber number) {
  const auto found = runs_.find(number);
  std::erase(dirty_, found->second.get());
  by_id_.erase(found->second->run().run_id);
  runs_.erase(found);
  found_ = nullptr;
}

ActiveRun* RunBook::Find(std::string_view run_id) {
  const auto found = by_id_.find(Abseil(run_id));
  return found == by_id_.end() ? nullptr : Find(found->second);
}

ActiveRun* RunBook::Find(RunNumber number) {
  if (found_ != nullptr && found_->stored.number == number) return found_;
  const auto found = runs_.find(number);
  return found == runs_.end() ? nullptr : found_ = found->second.get();
}

ActiveRun* RunBook::FindOpen(std::uint32_t source_id) {
  for (auto& [number, run] : runs_) {
    if (run->stored.source_id == source_id && run->run().state == RunState::kOpen) {
      return run.get();
    }
  }
  return nullptr;
}

std::vector<ActiveRun*> RunBook::All() {
  std::vector<ActiveRun*> all;
  for (auto& [number, run] : runs_) all.push_back(run.get());
  return all;
}

void RunBook::Count(ActiveRun& run, State state, std::int64_t count) {
  run.run().values.*state += count;
  totals_.*state += count;
  MarkDirty(run);
}

void RunBook::MarkDirty(ActiveRun& run) {
  if (run.dirty) return;
  run.dirty = true;
  dirty_.push_back(&run);
}

std::vector<ActiveRun*> RunBook::TakeDirty() {
  for (ActiveRun* run : dirty_) run->dirty = false;
  return std::exchange(dirty_, {});
}

absl::Status CheckValueCounts(std::string_view whose, const ValueCounts& values) {
  if (values.received == values.Sum()) return absl::OkStatus();
  return absl::DataLossError(Concat(whose, ": ", values.received, " values were received, but ",
                                    values.Sum(), " are accounted for"));
}

}  // namespace peaksync

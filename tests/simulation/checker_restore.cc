// What people do to the file: a backup that is restored, another workspace; and what the file says
// by itself.
#include <utility>

#include "server/ledger/sqlite/maintenance.h"
#include "tests/simulation/checker.h"

namespace peaksync::simulation {

bool Checker::BackedUp() {
  if (!untold_.empty()) return false;
  backup_ = Backup{book_, cursors_, model_.NewestTimes()};
  return true;
}

// Runs, cursors and rejections are kept, what waited is discarded (docs/design.md section 1).
void Checker::Restored(TenantLedger& ledger) {
  const absl::StatusOr<RunPage> page = ledger.ListRuns("", 1'000, std::nullopt);
  if (!page.ok()) return world_.Break("a restored ledger cannot be read: ", page.status());
  Book found;
  for (const Run& run : page->runs) found[run.run_id] = FactsOf(run);
  for (auto& [run_id, facts] : backup_->book) {
    ValueCounts expected = facts.values;
    expected.discarded += std::exchange(expected.pending, 0);
    const auto run = found.find(run_id);
    if (run == found.end() || run->second.values != expected || !run->second.complete) {
      return world_.Break("section 1: ", run_id, " of the backup is not what was restored");
    }
  }
  if (found.size() != backup_->book.size()) world_.Break("section 1: a restored run too many");
  const absl::StatusOr<SourcePage> sources = ledger.ListSources(100, "");
  if (!sources.ok()) return world_.Break("a restored ledger cannot be read: ", sources.status());
  for (const Source& source : sources->sources) {
    if (source.full_required.empty()) {
      world_.Break("section 1: after a restore ", source.name, " need not be full");
    }
  }
  book_ = restored_ = std::move(found);
  cursors_ = backup_->cursors;
  untold_.clear();
  waiting_.clear();
  model_.Restore(backup_->times);
  MadeUnknown("", "");
  CheckCursors(ledger, /*exact=*/true);
  CheckSums(ledger);
}

// Until a FULL run has completed since.
bool Checker::MustBeFull(const std::string& source) const {
  bool known = false;
  for (const auto& [run_id, facts] : restored_) known |= facts.source == source;
  if (!known) return false;
  for (const auto& [run_id, facts] : book_) {
    const bool completed =
        facts.state == RunState::kCompleted || facts.state == RunState::kCompletedWithRejections;
    if (facts.source == source && facts.mode == RunMode::kFull && facts.complete && completed &&
        !restored_.contains(run_id)) {
      return false;
    }
  }
  return true;
}

void Checker::Rebound() {
  model_.Rebind();
  MadeUnknown("", "");
}

// By the file alone: every run's pending values counted from the outbox, and the sums with them.
void Checker::CheckOnDisk() {
  if (world_.broken() || disk_.dead()) return;
  const VirtualDisk::Fault fault = disk_.fault();
  disk_.SetFault(VirtualDisk::Fault::kNone);  // It looks, and is no part of the history.
  const absl::StatusOr<std::vector<std::string>> problems = CheckLedger(ledger_path_);
  disk_.SetFault(fault);
  if (!problems.ok()) return world_.Break("rule 3: the file: ", problems.status());
  if (!problems->empty()) return world_.Break("rule 3: the file: ", problems->front());
  world_.coverage.Count(Seen::kCountedOnDisk);
}

void Checker::CheckProfiles(const MadeBatch& sent) {
  if (scenario_.create_profiles) return;
  for (const MadeUpdate& update : sent.updates) {
    for (const MadeValue& value : update.values) {
      const SimulatedBraze::Profile& profile = braze_.RealProfileOf(update.customer);
      const auto found = profile.find(value.attribute);
      const std::string held = found == profile.end() ? "null" : found->second;
      if (held == value.json) continue;
      return world_.Break("section 4: the profile of ", update.customer, " has ", held, ", not ",
                          value.json, ", after resend_after");
    }
  }
  world_.coverage.Count(Seen::kResentToProfile);
}

}  // namespace peaksync::simulation

#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "server/domain/run.h"
#include "server/ledger/ledger.h"
#include "server/ledger/sqlite/store.h"

namespace peaksync {

// A run that is open, or of which values are pending.
struct ActiveRun {
  StoredRun stored;
  StreamId stream = 0;                             // 0: none now.
  std::function<void(const absl::Status&)> ended;  // See StartRequest.
  absl::Time streamless_since;
  bool dirty = false;  // Its row is older than this.

  Run& run() { return stored.run; }
  const Run& run() const { return stored.run; }
};

// The active runs, and the counts of rule 3: of each run, and of the tenant over all runs that ever
// were. Every change of a count goes through here, so that both are changed together.
// Thread safety: none.
class RunBook {
 public:
  using State = std::int64_t ValueCounts::*;

  // Starts over with the sums of all runs' rows; active runs are added after it.
  void Reset(const ValueCounts& totals);
  ActiveRun& Add(StoredRun stored, absl::Time now);
  // A run whose values are all settled and that nobody can resume.
  void Remove(RunNumber number);

  ActiveRun* Find(std::string_view run_id);
  ActiveRun* Find(RunNumber number);
  // The source's run that is OPEN; at most one.
  ActiveRun* FindOpen(std::uint32_t source_id);
  std::vector<ActiveRun*> All();

  void Count(ActiveRun& run, State state, std::int64_t count);
  void MarkDirty(ActiveRun& run);
  // Runs that changed since the last call; marks them clean.
  std::vector<ActiveRun*> TakeDirty();

  const ValueCounts& totals() const { return totals_; }

 private:
  ValueCounts totals_;
  absl::flat_hash_map<RunNumber, std::unique_ptr<ActiveRun>> runs_;
  absl::flat_hash_map<std::string, RunNumber> by_id_;
  std::vector<ActiveRun*> dirty_;
  ActiveRun* found_ = nullptr;  // What Find by number has found last; null: none.
};

// Rule 3, with both sums in the message when it is broken. `whose` names the run or the tenant.
absl::Status CheckValueCounts(std::string_view whose, const ValueCounts& values);

}  // namespace peaksync

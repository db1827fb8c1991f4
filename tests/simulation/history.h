#pragma once

#include <cstdint>
#include <string>

#include "tests/simulation/coverage.h"

namespace peaksync::simulation {

struct HistoryResult {
  std::string broken;  // The rule that was broken, and what came before; empty: none.
  Coverage coverage;
  std::int64_t updates = 0;  // Durable.
  std::uint64_t digest = 0;  // Of the story.
};

// Plays the history of the seed: two sources, trouble of every kind, then everything heals and must
// come to rest. `ledger_path`: where the ledger thinks it lies; an empty file is made there.
// `verbose`: tells the story on standard output. One history a process: SQLite and Abseil remember
// more than a history should know.
HistoryResult PlayHistory(std::uint64_t seed, const std::string& ledger_path, bool verbose);

}  // namespace peaksync::simulation

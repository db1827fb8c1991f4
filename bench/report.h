#pragma once

#include <string>
#include <vector>

#include "bench/drive.h"

namespace peaksync::bench {

// What was measured, and of what, as JSON with an end of line. Names carry their unit.
std::string ToJson(const DriveOptions& options, const std::vector<PhaseReport>& phases);

}  // namespace peaksync::bench

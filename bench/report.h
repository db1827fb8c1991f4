#pragma once

#include <string>

#include "bench/drive.h"

namespace peaksync::bench {

// What was measured, and of what, as JSON with an end of line. Names carry their unit.
std::string ToJson(const DriveOptions& options, const DriveReport& report);

}  // namespace peaksync::bench

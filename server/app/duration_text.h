#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace peaksync {

// "200ms", "30s", "5m", "1h", "90d": a whole number and one unit. Never negative.
absl::StatusOr<absl::Duration> ParseDuration(std::string_view text);

// The same spelling, in the largest unit that is exact.
std::string DurationText(absl::Duration duration);

// "4000000", "64MiB", "1GiB": a whole number of bytes, KiB, MiB, GiB or TiB.
absl::StatusOr<std::int64_t> ParseBytes(std::string_view text);

}  // namespace peaksync

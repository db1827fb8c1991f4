#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace peaksync::client {

// A point in time as it travels: whole seconds since 1970 and nanoseconds, exact.
struct TimePoint {
  std::int64_t seconds = 0;
  std::int32_t nanos = 0;

  friend bool operator==(const TimePoint&, const TimePoint&) = default;
  friend bool operator<(const TimePoint& a, const TimePoint& b) {
    return a.seconds != b.seconds ? a.seconds < b.seconds : a.nanos < b.nanos;
  }
};

// Reads an RFC 3339 time with its zone: `2026-09-07T02:00:00.5Z`, `2026-09-07 04:00:00+02:00`. A
// space may stand for the T and before the zone, and the zone may be `+0200` or `+02`, as data
// warehouses write them. INVALID_ARGUMENT says what is missing, above all the zone; it never
// repeats the text.
absl::StatusOr<TimePoint> ParseTime(std::string_view text);

// `2026-09-07T02:00:00Z`, with a fraction only where there is one.
std::string FormatTime(TimePoint time);

// Reads `200ms`, `30s`, `5m`, `1h`, `90d`, also several in a row (`1h30m`). INVALID_ARGUMENT
// otherwise.
absl::StatusOr<absl::Duration> ParseDuration(std::string_view text);

// For people: `340 ms`, `12.3 s`, `4 min 07 s`, `2 h 05 min`.
std::string DurationText(absl::Duration duration);

}  // namespace peaksync::client

#pragma once

#include <bitset>
#include <optional>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"

namespace peaksync::client {

// When a job runs, as cron says it: minute, hour, day of the month, month, day of the week. Each
// field is `*`, a number, a range `1-5`, a step `*/15` or `1-31/2`, or several with commas; months
// and days of the week also by their English names. Sunday is 0 and 7. When both days are
// restricted, either is enough. `@daily` is `0 0 * * *`, `@weekly` is `0 0 * * 0`. Pure.
class Schedule {
 public:
  // INVALID_ARGUMENT names the field and what it takes; also when no such day ever comes.
  static absl::StatusOr<Schedule> Parse(std::string_view text);

  // The first slot after `after` by the clock of `zone`. Where the clock is set ahead over a slot,
  // the slot is the moment of the change; where it is set back, a slot comes once, the first time,
  // but for schedules whose hour begins with `*`: those run through both hours.
  absl::Time NextAfter(absl::Time after, absl::TimeZone zone) const;

 private:
  bool MatchesDay(absl::CivilDay day) const;
  std::optional<absl::Time> FirstOfDay(absl::CivilDay day, absl::Time after,
                                       absl::TimeZone zone) const;
  std::optional<absl::Time> FirstOfHours(absl::Time from, absl::Time until,
                                         absl::TimeZone zone) const;

  std::bitset<60> minutes_;
  std::bitset<24> hours_;
  std::bitset<32> days_;    // 1 to 31.
  std::bitset<13> months_;  // 1 to 12.
  std::bitset<7> weekdays_;
  bool every_hour_ = false;  // The hour begins with `*`.
  bool any_day_ = false;
  bool any_weekday_ = false;
};

}  // namespace peaksync::client

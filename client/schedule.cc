#include "client/schedule.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <span>
#include <string>
#include <vector>

#include "absl/strings/str_split.h"
#include "client/status_macros.h"
#include "client/text.h"

namespace peaksync::client {
namespace {

// Leap days of a given weekday come within 28 years, but for 2100; a restriction of both is an
// "or".
constexpr int kDaysLookedAt = 9 * 366;

constexpr std::array<std::string_view, 12> kMonths = {"jan", "feb", "mar", "apr", "may", "jun",
                                                      "jul", "aug", "sep", "oct", "nov", "dec"};
constexpr std::array<std::string_view, 7> kWeekdays = {"sun", "mon", "tue", "wed",
                                                       "thu", "fri", "sat"};

// What a field may hold.
struct Field {
  std::string_view name;
  int min;
  int max;
  std::span<const std::string_view> words;  // The first one is `min`.
};

absl::Status Bad(const Field& field, absl::string_view text) {
  return Invalid("schedule: '", text, "' is no ", field.name, "; it takes ", field.min, " to ",
                 field.max, ", *, ranges a-b, steps */n, and lists a,b");
}

absl::StatusOr<int> ReadNumber(const Field& field, absl::string_view text) {
  for (std::size_t i = 0; i < field.words.size(); ++i) {
    if (EqualsIgnoreCase(FromAbsl(text), field.words[i])) return field.min + static_cast<int>(i);
  }
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number < field.min ||
      number > field.max) {
    return Bad(field, text);
  }
  return number;
}

// `*`, `5`, `1-5`, each with `/n` perhaps.
template <std::size_t N>
absl::Status ReadPart(const Field& field, absl::string_view part, std::bitset<N>* set) {
  const std::vector<absl::string_view> halves = absl::StrSplit(part, '/');
  int first = field.min;
  int last = field.max;
  int step = 1;
  if (halves.size() > 2) return Bad(field, part);
  if (halves.size() == 2) {
    const auto [end, error] =
        std::from_chars(halves[1].data(), halves[1].data() + halves[1].size(), step);
    if (error != std::errc() || end != halves[1].data() + halves[1].size() || step < 1) {
      return Bad(field, part);
    }
  }
  if (halves[0] != "*") {
    const std::vector<absl::string_view> ends = absl::StrSplit(halves[0], '-');
    if (ends.size() > 2) return Bad(field, part);
    PEAKSYNC_CLIENT_ASSIGN_OR_RETURN(first, ReadNumber(field, ends[0]));
    if (ends.size() == 2) {
      PEAKSYNC_CLIENT_ASSIGN_OR_RETURN(last, ReadNumber(field, ends[1]));
    } else if (halves.size() == 1) {
      last = first;
    }
    if (last < first) return Bad(field, part);
  }
  for (int value = first; value <= last; value += step) {
    set->set(static_cast<std::size_t>(value) % N);
  }
  return absl::OkStatus();
}

template <std::size_t N>
absl::Status ReadField(const Field& field, absl::string_view text, std::bitset<N>* set) {
  for (const absl::string_view part : absl::StrSplit(text, ',')) {
    PEAKSYNC_CLIENT_RETURN_IF_ERROR(ReadPart(field, part, set));
  }
  return absl::OkStatus();
}

// Sunday 0, as cron has it.
std::size_t WeekdayOf(absl::CivilDay day) {
  return (static_cast<std::size_t>(absl::GetWeekday(day)) + 1) % 7;
}

}  // namespace

absl::StatusOr<Schedule> Schedule::Parse(std::string_view text) {
  if (text == "@daily") text = "0 0 * * *";
  if (text == "@weekly") text = "0 0 * * 0";
  const std::vector<absl::string_view> fields =
      absl::StrSplit(ToAbsl(text), absl::ByAnyChar(" \t"), absl::SkipEmpty());
  if (fields.size() != 5) {
    return Invalid("schedule: '", text,
                   "' has not five fields (minute hour day month weekday, such as \"0 2 * * *\") "
                   "and is neither @daily nor @weekly");
  }
  Schedule schedule;
  std::bitset<8> weekdays;
  PEAKSYNC_CLIENT_RETURN_IF_ERROR(ReadField({"minute", 0, 59, {}}, fields[0], &schedule.minutes_));
  PEAKSYNC_CLIENT_RETURN_IF_ERROR(ReadField({"hour", 0, 23, {}}, fields[1], &schedule.hours_));
  PEAKSYNC_CLIENT_RETURN_IF_ERROR(
      ReadField({"day of the month", 1, 31, {}}, fields[2], &schedule.days_));
  PEAKSYNC_CLIENT_RETURN_IF_ERROR(
      ReadField({"month", 1, 12, kMonths}, fields[3], &schedule.months_));
  PEAKSYNC_CLIENT_RETURN_IF_ERROR(
      ReadField({"day of the week", 0, 7, kWeekdays}, fields[4], &weekdays));
  for (std::size_t day = 0; day < 8; ++day) {
    if (weekdays[day]) schedule.weekdays_.set(day % 7);
  }
  schedule.every_hour_ = fields[1][0] == '*';
  schedule.any_day_ = fields[2][0] == '*';
  schedule.any_weekday_ = fields[4][0] == '*';
  const absl::CivilDay some_day(2026, 1, 1);
  for (int i = 0; i < kDaysLookedAt; ++i) {
    if (schedule.MatchesDay(some_day + i)) return schedule;
  }
  return Invalid("schedule: '", text, "' never comes: no month of it has that day");
}

bool Schedule::MatchesDay(absl::CivilDay day) const {
  if (!months_[static_cast<std::size_t>(day.month())]) return false;
  const bool by_day = days_[static_cast<std::size_t>(day.day())];
  const bool by_weekday = weekdays_[WeekdayOf(day)];
  return any_day_ || any_weekday_ ? by_day && by_weekday : by_day || by_weekday;
}

// By the clock's face: each face once.
std::optional<absl::Time> Schedule::FirstOfDay(absl::CivilDay day, absl::Time after,
                                               absl::TimeZone zone) const {
  for (std::size_t hour = 0; hour < hours_.size(); ++hour) {
    if (!hours_[hour]) continue;
    for (std::size_t minute = 0; minute < minutes_.size(); ++minute) {
      if (!minutes_[minute]) continue;
      const absl::CivilMinute face(day.year(), day.month(), day.day(), static_cast<int>(hour),
                                   static_cast<int>(minute));
      const absl::TimeZone::TimeInfo info = zone.At(face);
      const absl::Time slot =
          info.kind == absl::TimeZone::TimeInfo::SKIPPED ? info.trans : info.pre;
      if (slot > after) return slot;
    }
  }
  return std::nullopt;
}

// Minute after minute of real time, whatever the clock does.
std::optional<absl::Time> Schedule::FirstOfHours(absl::Time from, absl::Time until,
                                                 absl::TimeZone zone) const {
  for (absl::Time at = from; at < until; at += absl::Minutes(1)) {
    const absl::CivilMinute face(absl::ToCivilMinute(at, zone));
    if (hours_[static_cast<std::size_t>(face.hour())] &&
        minutes_[static_cast<std::size_t>(face.minute())]) {
      return at;
    }
  }
  return std::nullopt;
}

absl::Time Schedule::NextAfter(absl::Time after, absl::TimeZone zone) const {
  const absl::Time next_minute =
      absl::FromUnixSeconds(absl::ToUnixSeconds(after) / 60 * 60) + absl::Minutes(1);
  const absl::CivilDay first = absl::ToCivilDay(after, zone);
  for (int i = 0; i < kDaysLookedAt; ++i) {
    const absl::CivilDay day = first + i;
    if (!MatchesDay(day)) continue;
    const std::optional<absl::Time> slot =
        every_hour_
            ? FirstOfHours(std::max(next_minute, zone.At(day).pre), zone.At(day + 1).pre, zone)
            : FirstOfDay(day, after, zone);
    if (slot) return *slot;
  }
  return absl::InfiniteFuture();  // Parse() has seen that there is one.
}

}  // namespace peaksync::client

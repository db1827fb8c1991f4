#include "mockbraze/base/date.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>

namespace mockbraze {
namespace {

constexpr int year_max = 3000;
constexpr std::array<std::string_view, 7> weekdays = {"Mon", "Tue", "Wed", "Thu",
                                                      "Fri", "Sat", "Sun"};

// Takes a text apart from the left. Each step answers whether it fitted, and takes nothing if not.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : rest_(text) {}

  bool done() const { return rest_.empty(); }
  bool Take(char c) {
    if (rest_.empty() || rest_[0] != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  bool Take(std::string_view text) {
    if (!rest_.starts_with(text)) return false;
    rest_.remove_prefix(text.size());
    return true;
  }
  bool TakeDigits(std::size_t digits, int* number) {
    if (rest_.size() < digits) return false;
    int sum = 0;
    for (std::size_t i = 0; i < digits; ++i) {
      if (!IsDigit(rest_[i])) return false;
      sum = sum * 10 + (rest_[i] - '0');
    }
    rest_.remove_prefix(digits);
    *number = sum;
    return true;
  }
  // Any number of digits behind a decimal sign; those beyond milliseconds are cut off.
  bool TakeFraction(int* millis) {
    std::size_t digits = 0;
    int sum = 0;
    for (; digits < rest_.size() && IsDigit(rest_[digits]); ++digits) {
      if (digits < 3) sum = sum * 10 + (rest_[digits] - '0');
    }
    if (digits == 0) return false;
    for (std::size_t i = digits; i < 3; ++i) sum *= 10;
    rest_.remove_prefix(digits);
    *millis = sum;
    return true;
  }

 private:
  static bool IsDigit(char c) { return c >= '0' && c <= '9'; }

  std::string_view rest_;
};

struct Parts {
  int year = 0;
  int month = 1;
  int day = 1;
  int hour = 0;
  int minute = 0;
  int second = 0;
  int millis = 0;
  int offset_minutes = 0;
};

bool TakeClockTime(Cursor& text, Parts* parts) {
  if (!text.TakeDigits(2, &parts->hour) || !text.Take(':') || !text.TakeDigits(2, &parts->minute)) {
    return false;
  }
  Cursor with_seconds = text;
  if (with_seconds.Take(':') && with_seconds.TakeDigits(2, &parts->second)) text = with_seconds;
  return parts->hour <= 24 && parts->minute < 60 && parts->second <= 60;
}

// Z, UTC, +0200 or +02:00, maybe after a blank; nothing is UTC.
bool TakeZone(Cursor& text, Parts* parts) {
  text.Take(' ');
  if (text.done() || text.Take('Z') || text.Take("UTC") || text.Take("GMT")) return true;
  const bool east = text.Take('+');
  if (!east && !text.Take('-')) return false;
  int hours = 0;
  int minutes = 0;
  if (!text.TakeDigits(2, &hours)) return false;
  text.Take(':');
  if (!text.TakeDigits(2, &minutes) || hours > 24 || minutes > 59) return false;
  parts->offset_minutes = (east ? 1 : -1) * (hours * 60 + minutes);
  return true;
}

bool ReadIso(Cursor text, Parts* parts) {
  if (!text.TakeDigits(4, &parts->year) || !text.Take('-') || !text.TakeDigits(2, &parts->month) ||
      !text.Take('-') || !text.TakeDigits(2, &parts->day)) {
    return false;
  }
  if (text.done()) return true;
  if (!text.Take('T') && !text.Take(' ')) return false;
  if (!TakeClockTime(text, parts)) return false;
  // The colon is the documented yyyy-MM-ddTHH:mm:ss:SSSZ.
  if ((text.Take('.') || text.Take(':')) && !text.TakeFraction(&parts->millis)) return false;
  return TakeZone(text, parts) && text.done();
}

bool ReadAmerican(Cursor text, Parts* parts) {
  return text.TakeDigits(2, &parts->month) && text.Take('/') && text.TakeDigits(2, &parts->day) &&
         text.Take('/') && text.TakeDigits(4, &parts->year) && text.done();
}

bool ReadWithWeekday(Cursor text, Parts* parts) {
  if (std::ranges::none_of(weekdays, [&](std::string_view day) { return text.Take(day); })) {
    return false;
  }
  return text.Take(' ') && text.TakeDigits(2, &parts->month) && text.Take(' ') &&
         text.TakeDigits(2, &parts->day) && text.Take(' ') && TakeClockTime(text, parts) &&
         text.Take('.') && TakeZone(text, parts) && text.Take(' ') &&
         text.TakeDigits(4, &parts->year) && text.done();
}

std::optional<Clock::Time> ToTime(const Parts& parts) {
  // ISO 8601: the hour 24 is the end of a day, and no later.
  if (parts.hour == 24 && (parts.minute > 0 || parts.second > 0 || parts.millis > 0)) {
    return std::nullopt;
  }
  using std::chrono::day;
  using std::chrono::month;
  using std::chrono::year;
  const std::chrono::year_month_day date(year(parts.year),
                                         month(static_cast<unsigned>(parts.month)),
                                         day(static_cast<unsigned>(parts.day)));
  if (parts.year > year_max || !date.ok()) return std::nullopt;
  return Clock::Time(std::chrono::sys_days(date)) + std::chrono::hours(parts.hour) +
         std::chrono::minutes(parts.minute - parts.offset_minutes) +
         std::chrono::seconds(parts.second) + std::chrono::milliseconds(parts.millis);
}

}  // namespace

std::optional<Clock::Time> ParseIsoDate(std::string_view text) {
  Parts parts;
  if (!ReadIso(Cursor(text), &parts)) return std::nullopt;
  return ToTime(parts);
}

std::optional<Clock::Time> ParseDate(std::string_view text) {
  for (const auto read : {ReadIso, ReadAmerican, ReadWithWeekday}) {
    Parts parts;
    if (read(Cursor(text), &parts)) return ToTime(parts);
  }
  return std::nullopt;
}

std::string IsoTime(Clock::Time time) {
  // Rounded down, so that times before 1970 have no negative parts.
  const auto days = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(days);
  const std::chrono::hh_mm_ss clock(time - days);
  std::array<char, 96> out;
  std::snprintf(
      out.data(), out.size(), "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ", static_cast<int>(date.year()),
      static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
      static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
      static_cast<int>(clock.seconds().count()), static_cast<int>(clock.subseconds().count()));
  return out.data();
}

}  // namespace mockbraze

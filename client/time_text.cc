#include "client/time_text.h"

#include <charconv>
#include <cmath>
#include <optional>

#include "absl/strings/str_format.h"
#include "absl/time/civil_time.h"
#include "client/text.h"

namespace peaksync::client {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// Takes exactly `count` digits off the front.
std::optional<int> TakeDigits(std::string_view* text, std::size_t count) {
  if (text->size() < count) return std::nullopt;
  int value = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (!IsDigit((*text)[i])) return std::nullopt;
    value = 10 * value + ((*text)[i] - '0');
  }
  text->remove_prefix(count);
  return value;
}

bool Take(std::string_view* text, char c) {
  if (text->empty() || text->front() != c) return false;
  text->remove_prefix(1);
  return true;
}

absl::Status NoTime(std::string_view what) {
  return Invalid(Cat(what, "; a time is written 2026-09-07T02:00:00Z (RFC 3339)"));
}

// The digits behind the point, as nanoseconds.
std::optional<std::int32_t> TakeFraction(std::string_view* text) {
  std::int32_t nanos = 0;
  int digits = 0;
  while (!text->empty() && IsDigit(text->front())) {
    if (++digits > 9) return std::nullopt;
    nanos = 10 * nanos + (text->front() - '0');
    text->remove_prefix(1);
  }
  if (digits == 0) return std::nullopt;
  for (; digits < 9; ++digits) nanos *= 10;
  return nanos;
}

// `Z`, `+02:00`, `+0200` or `+02`, as seconds east of Greenwich.
absl::StatusOr<std::int64_t> TakeZone(std::string_view* text) {
  Take(text, ' ');
  if (Take(text, 'Z') || Take(text, 'z')) return 0;
  const bool east = Take(text, '+');
  if (!east && !Take(text, '-')) {
    return NoTime("the time has no zone (Z or +02:00), so it is not known which moment is meant");
  }
  const std::optional<int> hours = TakeDigits(text, 2);
  const bool colon = Take(text, ':');
  std::optional<int> minutes = 0;
  if (colon || !text->empty()) minutes = TakeDigits(text, 2);
  if (!hours || !minutes || *hours > 23 || *minutes > 59) return NoTime("the zone can't be read");
  const std::int64_t offset = 3600LL * *hours + 60LL * *minutes;
  return east ? offset : -offset;
}

}  // namespace

absl::StatusOr<TimePoint> ParseTime(std::string_view text) {
  const auto year = TakeDigits(&text, 4);
  const bool dash1 = Take(&text, '-');
  const auto month = TakeDigits(&text, 2);
  const bool dash2 = Take(&text, '-');
  const auto day = TakeDigits(&text, 2);
  if (!year || !dash1 || !month || !dash2 || !day) return NoTime("this is not a time");
  if (text.empty()) return NoTime("this is a date without a time of day and a zone");
  if (!Take(&text, 'T') && !Take(&text, 't') && !Take(&text, ' ')) {
    return NoTime("this is not a time");
  }
  const auto hour = TakeDigits(&text, 2);
  const bool colon1 = Take(&text, ':');
  const auto minute = TakeDigits(&text, 2);
  const bool colon2 = Take(&text, ':');
  const auto second = TakeDigits(&text, 2);
  if (!hour || !colon1 || !minute || !colon2 || !second)
    return NoTime("the time of day is not whole");
  std::optional<std::int32_t> nanos = 0;
  if (Take(&text, '.')) nanos = TakeFraction(&text);
  if (!nanos) return NoTime("the fraction of the second must have 1 to 9 digits");
  const absl::StatusOr<std::int64_t> offset = TakeZone(&text);
  if (!offset.ok()) return offset.status();
  if (!text.empty()) return NoTime("text follows the time");
  const absl::CivilSecond civil(*year, *month, *day, *hour, *minute, *second);
  const bool exists = *year > 0 && civil.month() == *month && civil.day() == *day &&
                      civil.hour() == *hour && civil.minute() == *minute &&
                      civil.second() == *second;
  if (!exists) return NoTime("there is no such day or time of day");
  return TimePoint{civil - absl::CivilSecond(1970, 1, 1) - *offset, *nanos};
}

std::string FormatTime(TimePoint time) {
  const absl::CivilSecond civil = absl::CivilSecond(1970, 1, 1) + time.seconds;
  std::string text = absl::StrFormat("%04d-%02d-%02dT%02d:%02d:%02d", civil.year(), civil.month(),
                                     civil.day(), civil.hour(), civil.minute(), civil.second());
  if (time.nanos != 0) {
    std::string fraction = absl::StrFormat(".%09d", time.nanos);
    fraction.erase(fraction.find_last_not_of('0') + 1);
    text += fraction;
  }
  return text + "Z";
}

absl::StatusOr<absl::Duration> ParseDuration(std::string_view text) {
  const absl::Status bad = Invalid("a duration is written 200ms, 30s, 5m, 1h or 90d");
  if (text.empty()) return bad;
  absl::Duration total;
  while (!text.empty()) {
    double value = 0;
    const auto [end, error] =
        std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
    if (error != std::errc() || !IsDigit(text.front()) || !std::isfinite(value)) return bad;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    const std::string_view unit = text.substr(0, text.find_first_of("0123456789"));
    text.remove_prefix(unit.size());
    if (unit == "ms") {
      total += absl::Milliseconds(value);
    } else if (unit == "s") {
      total += absl::Seconds(value);
    } else if (unit == "m") {
      total += absl::Minutes(value);
    } else if (unit == "h") {
      total += absl::Hours(value);
    } else if (unit == "d") {
      total += absl::Hours(24 * value);
    } else {
      return bad;
    }
  }
  if (total > absl::Hours(24 * 3660)) return Invalid("that is over ten years");
  return total;
}

std::string DurationText(absl::Duration duration) {
  const std::int64_t ms = absl::ToInt64Milliseconds(duration);
  if (ms < 1000) return Cat(ms, " ms");
  if (ms < 60'000) return absl::StrFormat("%.1f s", absl::ToDoubleSeconds(duration));
  const std::int64_t seconds = ms / 1000;
  if (seconds < 3600) return absl::StrFormat("%d min %02d s", seconds / 60, seconds % 60);
  return absl::StrFormat("%d h %02d min", seconds / 3600, seconds / 60 % 60);
}

}  // namespace peaksync::client

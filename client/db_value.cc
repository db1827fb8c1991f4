#include "client/db_value.h"

#include <charconv>
#include <cmath>
#include <string>

#include "absl/time/civil_time.h"
#include "client/row_rules.h"
#include "client/status_macros.h"
#include "client/text.h"
#include "client/utf8.h"

namespace peaksync::client {
namespace {

constexpr std::string_view kTypeHint =
    "; give the column a type: string keeps every digit, double rounds";

// A decimal as its significant digits and the power of ten of the last one, so that 1.50, 15e-1 and
// 1.5 are the same.
struct Decimal {
  bool negative = false;
  std::string digits;  // Without zeros at either end; empty: zero.
  std::int64_t exponent = 0;
  friend bool operator==(const Decimal&, const Decimal&) = default;
};

std::optional<Decimal> ReadDecimal(std::string_view text) {
  Decimal decimal;
  decimal.negative = TakePrefix(&text, "-");
  if (!decimal.negative) TakePrefix(&text, "+");
  bool seen_digit = false;
  bool behind_point = false;
  std::size_t at = 0;
  for (; at < text.size() && text[at] != 'e' && text[at] != 'E'; ++at) {
    if (text[at] == '.' && !behind_point) {
      behind_point = true;
      continue;
    }
    if (text[at] < '0' || text[at] > '9') return std::nullopt;
    seen_digit = true;
    if (text[at] != '0' || !decimal.digits.empty()) decimal.digits += text[at];
    if (behind_point) --decimal.exponent;
  }
  if (!seen_digit) return std::nullopt;
  if (at < text.size()) {
    text.remove_prefix(at + 1);
    TakePrefix(&text, "+");
    std::int64_t power = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), power);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    decimal.exponent += power;
  }
  while (!decimal.digits.empty() && decimal.digits.back() == '0') {
    decimal.digits.pop_back();
    ++decimal.exponent;
  }
  if (decimal.digits.empty()) return Decimal{};
  return decimal;
}

std::optional<double> ReadDouble(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  if (!whole || !std::isfinite(value)) return std::nullopt;
  return value;
}

absl::Status SetBool(std::string_view cell, v1::Value* out) {
  const bool is_true = cell == "t" || cell == "1" || EqualsIgnoreCase(cell, "true");
  const bool is_false = cell == "f" || cell == "0" || EqualsIgnoreCase(cell, "false");
  if (!is_true && !is_false) return Invalid("expected true or false");
  out->set_bool_value(is_true);
  return absl::OkStatus();
}

// Also 14.00: that is an integer, exactly.
absl::Status SetInteger(std::string_view cell, v1::Value* out) {
  std::string_view digits = cell;
  if (const std::size_t point = cell.find('.'); point != std::string_view::npos) {
    if (cell.find_first_not_of('0', point + 1) != std::string_view::npos) {
      return Invalid("expected an integer, found a number with a fraction", kTypeHint);
    }
    digits = cell.substr(0, point);
  }
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error == std::errc::result_out_of_range) {
    return Invalid("the integer is beyond 64 bits", kTypeHint);
  }
  if (error != std::errc() || end != digits.data() + digits.size()) {
    return Invalid("expected an integer");
  }
  out->set_int64_value(value);
  return absl::OkStatus();
}

absl::Status SetDouble(std::string_view cell, v1::Value* out) {
  const std::optional<double> value = ReadDouble(cell);
  if (!value) return Invalid("expected a finite number; Braze has no NaN and no infinity");
  out->set_double_value(*value);
  return absl::OkStatus();
}

absl::Status SetExactDouble(std::string_view cell, v1::Value* out) {
  if (ReadDecimal(cell) && !IsExactDouble(cell)) {
    return Invalid("the number has more digits than a double can hold", kTypeHint);
  }
  return SetDouble(cell, out);
}

absl::Status SetText(std::string_view cell, v1::Value* out) {
  if (!IsUtf8(cell)) return Invalid("not valid UTF-8");
  out->set_string_value(cell.data(), cell.size());
  return absl::OkStatus();
}

// Behind the day, only a zone has a sign or a letter.
bool HasZone(std::string_view time) {
  constexpr std::size_t kDay = 11;
  return time.size() > kDay && time.find_first_of("+-Zz", kDay) != std::string_view::npos;
}

absl::Status SetMoment(const DbCellRule& rule, std::string_view cell, v1::Value* out) {
  // A text has its zone or not; then it is read as a time without one.
  const DbType type =
      rule.type == DbType::kMoment || rule.type == DbType::kDate ? rule.type : DbType::kTime;
  PEAKSYNC_CLIENT_ASSIGN_OR_RETURN(const TimePoint time, ReadDbTime(cell, type, rule.zone));
  SetTime(time, out->mutable_timestamp_value());
  return absl::OkStatus();
}

}  // namespace

bool IsExactDouble(std::string_view decimal) {
  const std::optional<double> value = ReadDouble(decimal);
  if (!value) return false;
  char shortest[32];
  const auto end = std::to_chars(shortest, shortest + sizeof shortest, *value).ptr;
  const std::optional<Decimal> given = ReadDecimal(decimal);
  return given && given == ReadDecimal({shortest, static_cast<std::size_t>(end - shortest)});
}

absl::StatusOr<TimePoint> ReadDbTime(std::string_view text, DbType type,
                                     const std::optional<absl::TimeZone>& zone) {
  const std::string whole = type == DbType::kDate ? Cat(text, "T00:00:00") : std::string(text);
  if (HasZone(whole)) {
    absl::StatusOr<TimePoint> time = ParseTime(whole);
    if (!time.ok()) return Invalid("this is no time that can be sent");
    return time;
  }
  // As if the zone were UTC; the seconds are the clock's face then.
  const absl::StatusOr<TimePoint> face = ParseTime(Cat(whole, "Z"));
  if (!face.ok()) return Invalid("this is no time that can be sent");
  if (type == DbType::kMoment) return *face;
  if (!zone) return Invalid("the time has no zone; give the job a timezone");
  const absl::TimeZone::TimeInfo info = zone->At(absl::CivilSecond(1970, 1, 1) + face->seconds);
  const absl::Time moment = info.kind == absl::TimeZone::TimeInfo::SKIPPED ? info.trans : info.pre;
  return TimePoint{absl::ToUnixSeconds(moment), face->nanos};
}

absl::Status DbCellReader::Read(const DbCellRule& rule, std::string_view cell, v1::Value* out) {
  if (rule.wanted) {
    switch (*rule.wanted) {
      case ColumnType::kString:
        return SetText(cell, out);
      case ColumnType::kBool:
        return SetBool(cell, out);
      case ColumnType::kInteger:
        return SetInteger(cell, out);
      case ColumnType::kDouble:
        return SetDouble(cell, out);
      case ColumnType::kTimestamp:
        return SetMoment(rule, cell, out);
      case ColumnType::kJson:
        return converter_.Convert({ColumnType::kJson, true}, cell, out);
    }
  }
  switch (rule.type) {
    case DbType::kBool:
      return SetBool(cell, out);
    case DbType::kInteger:
      return SetInteger(cell, out);
    case DbType::kDouble:
      return SetDouble(cell, out);
    case DbType::kDecimal:
      return rule.scale == 0 ? SetInteger(cell, out) : SetExactDouble(cell, out);
    case DbType::kText:
    case DbType::kDate:
      return SetText(cell, out);
    case DbType::kTime:
    case DbType::kMoment:
      return SetMoment(rule, cell, out);
    case DbType::kJson:
      return converter_.Convert({ColumnType::kJson, true}, cell, out);
    case DbType::kOther:
      return Invalid("Braze has no value for this type; give the column a type, or exclude it");
  }
  return absl::InternalError("a column without a type");
}

}  // namespace peaksync::client

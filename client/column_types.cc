#include "client/column_types.h"

#include <charconv>
#include <cmath>
#include <vector>

#include "absl/status/status.h"
#include "client/status_macros.h"
#include "client/text.h"

namespace peaksync::client {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

std::size_t SkipDigits(std::string_view text, std::size_t at) {
  while (at < text.size() && IsDigit(text[at])) ++at;
  return at;
}

bool LooksNotFinite(std::string_view text) {
  if (!text.empty() && (text.front() == '-' || text.front() == '+')) text.remove_prefix(1);
  return EqualsIgnoreCase(text, "nan") || EqualsIgnoreCase(text, "inf") ||
         EqualsIgnoreCase(text, "infinity");
}

// `text` begins like a number; `at` stands behind its integer digits.
CellKind DecimalKind(std::string_view text, std::size_t at, bool has_digits) {
  if (at < text.size() && text[at] == '.') {
    const std::size_t end = SkipDigits(text, at + 1);
    has_digits = has_digits || end > at + 1;
    at = end;
  }
  if (!has_digits) return CellKind::kString;
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    std::size_t digits = at + 1;
    if (digits < text.size() && (text[digits] == '+' || text[digits] == '-')) ++digits;
    at = SkipDigits(text, digits);
    if (at == digits) return CellKind::kString;
  }
  if (at != text.size()) return CellKind::kString;
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  return whole && std::isfinite(value) ? CellKind::kDouble : CellKind::kNotFinite;
}

}  // namespace

std::string_view NameOf(ColumnType type) {
  switch (type) {
    case ColumnType::kString:
      return "string";
    case ColumnType::kBool:
      return "bool";
    case ColumnType::kInteger:
      return "integer";
    case ColumnType::kDouble:
      return "double";
    case ColumnType::kTimestamp:
      return "timestamp";
    case ColumnType::kJson:
      return "json";
  }
  return "string";
}

absl::StatusOr<ColumnType> ParseColumnType(std::string_view text) {
  for (const ColumnType type : {ColumnType::kString, ColumnType::kBool, ColumnType::kInteger,
                                ColumnType::kDouble, ColumnType::kTimestamp, ColumnType::kJson}) {
    if (text == NameOf(type)) return type;
  }
  if (text == "number") return ColumnType::kDouble;
  return Invalid(Cat("'", text,
                     "' is no type; there are bool, integer, double (number), string, "
                     "timestamp and json"));
}

absl::StatusOr<absl::flat_hash_map<std::string, ColumnType>> ParseColumnTypes(
    const std::vector<std::string>& entries) {
  absl::flat_hash_map<std::string, ColumnType> types;
  for (const std::string& entry : entries) {
    const std::size_t equals = entry.rfind('=');
    if (equals == std::string::npos || equals == 0) {
      return Invalid(Cat("--types: '", entry, "' is not COLUMN=TYPE, such as zip=string"));
    }
    const absl::StatusOr<ColumnType> type = ParseColumnType(entry.substr(equals + 1));
    if (!type.ok()) {
      return Invalid("--types: ", MessageOf(type.status()));
    }
    const auto [place, is_new] = types.emplace(entry.substr(0, equals), *type);
    if (!is_new && place->second != *type) {
      return Invalid(Cat("--types names column '", place->first, "' twice"));
    }
  }
  return types;
}

CellKind KindOf(std::string_view cell) {
  if (cell.empty()) return CellKind::kEmpty;
  const std::size_t sign = cell.front() == '-' ? 1 : 0;
  const std::size_t end = SkipDigits(cell, sign);
  const std::size_t digits = end - sign;
  const bool may_be_decimal = end < cell.size() && (cell[end] == '.' || digits > 0);
  if (digits > 1 && cell[sign] == '0') return CellKind::kString;
  if (digits > 0 && end == cell.size()) {
    std::int64_t value = 0;
    const auto result = std::from_chars(cell.data(), cell.data() + cell.size(), value);
    return result.ec == std::errc() ? CellKind::kInteger : CellKind::kBigInteger;
  }
  if (may_be_decimal) return DecimalKind(cell, end, digits > 0);
  if (EqualsIgnoreCase(cell, "true") || EqualsIgnoreCase(cell, "false")) {
    return CellKind::kBool;
  }
  return LooksNotFinite(cell) ? CellKind::kNotFinite : CellKind::kString;
}

void TypeInference::Add(std::string_view cell, std::int64_t line) {
  if (seen_string_) return;
  switch (KindOf(cell)) {
    case CellKind::kEmpty:
      return;
    case CellKind::kBool:
      seen_bool_ = true;
      return;
    case CellKind::kInteger:
      seen_integer_ = true;
      return;
    case CellKind::kBigInteger:
      seen_integer_ = true;
      if (!big_integer_line_) big_integer_line_ = line;
      return;
    case CellKind::kDouble:
      seen_number_ = true;
      if (!double_line_) double_line_ = line;
      return;
    case CellKind::kNotFinite:
      seen_number_ = true;
      return;
    case CellKind::kString:
      seen_string_ = true;
      return;
  }
}

ColumnType TypeInference::type() const {
  const bool numeric = seen_integer_ || seen_number_;
  if (seen_string_ || (seen_bool_ && numeric)) return ColumnType::kString;
  if (seen_bool_) return ColumnType::kBool;
  if (double_line_) return ColumnType::kDouble;
  // Integers beside NaN: pandas would have written 1.0, so somebody meant integers.
  if (seen_integer_) return ColumnType::kInteger;
  return seen_number_ ? ColumnType::kDouble : ColumnType::kString;
}

std::optional<std::int64_t> TypeInference::big_integer_line() const {
  if (!AllNumbers()) return std::nullopt;
  return big_integer_line_;
}

std::optional<std::int64_t> TypeInference::float_line() const {
  if (!AllNumbers()) return std::nullopt;
  return double_line_;
}

}  // namespace peaksync::client

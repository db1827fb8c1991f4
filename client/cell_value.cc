#include "client/cell_value.h"

#include <charconv>
#include <cmath>
#include <string>

#include "client/json_value.h"
#include "client/row_rules.h"
#include "client/text.h"

namespace peaksync::client {
namespace {

// Up to so many digits every integer is exact as a double.
constexpr std::size_t kExactDigits = 15;

absl::Status DoesNotFit(CellRule rule, std::string_view wanted, std::string_view found) {
  const std::string_view where = rule.is_explicit
                                     ? " (as --types says)"
                                     : " (as the first rows are; --types can say otherwise)";
  return Invalid("expected ", wanted, where, ", found ", found);
}

std::string_view Describe(CellKind kind) {
  switch (kind) {
    case CellKind::kBool:
      return "true or false";
    case CellKind::kInteger:
      return "an integer";
    case CellKind::kBigInteger:
      return "an integer beyond 64 bits";
    case CellKind::kDouble:
      return "a number with a fraction or an exponent";
    case CellKind::kNotFinite:
      return "NaN or an infinity, which Braze has no value for";
    case CellKind::kEmpty:
    case CellKind::kString:
      break;
  }
  return "text";
}

absl::Status SetBool(CellRule rule, std::string_view cell, v1::Value* out) {
  const bool is_true = EqualsIgnoreCase(cell, "true");
  if (!is_true && !EqualsIgnoreCase(cell, "false")) {
    return DoesNotFit(rule, "true or false", Describe(KindOf(cell)));
  }
  out->set_bool_value(is_true);
  return absl::OkStatus();
}

bool ReadInteger(std::string_view cell, std::int64_t* value) {
  const char* const end = cell.data() + cell.size();
  const auto result = std::from_chars(cell.data(), end, *value);
  return result.ec == std::errc() && result.ptr == end;
}

absl::Status SetInteger(CellRule rule, std::string_view cell, v1::Value* out) {
  std::int64_t value = 0;
  const bool is_integer = ReadInteger(cell, &value);
  if (!is_integer || (!rule.is_explicit && KindOf(cell) != CellKind::kInteger)) {
    return DoesNotFit(rule, "an integer",
                      is_integer ? "digits with leading zeros" : Describe(KindOf(cell)));
  }
  out->set_int64_value(value);
  return absl::OkStatus();
}

// Whether every digit of an integer survives in a double.
bool IsExact(std::string_view cell, double value) {
  if (cell.size() <= kExactDigits) return true;
  std::int64_t integer = 0;
  if (!ReadInteger(cell, &integer)) return KindOf(cell) != CellKind::kBigInteger;
  return std::abs(value) < 9.2e18 && static_cast<std::int64_t>(value) == integer;
}

absl::Status SetDouble(CellRule rule, std::string_view cell, v1::Value* out) {
  const char* const end = cell.data() + cell.size();
  double value = 0;
  const auto result = std::from_chars(cell.data(), end, value);
  const bool whole = result.ec == std::errc() && result.ptr == end;
  if (!whole || !std::isfinite(value)) {
    return DoesNotFit(rule, "a finite number", Describe(KindOf(cell)));
  }
  const CellKind kind = KindOf(cell);
  if (!rule.is_explicit && kind == CellKind::kString) {
    return DoesNotFit(rule, "a number", "digits with leading zeros");
  }
  if (!rule.is_explicit && !IsExact(cell, value)) {
    return DoesNotFit(rule, "a number", "an integer with more digits than a double can hold");
  }
  out->set_double_value(value);
  return absl::OkStatus();
}

}  // namespace

class CellConverter::Json {
 public:
  absl::Status Convert(std::string_view cell, v1::Value* out) {
    padded_.assign(cell);
    padded_.append(simdjson::SIMDJSON_PADDING, ' ');
    simdjson::ondemand::document document;
    if (const auto error =
            parser_.iterate(padded_.data(), cell.size(), padded_.size()).get(document)) {
      return Invalid(JsonProblem(error));
    }
    simdjson::ondemand::value value;
    if (document.get_value().get(value) == simdjson::SUCCESS) {
      if (absl::Status status = SetJsonValue(value, out); !status.ok()) return status;
      if (!IsAtEnd(document)) return Invalid("not valid JSON: text follows it");
      return absl::OkStatus();
    }
    return ConvertScalar(cell, out);
  }

 private:
  // On-demand documents give scalars in another way than values; a list around one makes them
  // equal.
  absl::Status ConvertScalar(std::string_view cell, v1::Value* out) {
    padded_ = Cat("[", cell, "]");
    const std::size_t size = padded_.size();
    padded_.append(simdjson::SIMDJSON_PADDING, ' ');
    v1::Value list;
    simdjson::ondemand::document document;
    simdjson::ondemand::array array;
    if (auto error = parser_.iterate(padded_.data(), size, padded_.size()).get(document);
        error || (error = document.get_array().get(array))) {
      return Invalid(JsonProblem(error));
    }
    int count = 0;
    for (auto element : array) {
      simdjson::ondemand::value value;
      if (const auto error = std::move(element).get(value)) {
        return Invalid(JsonProblem(error));
      }
      if (absl::Status status = SetJsonValue(value, out); !status.ok()) return status;
      ++count;
    }
    if (count != 1 || !IsAtEnd(document)) return Invalid("not valid JSON");
    return absl::OkStatus();
  }

  simdjson::ondemand::parser parser_;
  std::string padded_;
};

CellConverter::CellConverter() = default;
CellConverter::~CellConverter() = default;

absl::Status CellConverter::Convert(CellRule rule, std::string_view cell, v1::Value* out) {
  switch (rule.type) {
    case ColumnType::kString:
      out->set_string_value(cell.data(), cell.size());
      return absl::OkStatus();
    case ColumnType::kBool:
      return SetBool(rule, cell, out);
    case ColumnType::kInteger:
      return SetInteger(rule, cell, out);
    case ColumnType::kDouble:
      return SetDouble(rule, cell, out);
    case ColumnType::kTimestamp:
      return SetTime(cell, out->mutable_timestamp_value());
    case ColumnType::kJson:
      if (json_ == nullptr) json_ = std::make_unique<Json>();
      return json_->Convert(cell, out);
  }
  return absl::InternalError("a column without a type");
}

}  // namespace peaksync::client

#include "server/domain/value.h"

#include <xxhash.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <utility>

#include "server/domain/canonical_json.h"

namespace peaksync {
namespace {

constexpr double kTwoTo63 = 9223372036854775808.0;

// By exact value: converting the integer would round 9007199254740993 to its neighbour.
bool EqualExactly(std::int64_t integer, double real) {
  return std::trunc(real) == real && real >= -kTwoTo63 && real < kTwoTo63 &&
         static_cast<std::int64_t>(real) == integer;
}

}  // namespace

std::string_view NameOf(ValueType type) {
  switch (type) {
    case ValueType::kNull:
      return "null";
    case ValueType::kBool:
      return "bool";
    case ValueType::kNumber:
      return "number";
    case ValueType::kText:
      return "string";
    case ValueType::kList:
      return "list";
    case ValueType::kObject:
      return "object";
  }
  return "unknown";
}

Value Value::Bool(bool value) {
  Value result;
  result.type_ = ValueType::kBool;
  result.json_ = value ? "true" : "false";
  return result;
}

Value Value::Integer(std::int64_t value) {
  Value result;
  result.type_ = ValueType::kNumber;
  result.is_integer_ = true;
  result.integer_ = value;
  result.json_ = std::to_string(value);
  return result;
}

Value Value::Double(double value) {
  Value result;
  result.type_ = ValueType::kNumber;
  result.double_ = value;
  result.json_.clear();
  AppendJsonDouble(value, &result.json_);
  return result;
}

Value Value::Text(std::string_view text) {
  Value result;
  result.type_ = ValueType::kText;
  result.json_.clear();
  result.json_.reserve(text.size() + 2);
  AppendJsonString(text, &result.json_);
  result.fingerprint_ = FingerprintOf(result.json_);
  return result;
}

Value Value::List(std::string json, std::string_view comparable) {
  Value result;
  result.type_ = ValueType::kList;
  result.fingerprint_ = FingerprintOf(comparable);
  result.json_ = std::move(json);
  return result;
}

Value Value::Object(std::string json, std::string_view comparable) {
  Value result = List(std::move(json), comparable);
  result.type_ = ValueType::kObject;
  return result;
}

Value Value::Rounded(int digits) const {
  // An integral double (all are, from 2^52 on) is rounded already.
  if (type_ != ValueType::kNumber || is_integer_ || std::trunc(double_) == double_) return *this;
  // 16 digits before the point, 15 after it. to_chars rounds as printf does, whatever the locale.
  std::array<char, 64> buffer;
  const auto written = std::to_chars(buffer.data(), buffer.data() + buffer.size(), double_,
                                     std::chars_format::fixed, std::clamp(digits, 0, 15));
  double rounded = 0;
  std::from_chars(buffer.data(), written.ptr, rounded);
  // No marketer wants to read -0.0.
  return Double(rounded == 0 ? 0.0 : rounded);
}

bool Value::FromJson(ValueType type, std::string json, Value* value) {
  switch (type) {
    case ValueType::kNull:
      *value = Value();
      return json == "null";
    case ValueType::kBool:
      *value = Bool(json == "true");
      return json == "true" || json == "false";
    case ValueType::kNumber: {
      const std::optional<CanonicalNumber> number = ReadCanonicalNumber(json);
      if (!number) return false;
      *value = number->is_integer ? Integer(number->integer) : Double(number->real);
      return true;
    }
    case ValueType::kText:
      if (!CountCanonicalString(json)) return false;
      *value = Value();
      value->type_ = ValueType::kText;
      value->fingerprint_ = FingerprintOf(json);
      value->json_ = std::move(json);
      return true;
    case ValueType::kList:
    case ValueType::kObject: {
      if (!json.starts_with(type == ValueType::kList ? '[' : '{')) return false;
      const std::optional<std::string> comparable = ComparableOf(json);
      if (!comparable) return false;
      *value = type == ValueType::kList ? List(std::move(json), *comparable)
                                        : Object(std::move(json), *comparable);
      return true;
    }
  }
  return false;
}

bool Value::FromJson(std::string json, Value* value) {
  if (json.empty()) return false;
  ValueType type = ValueType::kNumber;
  switch (json.front()) {
    case 'n':
      type = ValueType::kNull;
      break;
    case 't':
    case 'f':
      type = ValueType::kBool;
      break;
    case '"':
      type = ValueType::kText;
      break;
    case '[':
      type = ValueType::kList;
      break;
    case '{':
      type = ValueType::kObject;
      break;
    default:
      break;
  }
  return FromJson(type, std::move(json), value);
}

bool operator==(const Value& a, const Value& b) {
  if (a.type_ != b.type_) return false;
  switch (a.type_) {
    case ValueType::kNull:
      return true;
    case ValueType::kNumber:
      if (a.is_integer_ && b.is_integer_) return a.integer_ == b.integer_;
      if (a.is_integer_) return EqualExactly(a.integer_, b.double_);
      if (b.is_integer_) return EqualExactly(b.integer_, a.double_);
      return a.double_ == b.double_;
    case ValueType::kBool:
    case ValueType::kText:
      return a.json_ == b.json_;
    case ValueType::kList:
    case ValueType::kObject:
      return a.fingerprint_ == b.fingerprint_;
  }
  return false;
}

absl::uint128 FingerprintOf(std::string_view bytes) {
  const XXH128_hash_t hash = XXH3_128bits(bytes.data(), bytes.size());
  return absl::MakeUint128(hash.high64, hash.low64);
}

}  // namespace peaksync

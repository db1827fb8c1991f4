#include "server/rules/validator.h"

#include <cmath>
#include <cstdint>
#include <utility>

#include "server/base/limits.h"
#include "server/domain/canonical_json.h"
#include "server/domain/concat.h"

namespace peaksync {
namespace {

constexpr double kTwoTo63 = 9223372036854775808.0;

std::string_view NameOf(RuleType type) {
  switch (type) {
    case RuleType::kBool:
      return "bool";
    case RuleType::kInteger:
      return "integer";
    case RuleType::kDouble:
      return "double";
    case RuleType::kString:
      return "string";
    case RuleType::kTimestamp:
      return "timestamp";
    case RuleType::kList:
      return "list";
    case RuleType::kObject:
      return "object";
  }
  return "unknown";
}

// The limits of Braze that top-level values have (docs/braze-contract.md 1.7). Bytes come first:
// they are at least as many as characters, and nearly always few enough.
std::optional<std::string> CheckSize(const Value& value) {
  constexpr std::size_t kQuotes = 2;
  switch (value.type()) {
    case ValueType::kText:
      if (value.json().size() <= limits::kStringCharactersMax + kQuotes) return std::nullopt;
      if (CountCanonicalString(value.json()).value_or(0) <= limits::kStringCharactersMax) {
        return std::nullopt;
      }
      return Concat("the string is longer than ", limits::kStringCharactersMax,
                    " characters, and Braze would drop it without a word: shorten it");
    case ValueType::kList:
    case ValueType::kObject:
      if (value.json().size() <= limits::kNestedBytesMax) return std::nullopt;
      return Concat("the ", NameOf(value.type()),
                    " is larger than 100,000 bytes as JSON: send less of it");
    default:
      return std::nullopt;
  }
}

std::string WrongType(RuleType wanted, std::string_view given) {
  return Concat("the value is ", given, ", and the configuration says type = \"", NameOf(wanted),
                "\": send that, or change the type");
}

std::string GivenType(const Value& value) {
  if (value.type() == ValueType::kObject) return "an object";
  if (value.type() != ValueType::kNumber) return Concat("a ", NameOf(value.type()));
  return value.is_integer() ? "an integer" : "a double";
}

// The value as an integer, for `type = "integer"`.
std::optional<std::string> MakeInteger(Value* value) {
  if (value->is_integer()) return std::nullopt;
  const double real = value->AsDouble();
  if (std::trunc(real) != real) return WrongType(RuleType::kInteger, "a number with a fraction");
  if (real < -kTwoTo63 || real >= kTwoTo63) {
    return WrongType(RuleType::kInteger, "beyond what 64 bits hold");
  }
  *value = Value::Integer(static_cast<std::int64_t>(real));
  return std::nullopt;
}

// The value as a double, for `type = "double"`.
std::optional<std::string> MakeDouble(Value* value) {
  if (!value->is_integer()) return std::nullopt;
  Value real = Value::Double(static_cast<double>(value->integer()));
  if (real != *value) {
    return WrongType(RuleType::kDouble, "an integer that no double holds exactly");
  }
  *value = std::move(real);
  return std::nullopt;
}

std::optional<std::string> CheckType(RuleType type, Value* value) {
  ValueType wanted = ValueType::kText;
  switch (type) {
    case RuleType::kInteger:
    case RuleType::kDouble:
      wanted = ValueType::kNumber;
      break;
    case RuleType::kBool:
      wanted = ValueType::kBool;
      break;
    case RuleType::kList:
      wanted = ValueType::kList;
      break;
    case RuleType::kObject:
      wanted = ValueType::kObject;
      break;
    case RuleType::kString:
    case RuleType::kTimestamp:
      break;
  }
  if (value->type() != wanted) return WrongType(type, GivenType(*value));
  if (type == RuleType::kInteger) return MakeInteger(value);
  if (type == RuleType::kDouble) return MakeDouble(value);
  if (type == RuleType::kTimestamp) {
    const std::string_view json = value->json();
    if (!IsTimestampText(json.substr(1, json.size() - 2))) {
      return WrongType(type, "a string that is no RFC 3339 time (2026-09-07T02:00:00Z)");
    }
  }
  return std::nullopt;
}

// Compares without losing a digit of a 64-bit integer.
bool Below(const Value& value, double limit) {
  if (!value.is_integer()) return value.AsDouble() < limit;
  if (limit >= kTwoTo63) return true;
  if (limit <= -kTwoTo63) return false;
  return value.integer() < static_cast<std::int64_t>(std::ceil(limit));
}

bool Above(const Value& value, double limit) {
  if (!value.is_integer()) return value.AsDouble() > limit;
  if (limit >= kTwoTo63) return false;
  if (limit < -kTwoTo63) return true;
  return value.integer() > static_cast<std::int64_t>(std::floor(limit));
}

std::optional<std::string> CheckRange(const std::pair<double, double>& range, const Value& value) {
  if (value.type() == ValueType::kNumber && !Below(value, range.first) &&
      !Above(value, range.second)) {
    return std::nullopt;
  }
  std::string bounds;
  AppendComparableDouble(range.first, &bounds);
  bounds.append(", ");
  AppendComparableDouble(range.second, &bounds);
  return Concat("the value is ",
                value.type() == ValueType::kNumber ? "out of range" : GivenType(value),
                ", and the configuration says range = [", bounds,
                "]: send a number within, or change the range");
}

std::optional<std::string> ApplyRule(const AttributeRule& rule, std::string_view source,
                                     Value* value) {
  if (!rule.source.empty() && rule.source != source) {
    return Concat("only the source ", rule.source,
                  " may write this attribute: send it from there, or change `source` in the "
                  "configuration");
  }
  if (value->type() == ValueType::kNull) return std::nullopt;
  Value sent = rule.round ? value->Rounded(*rule.round) : *value;
  if (rule.type) {
    if (auto reason = CheckType(*rule.type, &sent)) return reason;
  }
  if (rule.range) {
    if (auto reason = CheckRange(*rule.range, sent)) return reason;
  }
  *value = std::move(sent);
  return std::nullopt;
}

}  // namespace

std::optional<std::string> Apply(const AttributeDef& def, std::string_view source, Value* value) {
  if (auto reason = CheckSize(*value)) return reason;
  if (def.rule == nullptr) return std::nullopt;
  return ApplyRule(*def.rule, source, value);
}

}  // namespace peaksync

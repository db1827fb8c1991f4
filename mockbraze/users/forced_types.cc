#include "mockbraze/users/forced_types.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <string>
#include <utility>

#include "mockbraze/base/date.h"
#include "mockbraze/base/text.h"

namespace mockbraze {
namespace {

std::optional<Value> ToBoolean(const Value& value) {
  static constexpr std::array<std::string_view, 3> yes = {"1", "true", "t"};
  static constexpr std::array<std::string_view, 3> no = {"0", "false", "f"};
  if (value.boolean()) return value;
  const std::string text = value.integer()  ? ToJson(value)
                           : value.string() ? ToLower(*value.string())
                                            : std::string();
  if (std::ranges::find(yes, text) != yes.end()) return Value(true);
  if (std::ranges::find(no, text) != no.end()) return Value(false);
  return std::nullopt;
}

template <typename T>
std::optional<Value> ParseNumber(std::string_view text) {
  T number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return Value(number);
}

std::optional<Value> ToNumber(const Value& value) {
  if (value.is_number()) return value;
  if (!value.string()) return std::nullopt;
  if (auto integer = ParseNumber<std::int64_t>(*value.string())) return integer;
  auto real = ParseNumber<double>(*value.string());
  // from_chars takes "inf" and "nan" too.
  return real && std::isfinite(*real->real()) ? real : std::nullopt;
}

// Ours: the contract does not say what becomes of numbers and booleans.
std::optional<Value> ToText(const Value& value) {
  if (value.string()) return value;
  if (value.is_number() || value.boolean()) return Value(ToJson(value));
  return std::nullopt;
}

bool IsOfObjects(const Value::List& items) {
  return std::ranges::all_of(items, [](const Value& item) { return item.object() != nullptr; });
}

bool Has(const Value& value, ForcedType type) {
  // An empty array fits both kinds of arrays.
  if (value.list() && value.list()->empty()) {
    return type == ForcedType::kArray || type == ForcedType::kObjectArray;
  }
  return InferType(value) == type;
}

}  // namespace

ForcedType InferType(const Value& value) {
  if (value.boolean()) return ForcedType::kBoolean;
  if (value.is_number()) return ForcedType::kNumber;
  if (const auto* text = value.string()) {
    return LooksLikeDate(*text) ? ForcedType::kDate : ForcedType::kString;
  }
  if (const auto* items = value.list()) {
    return !items->empty() && IsOfObjects(*items) ? ForcedType::kObjectArray : ForcedType::kArray;
  }
  return ForcedType::kObject;
}

std::optional<Value> Coerce(Value value, ForcedType type) {
  switch (type) {
    case ForcedType::kBoolean:
      return ToBoolean(value);
    case ForcedType::kNumber:
      return ToNumber(value);
    case ForcedType::kString:
      return ToText(value);
    case ForcedType::kDate:
    case ForcedType::kArray:
    case ForcedType::kObject:
    case ForcedType::kObjectArray:
      break;
  }
  return Has(value, type) ? std::optional(std::move(value)) : std::nullopt;
}

void NameRules::Clear(bool keep_locked) {
  if (!keep_locked) return rules_.clear();
  for (Rule& rule : rules_) {
    if (!rule.locked) rule = {};
    rule.blocklisted = false;
  }
}

void NameRules::Lock(std::uint32_t name, const Value& seen) {
  // An empty array does not tell what it is an array of.
  if (seen.list() && seen.list()->empty()) return;
  Rule& rule = At(name);
  if (rule.type) return;
  rule.type = InferType(seen);
  rule.locked = true;
}

}  // namespace mockbraze

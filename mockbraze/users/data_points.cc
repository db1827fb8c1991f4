#include "mockbraze/users/data_points.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace mockbraze {
namespace {

std::uint64_t CountKeys(const Value& value) {
  std::uint64_t keys = 0;
  if (const auto* items = value.list()) {
    for (const Value& item : *items) keys += CountKeys(item);
  }
  if (const auto* members = value.object()) {
    // {"$time": date} is a date, and no object.
    if (members->size() == 1 && (*members)[0].name == "$time") return 0;
    for (const Value::Member& member : *members) keys += 1 + CountKeys(member.value);
  }
  return keys;
}

// Of $update only what is written counts, not what is looked for. An operation costs 1 at least,
// even if it changes nothing.
std::uint64_t CountOperation(const Value::Object& operators) {
  std::uint64_t points = 0;
  for (const Value::Member& op : operators) {
    if (!op.value.list()) continue;
    if (op.name == "add") points += op.value.list()->size();
    if (op.name == "$add") points += CountKeys(op.value);
    if (op.name != "$update") continue;
    for (const Value& change : *op.value.list()) {
      if (const Value* fresh = change.Find("$new_object")) points += CountKeys(*fresh);
    }
  }
  return std::max<std::uint64_t>(points, 1);
}

std::uint64_t CountObject(const Value& value) {
  const Value::Object& members = *value.object();
  // The contract's pages disagree on inc: one says that it is free, the other does not confirm.
  if (members.size() == 1 && members[0].name == "inc") return 0;
  static constexpr std::array<std::string_view, 5> operators = {"$add", "$remove", "$update", "add",
                                                                "remove"};
  const bool operation = !members.empty() && std::ranges::all_of(members, [](const auto& member) {
    return std::ranges::find(operators, member.name) != operators.end();
  });
  if (operation) return CountOperation(members);
  return std::max<std::uint64_t>(CountKeys(value), 1);
}

}  // namespace

std::uint64_t DataPoints(const std::string& name, NameKind kind, const Value& value,
                         const UserRules& rules) {
  if (kind == NameKind::kProfile) return IsBillableField(name) ? 1 : 0;
  if (kind != NameKind::kCustom) return 0;
  // Blocking attributes costs nothing, nor does what is blocked; the latter is ours.
  if (!rules.blocklisted_attributes.empty() && rules.blocklisted_attributes.contains(name)) {
    return 0;
  }
  if (value.object()) return CountObject(value);
  // A simple array as a whole costs 1, an array of objects by its keys.
  return value.list() ? std::max<std::uint64_t>(CountKeys(value), 1) : 1;
}

}  // namespace mockbraze

#include "mockbraze/users/named_users.h"

#include <algorithm>

namespace mockbraze {
namespace {

bool IsId(const Value& value, const std::string& id) {
  return value == Value(id) || (value.integer() && std::to_string(*value.integer()) == id);
}

}  // namespace

bool NamesUser(const Value& body, const std::string& external_id) {
  if (const auto* items = body.list()) {
    return std::ranges::any_of(*items,
                               [&](const Value& item) { return NamesUser(item, external_id); });
  }
  if (!body.object()) return false;
  return std::ranges::any_of(*body.object(), [&](const Value::Member& member) {
    if (member.name == "external_id" && IsId(member.value, external_id)) return true;
    if (member.name == "external_ids" && member.value.list()) {
      return std::ranges::any_of(*member.value.list(),
                                 [&](const Value& item) { return IsId(item, external_id); });
    }
    return NamesUser(member.value, external_id);
  });
}

}  // namespace mockbraze

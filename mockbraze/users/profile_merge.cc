#include "mockbraze/users/profile_merge.h"

#include <algorithm>
#include <string>
#include <utility>

#include "mockbraze/base/date.h"
#include "mockbraze/base/limits.h"

namespace mockbraze {
namespace {

bool IsEarlier(const std::string& a, const std::string& b) {
  const auto time_a = ParseDate(a);
  const auto time_b = ParseDate(b);
  // Texts that are no dates never get here by /users/track with its checks; any order will do.
  return time_a && time_b ? *time_a < *time_b : a < b;
}

void TakeOverField(Value::Member from, Value::Object* into) {
  Value* there = FindMember(*into, from.name);
  if (!there) return into->push_back(std::move(from));
  if (!there->string() || !from.value.string()) return;
  const bool earlier = IsEarlier(*from.value.string(), *there->string());
  if (from.name == "date_of_first_session" && earlier) *there = std::move(from.value);
  if (from.name == "date_of_last_session" && !earlier) *there = std::move(from.value);
}

void AddUp(std::vector<Happening> from, std::vector<Happening>* into) {
  for (Happening& happening : from) {
    const auto there = std::ranges::find(*into, happening.name, &Happening::name);
    if (there == into->end()) {
      into->push_back(std::move(happening));
      continue;
    }
    if (IsEarlier(happening.first, there->first)) there->first = std::move(happening.first);
    if (IsEarlier(there->last, happening.last)) there->last = std::move(happening.last);
    there->count += happening.count;
  }
}

}  // namespace

void TakeOver(Profile from, Profile* into) {
  for (Value::Member& field : from.fields) TakeOverField(std::move(field), &into->fields);
  for (Attribute& attribute : from.attributes) {
    if (into->attributes.size() >= limits::profile_attributes_max) break;
    if (!into->FindAttribute(attribute.name)) into->attributes.push_back(std::move(attribute));
  }
  AddUp(std::move(from.events), &into->events);
  AddUp(std::move(from.purchases), &into->purchases);
  into->revenue += from.revenue;
}

bool HasLabel(const Profile& profile, std::string_view alias_label) {
  return std::ranges::find(profile.aliases, alias_label, &Alias::label) != profile.aliases.end();
}

}  // namespace mockbraze

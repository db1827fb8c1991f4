#include "mockbraze/users/profile_merge.h"

#include <algorithm>
#include <string>
#include <utility>

#include "mockbraze/base/limits.h"
#include "mockbraze/users/happenings.h"

namespace mockbraze {
namespace {

void TakeOverField(Value::Member from, Value::Object* into) {
  Value* there = FindMember(*into, from.name);
  if (!there) return into->push_back(std::move(from));
  if (!there->string() || !from.value.string()) return;
  const bool earlier = IsEarlier(*from.value.string(), *there->string());
  if (from.name == "date_of_first_session" && earlier) *there = std::move(from.value);
  if (from.name == "date_of_last_session" && !earlier) *there = std::move(from.value);
}

// Those that a full profile has no room for are left out.
void AddUp(std::vector<Happening> from, std::vector<Happening>* into) {
  for (Happening& happening : from) AddHappening(std::move(happening), into);
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
  into->revenue = AddRevenue(into->revenue, from.revenue);
}

bool HasLabel(const Profile& profile, std::string_view alias_label) {
  return std::ranges::find(profile.aliases, alias_label, &Alias::label) != profile.aliases.end();
}

}  // namespace mockbraze

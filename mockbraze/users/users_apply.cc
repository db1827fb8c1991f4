// What an accepted object counts as, and what it does to a profile. All with the lock held.

#include "mockbraze/users/users.h"

#include <algorithm>
#include <utility>

#include "mockbraze/base/limits.h"
#include "mockbraze/base/text.h"
#include "mockbraze/users/attribute_rules.h"
#include "mockbraze/users/data_points.h"
#include "mockbraze/users/event_rules.h"
#include "mockbraze/users/field_values.h"
#include "mockbraze/users/happenings.h"
#include "mockbraze/users/profile_fields.h"
#include "mockbraze/users/push_token_import.h"

namespace mockbraze {
namespace {

std::optional<bool> Flag(const Value::Object& members, std::string_view name) {
  const Value* value = FindMember(members, name);
  if (!value || !value->boolean()) return std::nullopt;
  return *value->boolean();
}

// The members of an attributes object that carry a value.
bool IsValue(const Identifier& id, NameKind kind, std::string_view name) {
  if (kind == NameKind::kCustom) return true;
  if (kind == NameKind::kIdentifier || kind == NameKind::kControl) return false;
  return !(id.kind == IdKind::kEmail && name == "email") &&
         !(id.kind == IdKind::kPhone && name == "phone");
}

std::uint64_t CountValues(const Identifier& id, const Value::Object& members) {
  return static_cast<std::uint64_t>(std::ranges::count_if(
      members, [&](const auto& member) { return IsValue(id, KindOf(member.name), member.name); }));
}

std::string Text(const Value::Object& members, std::string_view name) {
  const Value* value = FindMember(members, name);
  return value && value->string() ? *value->string() : std::string();
}

}  // namespace

void Users::Count(const TrackObject& object) {
  switch (object.array) {
    case InputArray::kAttributes:
      ++counters_.attribute_objects;
      for (const Value::Member& member : object.members) {
        const NameKind kind = KindOf(member.name);
        if (!IsValue(*object.identifier(), kind, member.name)) continue;
        ++counters_.attribute_values;
        counters_.data_points += DataPoints(member.name, kind, member.value, *rules_);
      }
      break;
    case InputArray::kEvents:
      ++counters_.events;
      ++counters_.data_points;
      break;
    case InputArray::kPurchases:
      ++counters_.purchases;
      ++counters_.data_points;
      break;
  }
}

// Section 2.2: absent means false, but for an alias it means true. A braze_id cannot create users
// (section 2.1). Importers of push tokens are made in another way.
bool Users::UpdatesOnly(const TrackObject& object) const {
  const IdKind kind = object.identifier()->kind;
  if (kind == IdKind::kBrazeId || kind == IdKind::kPushToken) return true;
  const bool alias = kind == IdKind::kAlias;
  if (alias && rules_->alias_update_only) return true;
  return Flag(object.members, "_update_existing_only").value_or(alias);
}

Profile* Users::FindOrCreate(const TrackObject& object) {
  // Nobody has the tokens that are left of an import.
  const bool importer = object.identifier()->kind == IdKind::kPushToken;
  if (importer) return store_->Create(*object.identifier(), clock_.Now());
  Profile* profile = store_->Find(*object.identifier());
  if (profile || UpdatesOnly(object)) return profile;
  return store_->Create(*object.identifier(), clock_.Now());
}

void Users::Apply(TrackObject object, LostUpdates::Flight flight) {
  const Identifier& id = *object.identifier();
  const bool attributes = object.array == InputArray::kAttributes;
  std::optional<Profile> base;
  if (flight != LostUpdates::none) {
    base = lost_updates_.BeforeChange(flight, id, store_->Find(id));
    lost_updates_.Applied(flight);
  }
  if (attributes && IsPushTokenImport(object.members) && !KeepNewTokens(&object.members)) {
    return Drop(DropReason::kKnownPushToken, CountValues(id, object.members));
  }
  Profile* profile = FindOrCreate(object);
  if (!profile) {
    // Update-only objects of unknown users are dropped in silence.
    return Drop(DropReason::kUnknownUser, attributes ? CountValues(id, object.members) : 1);
  }
  if (base && id.kind != IdKind::kPushToken) {
    store_->Restore(profile, std::move(*base));
    ++counters_.lost_updates;
  }
  store_->Touch(profile);
  switch (object.array) {
    case InputArray::kAttributes:
      return ApplyAttributes(id, std::move(object.members), profile);
    case InputArray::kEvents:
      return CountEvent(object.members, profile);
    case InputArray::kPurchases:
      return BuyProduct(object.members, profile);
  }
}

void Users::CountEvent(const Value::Object& members, Profile* profile) {
  const std::string time = Text(members, "time");
  if (!AddHappening({Text(members, "name"), time, time, 1}, &profile->events)) {
    Drop(DropReason::kProfileFull);
  }
}

void Users::BuyProduct(const Value::Object& members, Profile* profile) {
  const std::string product = Text(members, "product_id");
  const bool fresh = !product_ids_.contains(product);
  // Section 1.7. What Braze does beyond the limit is not stated: ours.
  if (fresh && product_ids_.size() >= limits::product_ids_max) {
    return Drop(DropReason::kProductIdsFull);
  }
  const Value* quantity = FindMember(members, "quantity");
  const std::int64_t times = quantity && quantity->integer() ? *quantity->integer() : 1;
  const std::string time = Text(members, "time");
  if (!AddHappening({product, time, time, times}, &profile->purchases)) {
    return Drop(DropReason::kProfileFull);
  }
  if (fresh) product_ids_.insert(product);
  // Section 3: revenue is price times quantity.
  const double price = FindMember(members, "price")->AsDouble();
  profile->revenue = AddRevenue(profile->revenue, price * static_cast<double>(times));
}

bool Users::KeepNewTokens(Value::Object* members) {
  Value::List& tokens = *FindMember(*members, "push_tokens")->list();
  std::erase_if(tokens, [&](const Value& token) {
    return store_->Find({IdKind::kPushToken, *token.Find("token")->string(), {}}) != nullptr;
  });
  return !tokens.empty();
}

void Users::Drop(DropReason reason, std::uint64_t times) {
  counters_.silent_drops += times;
  counters_.silent_drops_by_reason[static_cast<std::size_t>(reason)] += times;
}

Effect Users::ApplyProfileField(std::string_view name, Value value, Profile* profile) {
  const bool found_by = name == "email" || name == "phone" || name == "push_tokens";
  if (found_by) store_->Unindex(profile);
  const Effect effect = ApplyField(name, std::move(value), profile);
  if (found_by) store_->Index(profile);
  return effect;
}

// Section 2.3: a subscription group that is set through external_id changes for all users of the
// same e-mail.
void Users::ShareGroups(const Profile& profile, Value groups) {
  const Value* email = FindMember(profile.fields, "email");
  if (!email || !email->string()) return;
  // No more than a profile can have, once for all.
  if (groups.list()) field_values::JoinGroups(nullptr, &groups);
  std::size_t users = 0;
  for (Profile* other : store_->FindAll({IdKind::kEmail, ToLower(*email->string()), {}})) {
    if (other == &profile) continue;
    if (++users > limits::group_users_max) return Drop(DropReason::kGroupNotShared);
    if (const auto reason = ApplyField("subscription_groups", groups, other).dropped()) {
      Drop(*reason);
    }
  }
}

void Users::ApplyAttributes(const Identifier& id, Value::Object members, Profile* profile) {
  const AttributeRules rules{*rules_, store_->names().rules(),
                             Flag(members, "_merge_objects").value_or(false)};
  std::optional<Value> groups;
  std::size_t place = 0;  // among the custom attributes
  // All of them beside an identifier: as much room as a profile needs that nothing is added to.
  if (profile->attributes.empty()) profile->attributes.reserve(members.size() - 1);
  for (Value::Member& member : members) {
    const NameKind kind = KindOf(member.name);
    if (!IsValue(id, kind, member.name)) continue;
    Effect effect = DropReason::kIgnoredField;
    if (kind == NameKind::kCustom) {
      effect = ApplyCustom(std::move(member), place++, rules, profile);
    } else if (kind == NameKind::kProfile) {
      if (member.name == "subscription_groups") groups = member.value;
      effect = ApplyProfileField(member.name, std::move(member.value), profile);
    }
    if (effect.unchanged()) ++counters_.unchanged_values;
    if (const auto reason = effect.dropped()) Drop(*reason);
  }
  if (groups && id.kind == IdKind::kExternalId) ShareGroups(*profile, std::move(*groups));
}

Effect Users::ApplyCustom(Value::Member member, std::size_t place, const AttributeRules& rules,
                          Profile* profile) {
  // A null removes; what nobody has needs no name for that.
  if (member.value.is_null() && !store_->names().Find(member.name)) return Effect::Stored();
  const auto name = NameFor(member.name, place, *profile);
  if (!name) return DropReason::kProfileFull;
  return ApplyAttribute(*name, std::move(member.value), rules, profile);
}

std::optional<std::uint32_t> Users::NameFor(const std::string& name, std::size_t place,
                                            const Profile& profile) {
  NamePool& names = store_->names();
  if (place < names_before_.size() && names.Name(names_before_[place]) == name) {
    return names_before_[place];
  }
  if (profile.attributes.size() >= limits::profile_attributes_max) return names.Find(name);
  const std::uint32_t interned = names.Intern(name);
  if (place < names_before_.size()) {
    names_before_[place] = interned;
  } else if (place == names_before_.size()) {
    names_before_.push_back(interned);
  }
  return interned;
}

}  // namespace mockbraze

#include "mockbraze/users/import_profile.h"

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include "mockbraze/base/date.h"
#include "mockbraze/base/limits.h"
#include "mockbraze/base/text.h"
#include "mockbraze/users/attribute_rules.h"
#include "mockbraze/users/profile_fields.h"

namespace mockbraze {
namespace {

// What is wrong; empty when the value was taken.
using Wrong = std::string;

Wrong ReadExternalId(const Value& value, Profile* profile) {
  const auto* text = value.string();
  if (!text || text->empty() || text->size() > limits::external_id_bytes_max) {
    return "must be a text of 1 to " + std::to_string(limits::external_id_bytes_max) + " bytes";
  }
  profile->external_id = *text;
  return {};
}

bool IsAliasText(const Value* value) {
  return value && value->string() && !value->string()->empty() &&
         value->string()->size() <= limits::alias_bytes_max;
}

Wrong ReadAliases(const Value& value, Profile* profile) {
  static constexpr char form[] = "must be a list of {\"alias_name\": text, \"alias_label\": text}";
  if (!value.list()) return form;
  for (const Value& item : *value.list()) {
    const Value* name = item.Find("alias_name");
    const Value* label = item.Find("alias_label");
    if (!IsAliasText(name) || !IsAliasText(label) || item.object()->size() != 2) return form;
    profile->aliases.push_back({*name->string(), *label->string()});
  }
  return {};
}

Wrong ReadAttributes(const Value& value, const UserRules& rules, NamePool* names,
                     Profile* profile) {
  if (!value.object()) return "must be an object";
  UserRules plain;
  plain.array_limit = rules.array_limit;
  NameRules no_types;
  for (const Value::Member& member : *value.object()) {
    const std::string quoted = "'" + ToValidUtf8(member.name) + "' ";
    if (KindOf(member.name) != NameKind::kCustom) return quoted + "is no custom attribute";
    const std::uint32_t name = names->Intern(member.name);
    ApplyAttribute(name, member.value, {plain, no_types, false}, profile);
    // Operators, nulls and texts that are too long are no values that a profile can hold.
    const Attribute* kept = std::as_const(*profile).FindAttribute(name);
    if (!kept || !(kept->value == member.value)) {
      return quoted + "has a value that Braze does not keep as it is";
    }
  }
  return {};
}

Wrong ReadHappenings(const Value& value, std::vector<Happening>* out) {
  static constexpr char form[] =
      "must be a list of {\"name\": text, \"first\": text, \"last\": text, \"count\": from 1 on}";
  if (!value.list()) return form;
  if (value.list()->size() > limits::profile_happenings_max) {
    return "must have at most " + std::to_string(limits::profile_happenings_max) + " items";
  }
  std::unordered_set<std::string_view> seen;
  for (const Value& item : *value.list()) {
    const auto text = [&](std::string_view name) {
      const Value* found = item.Find(name);
      return found ? found->string() : nullptr;
    };
    const Value* count = item.Find("count");
    const auto* number = count ? count->integer() : nullptr;
    if (!text("name") || text("name")->empty() || !text("first") || !text("last") || !number ||
        *number < 1 || item.object()->size() != 4) {
      return form;
    }
    if (*number > limits::happening_count_max) {
      return "has a count above " + std::to_string(limits::happening_count_max);
    }
    if (!seen.insert(*text("name")).second) {
      return "has '" + *text("name") + "' twice";
    }
    out->push_back({*text("name"), *text("first"), *text("last"), *number});
  }
  return {};
}

Wrong ReadRevenue(const Value& value, Profile* profile) {
  if (!value.is_number()) return "must be a number";
  profile->revenue = value.AsDouble();
  return {};
}

Wrong ReadCreated(const Value& value, Profile* profile) {
  const auto time = value.string() ? ParseDate(*value.string()) : std::nullopt;
  if (!time) return "must be a time such as 2026-09-07T02:00:00.000Z";
  profile->created = *time;
  return {};
}

// The export's [longitude, latitude].
Wrong ReadCoordinates(const Value& value, Profile* profile) {
  const auto* items = value.list();
  if (!items || items->size() != 2 || !(*items)[0].is_number() || !(*items)[1].is_number()) {
    return "must be [longitude, latitude]";
  }
  profile->fields.push_back(
      {"current_location", Value::Object{{"longitude", (*items)[0]}, {"latitude", (*items)[1]}}});
  return {};
}

Wrong ReadField(const Value::Member& field, const UserRules& rules, Profile* profile) {
  const bool state = field.name == "push_subscribe" || field.name == "email_subscribe";
  // What the export shows of a profile on which nobody has set it.
  if (state && field.value == Value("subscribed")) return {};
  static constexpr char refused[] = "has a value that Braze does not take as it is";
  if (!CheckProfileFields({field}, rules).empty()) return refused;
  ApplyField(field.name, field.value, profile);
  const Value* kept = FindMember(profile->fields, field.name);
  return kept && *kept == field.value ? Wrong() : refused;
}

bool IsAssigned(std::string_view name) {
  static constexpr std::array<std::string_view, 4> assigned = {
      "appboy_id", "braze_id", "custom_attribute_types", "random_bucket"};
  return std::ranges::find(assigned, name) != assigned.end();
}

Wrong ReadMember(const Value::Member& member, const UserRules& rules, NamePool* names,
                 Profile* profile) {
  const std::string_view name = member.name;
  const Value& value = member.value;
  if (IsAssigned(name)) return {};
  if (name == "external_id") return ReadExternalId(value, profile);
  if (name == "created_at") return ReadCreated(value, profile);
  if (name == "user_aliases") return ReadAliases(value, profile);
  if (name == "custom_attributes") return ReadAttributes(value, rules, names, profile);
  if (name == "custom_events") return ReadHappenings(value, &profile->events);
  if (name == "purchases") return ReadHappenings(value, &profile->purchases);
  if (name == "total_revenue") return ReadRevenue(value, profile);
  if (name == "last_coordinates") return ReadCoordinates(value, profile);
  // The export has last_coordinates instead.
  if (name != "current_location" && KindOf(name) == NameKind::kProfile) {
    return ReadField(member, rules, profile);
  }
  return "is not a member of an exported profile";
}

// The identifiers by which a profile is told from others: its external id and its aliases, or else
// its e-mail, or else its phone.
std::vector<Identifier> IdentityOf(const Profile& profile) {
  std::vector<Identifier> all;
  if (!profile.external_id.empty()) all.push_back({IdKind::kExternalId, profile.external_id, {}});
  for (const Alias& alias : profile.aliases) {
    all.push_back({IdKind::kAlias, alias.name, alias.label});
  }
  const Value* email = FindMember(profile.fields, "email");
  const Value* phone = FindMember(profile.fields, "phone");
  if (all.empty() && email) all.push_back({IdKind::kEmail, ToLower(*email->string()), {}});
  if (all.empty() && phone) all.push_back({IdKind::kPhone, *phone->string(), {}});
  return all;
}

// The profile that the one of that identity replaces; null: none.
Profile* FindReplaced(const std::vector<Identifier>& identity, ProfileStore* store) {
  for (const Identifier& id : identity) {
    for (Profile* found : store->FindAll(id)) {
      const bool bare = found->external_id.empty();
      const bool nameless = bare && found->aliases.empty();
      if (id.kind == IdKind::kExternalId || (id.kind == IdKind::kAlias && bare) || nameless) {
        return found;
      }
    }
    // An external id alone decides; aliases may be those of somebody else, which is an error.
    if (id.kind == IdKind::kExternalId) return nullptr;
  }
  return nullptr;
}

struct Import {
  Profile profile;
  std::vector<Identifier> identity;
  Profile* replaced = nullptr;
};

// Aliases that a user has who is not replaced.
Wrong CheckAliases(const Import& import, const std::set<Profile*>& replaced, ProfileStore* store) {
  for (const Identifier& id : import.identity) {
    if (id.kind != IdKind::kAlias) continue;
    Profile* owner = store->Find(id);
    if (owner && !replaced.contains(owner)) return "'user_aliases' has an alias of another user";
  }
  return {};
}

void Write(Import import, ProfileStore* store, Clock::Time now) {
  Profile* profile = import.replaced;
  std::vector<Alias> aliases = std::move(import.profile.aliases);
  if (!profile) {
    profile = store->Create(import.identity.front(), now);
    // By alias the first is there already.
    if (import.identity.front().kind == IdKind::kAlias) aliases.erase(aliases.begin());
  }
  for (Alias& alias : aliases) store->AddAlias(profile, std::move(alias));
  profile->created = import.profile.created;
  store->Restore(profile, std::move(import.profile));
  store->Touch(profile);
}

}  // namespace

Result<Profile> ImportProfile(const Value& exported, const UserRules& rules, NamePool* names,
                              Clock::Time now) {
  if (!exported.object()) return Result<Profile>::Fail("must be an object");
  Profile profile;
  profile.created = now;
  for (const Value::Member& member : *exported.object()) {
    if (const Wrong wrong = ReadMember(member, rules, names, &profile); !wrong.empty()) {
      return Result<Profile>::Fail("'" + ToValidUtf8(member.name) + "' " + wrong);
    }
  }
  return Result<Profile>::Ok(std::move(profile));
}

std::string ImportProfiles(const Value::List& exported, const UserRules& rules, ProfileStore* store,
                           Clock::Time now) {
  std::vector<Import> imports;
  std::set<std::string> identifiers;
  std::set<Profile*> replaced;
  const auto at = [&](std::size_t index) { return "profiles[" + std::to_string(index) + "]: "; };
  imports.reserve(exported.size());
  for (std::size_t i = 0; i < exported.size(); ++i) {
    Result<Profile> profile = ImportProfile(exported[i], rules, &store->names(), now);
    if (!profile.ok()) return at(i) + profile.error();
    Import import{std::move(profile.value()), {}, nullptr};
    import.identity = IdentityOf(import.profile);
    if (import.identity.empty()) {
      return at(i) + "has none of 'external_id', 'user_aliases', 'email' and 'phone'";
    }
    for (const Identifier& id : import.identity) {
      if (!identifiers.insert(id.CustomerKey()).second) {
        return at(i) + "has the identifier of another profile of the list";
      }
    }
    import.replaced = FindReplaced(import.identity, store);
    if (import.replaced && !replaced.insert(import.replaced).second) {
      return at(i) + "would replace the same user as another profile of the list";
    }
    imports.push_back(std::move(import));
  }
  for (std::size_t i = 0; i < imports.size(); ++i) {
    const Wrong wrong = CheckAliases(imports[i], replaced, store);
    if (!wrong.empty()) return at(i) + wrong;
  }
  for (Profile* profile : replaced) store->DropAliases(profile);
  for (Import& import : imports) Write(std::move(import), store, now);
  return {};
}

}  // namespace mockbraze

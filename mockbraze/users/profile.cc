#include "mockbraze/users/profile.h"

#include <algorithm>

#include "mockbraze/base/date.h"
#include "mockbraze/base/text.h"

namespace mockbraze {
namespace {

Value ExportHappenings(const std::vector<Happening>& happenings) {
  Value::List list;
  for (const Happening& happening : happenings) {
    list.push_back(Value::Object{{"name", happening.name},
                                 {"first", happening.first},
                                 {"last", happening.last},
                                 {"count", happening.count}});
  }
  return list;
}

Value FieldOr(const Profile& profile, std::string_view name, const char* otherwise) {
  const Value* field = FindMember(profile.fields, name);
  return field ? *field : Value(otherwise);
}

void AppendFields(const Profile& profile, Value::Object* out) {
  for (const Value::Member& field : profile.fields) {
    if (field.name == "push_subscribe" || field.name == "email_subscribe") continue;  // at the end
    if (field.name == "current_location") {
      const Value* longitude = field.value.Find("longitude");
      const Value* latitude = field.value.Find("latitude");
      if (longitude && latitude) {
        out->push_back({"last_coordinates", Value::List{*longitude, *latitude}});
      }
      continue;
    }
    out->push_back(field);
  }
}

// A text that is forced to be one is no date, whatever it looks like.
std::string_view TypeName(const Attribute& attribute, const NamePool& names) {
  const NameRules::Rule* rule = names.rules().Find(attribute.name);
  const bool text = rule && rule->type == ForcedType::kString && attribute.value.string();
  return text ? "string" : InferredType(attribute.value);
}

}  // namespace

std::uint32_t NamePool::Intern(const std::string& name) {
  const auto [place, fresh] = ids_.try_emplace(name, static_cast<std::uint32_t>(names_.size()));
  if (fresh) names_.push_back(&place->first);
  return place->second;
}

std::optional<std::uint32_t> NamePool::Find(const std::string& name) const {
  const auto found = ids_.find(name);
  if (found == ids_.end()) return std::nullopt;
  return found->second;
}

void NamePool::Obey(const UserRules& rules) {
  rules_.Clear(rules.type_locking);
  for (const auto& [name, type] : rules.forced_types) {
    NameRules::Rule& rule = rules_.At(Intern(name));
    rule.type = type;
    rule.locked = false;
  }
  for (const std::string& name : rules.blocklisted_attributes) {
    rules_.At(Intern(name)).blocklisted = true;
  }
}

const Attribute* Profile::FindAttribute(std::uint32_t name) const {
  const auto found = std::ranges::find(attributes, name, &Attribute::name);
  return found == attributes.end() ? nullptr : &*found;
}

Attribute* Profile::FindAttribute(std::uint32_t name) {
  const auto found = std::ranges::find(attributes, name, &Attribute::name);
  return found == attributes.end() ? nullptr : &*found;
}

std::string BrazeId(std::uint64_t serial, std::uint64_t seed) {
  // The low 16 digits can be turned back into the serial, so that no index is needed.
  return Hex(Mix(seed + serial) >> 32, 8) + Hex(serial ^ Mix(seed), 16);
}

std::uint64_t SerialOf(std::string_view braze_id, std::uint64_t seed) {
  if (braze_id.size() != 24) return 0;
  const auto low = ParseHex(braze_id.substr(8));
  if (!low) return 0;
  const std::uint64_t serial = *low ^ Mix(seed);
  return BrazeId(serial, seed) == braze_id ? serial : 0;
}

std::string_view InferredType(const Value& value) {
  if (value.boolean()) return "boolean";
  if (value.integer() || value.big_integer()) return "integer";
  if (value.real()) return "float";
  if (const auto* text = value.string()) return LooksLikeDate(*text) ? "date" : "string";
  if (const auto* items = value.list()) {
    const bool objects = !items->empty() && std::ranges::all_of(*items, [](const Value& item) {
      return item.object() != nullptr;
    });
    return objects ? "object_array" : "array";
  }
  return "object";
}

Value::Object ExportTypes(const Profile& profile, const NamePool& names) {
  Value::Object types;
  for (const Attribute& attribute : profile.attributes) {
    types.push_back({names.Name(attribute.name), TypeName(attribute, names)});
  }
  return types;
}

Value::Object ExportProfile(const Profile& profile, const NamePool& names, std::uint64_t seed) {
  Value::Object attributes;
  for (const Attribute& attribute : profile.attributes) {
    attributes.push_back({names.Name(attribute.name), attribute.value});
  }
  Value::List aliases;
  for (const Alias& alias : profile.aliases) {
    aliases.push_back(Value::Object{{"alias_name", alias.name}, {"alias_label", alias.label}});
  }
  const std::string braze_id = BrazeId(profile.serial, seed);
  Value::Object user{{"created_at", IsoTime(profile.created)}};
  if (!profile.external_id.empty()) user.push_back({"external_id", profile.external_id});
  user.push_back({"user_aliases", std::move(aliases)});
  user.push_back({"appboy_id", braze_id});
  user.push_back({"braze_id", braze_id});
  AppendFields(profile, &user);
  user.push_back({"random_bucket", Mix(~seed + profile.serial) % 10'000});
  user.push_back({"custom_attributes", std::move(attributes)});
  if (!profile.events.empty()) {
    user.push_back({"custom_events", ExportHappenings(profile.events)});
  }
  if (!profile.purchases.empty()) {
    user.push_back({"purchases", ExportHappenings(profile.purchases)});
  }
  user.push_back({"total_revenue", profile.revenue});
  user.push_back({"push_subscribe", FieldOr(profile, "push_subscribe", "subscribed")});
  user.push_back({"email_subscribe", FieldOr(profile, "email_subscribe", "subscribed")});
  return user;
}

}  // namespace mockbraze

#include "mockbraze/users/profile_fields.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <utility>

#include "mockbraze/users/field_values.h"

namespace mockbraze {
namespace {

using namespace field_values;  // NOLINT(google-build-using-namespace): for the table below

// Each list is sorted, for binary search.
constexpr std::array<std::string_view, 5> identifiers = {"alias_label", "alias_name", "braze_id",
                                                         "external_id", "user_alias"};
constexpr std::array<std::string_view, 3> controls = {"_merge_objects", "_update_existing_only",
                                                      "push_token_import"};
struct Field {
  std::string_view name;
  // The code of section 4.2 of a value that rejects the object; null: there is none.
  std::string_view (*fault)(const Value& value, const UserRules& rules);
  // Brings the value into the form that is kept; false: dropped in silence.
  bool (*take)(Value* value);
  bool billable = false;
  // Adds to the value what it leaves of the one that is there, null for none, and answers false
  // when a part did not fit; null: the value replaces that one.
  bool (*join)(const Value* there, Value* value) = nullptr;
};

constexpr std::array<Field, 25> fields = {{
    {"country", nullptr, TakeCountry, true},
    {"current_location", LocationFault, TakeChecked, true},
    {"date_of_first_session", nullptr, TakeDate},
    {"date_of_last_session", nullptr, TakeDate},
    {"dob", nullptr, TakeBirthday, true},
    {"email", EmailFault, TakeText, true},
    {"email_click_tracking_disabled", nullptr, TakeBoolean},
    {"email_open_tracking_disabled", nullptr, TakeBoolean},
    {"email_subscribe", EmailStateFault, TakeChecked},
    {"email_subscription_info", nullptr, TakeChecked},  // always a fault
    {"facebook", nullptr, TakeFacebook},
    {"first_name", nullptr, TakeText, true},
    {"gender", nullptr, TakeGender, true},
    {"home_city", nullptr, TakeText, true},
    {"image_url", nullptr, TakeText},
    {"language", nullptr, TakeLanguage, true},
    {"last_name", nullptr, TakeText, true},
    {"marked_email_as_spam_at", nullptr, TakeDate},
    {"phone", nullptr, TakeText, true},
    {"push_subscribe", PushStateFault, TakeChecked},
    {"push_tokens", TokensFault, TakeTokens},
    {"subscription_groups", GroupsFault, TakeGroups, false, JoinGroups},
    {"time_zone", nullptr, TakeTimeZone, true},
    {"twitter", nullptr, TakeTwitter, true},
    {"uninstalled_at", nullptr, TakeDate},
}};
static_assert(std::ranges::is_sorted(identifiers) && std::ranges::is_sorted(controls) &&
              std::ranges::is_sorted(fields, {}, &Field::name));

// By first character, the lengths of the names above as bits. Most names are custom attributes, and
// one look here tells.
constexpr std::array<std::uint32_t, 128> LengthsByFirstCharacter() {
  std::array<std::uint32_t, 128> lengths{};
  const auto add = [&](std::string_view name) {
    lengths[static_cast<unsigned char>(name[0])] |= std::uint32_t{1} << name.size();
  };
  for (const std::string_view name : identifiers) add(name);
  for (const std::string_view name : controls) add(name);
  for (const Field& field : fields) add(field.name);
  add("bio");
  return lengths;
}

bool MayBeReserved(std::string_view name) {
  static constexpr auto lengths = LengthsByFirstCharacter();
  if (name.empty() || name.size() > 31) return false;
  const auto first = static_cast<unsigned char>(name[0]);
  return first < lengths.size() && ((lengths[first] >> name.size()) & 1) != 0;
}

const Field* FindField(std::string_view name) {
  const auto found = std::ranges::lower_bound(fields, name, {}, &Field::name);
  return found != fields.end() && found->name == name ? &*found : nullptr;
}

void RemoveField(std::string_view name, Profile* profile) {
  std::erase_if(profile->fields, [&](const Value::Member& field) { return field.name == name; });
}

}  // namespace

NameKind KindOf(std::string_view name) {
  if (!MayBeReserved(name)) return NameKind::kCustom;
  if (FindField(name)) return NameKind::kProfile;
  if (std::ranges::binary_search(identifiers, name)) return NameKind::kIdentifier;
  if (std::ranges::binary_search(controls, name)) return NameKind::kControl;
  // Section 2.3: removed, ignored, and not a custom attribute.
  if (name == "bio") return NameKind::kIgnored;
  return NameKind::kCustom;
}

std::string_view CheckProfileFields(const Value::Object& members, const UserRules& rules) {
  for (const Value::Member& member : members) {
    if (!MayBeReserved(member.name)) continue;
    const Field* field = FindField(member.name);
    if (!field) continue;
    if (field->name == "email_subscription_info") {
      return "INVALID_ATTRIBUTE_EMAIL_SUBSCRIPTION_INFO";
    }
    if (!field->fault || member.value.is_null()) continue;
    if (const auto fault = field->fault(member.value, rules); !fault.empty()) return fault;
  }
  return {};
}

bool IsBillableField(std::string_view name) {
  const Field* field = FindField(name);
  return field && field->billable;
}

Effect ApplyField(std::string_view name, Value value, Profile* profile) {
  const Field& field = *FindField(name);
  const bool taken = value.is_null() || field.take(&value);
  if (value.is_null()) RemoveField(name, profile);
  if (!taken) return DropReason::kBadFieldValue;
  if (value.is_null()) return Effect::Stored();
  Value* there = FindMember(profile->fields, name);
  const bool fits = !field.join || field.join(there, &value);
  Effect effect = Effect::Stored();
  if (!there) {
    profile->fields.push_back({std::string(name), std::move(value)});
  } else if (*there == value) {
    effect = Effect::Unchanged();
  } else {
    *there = std::move(value);
  }
  return fits ? effect : effect.With(DropReason::kProfileFull);
}

}  // namespace mockbraze

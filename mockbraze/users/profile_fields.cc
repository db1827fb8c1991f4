#include "mockbraze/users/profile_fields.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "mockbraze/base/date.h"
#include "mockbraze/base/limits.h"
#include "mockbraze/base/text.h"
#include "mockbraze/users/identifier.h"

namespace mockbraze {
namespace {

// Each list is sorted, for binary search.
constexpr std::array<std::string_view, 5> identifiers = {"alias_label", "alias_name", "braze_id",
                                                         "external_id", "user_alias"};
constexpr std::array<std::string_view, 3> controls = {"_merge_objects", "_update_existing_only",
                                                      "push_token_import"};
constexpr std::array<std::string_view, 25> fields = {"country",
                                                     "current_location",
                                                     "date_of_first_session",
                                                     "date_of_last_session",
                                                     "dob",
                                                     "email",
                                                     "email_click_tracking_disabled",
                                                     "email_open_tracking_disabled",
                                                     "email_subscribe",
                                                     "email_subscription_info",
                                                     "facebook",
                                                     "first_name",
                                                     "gender",
                                                     "home_city",
                                                     "image_url",
                                                     "language",
                                                     "last_name",
                                                     "marked_email_as_spam_at",
                                                     "phone",
                                                     "push_subscribe",
                                                     "push_tokens",
                                                     "subscription_groups",
                                                     "time_zone",
                                                     "twitter",
                                                     "uninstalled_at"};
static_assert(std::ranges::is_sorted(identifiers) && std::ranges::is_sorted(controls) &&
              std::ranges::is_sorted(fields));

// By first character, the lengths of the names above as bits. Most names are custom attributes, and
// one look here tells.
constexpr std::array<std::uint32_t, 128> LengthsByFirstCharacter() {
  std::array<std::uint32_t, 128> lengths{};
  const auto add = [&](std::string_view name) {
    lengths[static_cast<unsigned char>(name[0])] |= std::uint32_t{1} << name.size();
  };
  for (const std::string_view name : identifiers) add(name);
  for (const std::string_view name : controls) add(name);
  for (const std::string_view name : fields) add(name);
  add("bio");
  return lengths;
}

bool MayBeReserved(std::string_view name) {
  static constexpr auto lengths = LengthsByFirstCharacter();
  if (name.empty() || name.size() > 31) return false;
  const auto first = static_cast<unsigned char>(name[0]);
  return first < lengths.size() && ((lengths[first] >> name.size()) & 1) != 0;
}

bool IsSubscriptionState(const Value& value) {
  const auto* text = value.string();
  return text && (*text == "opted_in" || *text == "unsubscribed" || *text == "subscribed");
}

bool IsLocation(const Value& value) {
  const Value* longitude = value.Find("longitude");
  const Value* latitude = value.Find("latitude");
  return longitude && latitude && longitude->is_number() && latitude->is_number();
}

// The code of section 4.2 for one field, or nothing.
std::string_view FaultOf(std::string_view name, const Value& value) {
  if (name == "email_subscription_info") return "INVALID_ATTRIBUTE_EMAIL_SUBSCRIPTION_INFO";
  if (value.is_null()) return {};
  if (name == "email" && !(value.string() && IsEmailAddress(*value.string()))) {
    return "EMAIL_BAD_FORMAT";
  }
  if (name == "email_subscribe" && !IsSubscriptionState(value)) {
    return "BAD_EMAIL_SUBSCRIPTION_STATE";
  }
  if (name == "push_subscribe" && !IsSubscriptionState(value)) {
    return "BAD_PUSH_SUBSCRIPTION_STATE";
  }
  if (name == "current_location" && !IsLocation(value)) return "BAD_LOCATION_UPDATE";
  if (name == "subscription_groups" && !value.list()) return "BAD_SUBSCRIPTION_GROUP_ARRAY";
  if (name == "push_tokens" && !value.list()) return "BAD_PUSH_TOKEN_VALUE";
  return {};
}

bool IsOneOf(const Value& value, std::initializer_list<std::string_view> texts) {
  return value.string() && std::ranges::find(texts, *value.string()) != texts.end();
}

}  // namespace

NameKind KindOf(std::string_view name) {
  if (!MayBeReserved(name)) return NameKind::kCustom;
  if (std::ranges::binary_search(fields, name)) return NameKind::kProfile;
  if (std::ranges::binary_search(identifiers, name)) return NameKind::kIdentifier;
  if (std::ranges::binary_search(controls, name)) return NameKind::kControl;
  // Section 2.3: removed, ignored, and not a custom attribute.
  if (name == "bio") return NameKind::kIgnored;
  return NameKind::kCustom;
}

std::string CheckProfileFields(const Value::Object& members) {
  for (const Value::Member& member : members) {
    if (KindOf(member.name) != NameKind::kProfile) continue;
    if (const auto fault = FaultOf(member.name, member.value); !fault.empty()) {
      return std::string(fault);
    }
  }
  return {};
}

bool IsStorableField(std::string_view name, const Value& value) {
  if (value.is_null()) return true;
  if (name == "gender") return IsOneOf(value, {"M", "F", "O", "N", "P"});
  if (name == "dob") {
    return value.string() && value.string()->size() == 10 && LooksLikeDate(*value.string());
  }
  if (name == "date_of_first_session" || name == "date_of_last_session" ||
      name == "marked_email_as_spam_at" || name == "uninstalled_at") {
    return value.string() && LooksLikeDate(*value.string());
  }
  if (name == "email_open_tracking_disabled" || name == "email_click_tracking_disabled") {
    return value.boolean();
  }
  if (name == "facebook" || name == "twitter" || name == "current_location") return value.object();
  if (name == "push_tokens" || name == "subscription_groups") return value.list();
  return value.string() && CountCharacters(*value.string()) <= limits::string_characters_max;
}

}  // namespace mockbraze

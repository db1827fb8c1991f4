#include "mockbraze/users/field_values.h"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <string>
#include <unordered_map>
#include <utility>

#include "mockbraze/base/date.h"
#include "mockbraze/base/limits.h"
#include "mockbraze/base/text.h"
#include "mockbraze/users/field_lists.h"
#include "mockbraze/users/identifier.h"

namespace mockbraze::field_values {
namespace {

bool IsOneOf(const Value* value, std::initializer_list<std::string_view> texts) {
  return value && value->string() && std::ranges::find(texts, *value->string()) != texts.end();
}

bool IsSubscriptionState(const Value& value) {
  return IsOneOf(&value, {"opted_in", "unsubscribed", "subscribed"});
}

bool IsNumberWithin(const Value* value, double bound) {
  return value && value->is_number() && value->AsDouble() >= -bound && value->AsDouble() <= bound;
}

bool IsUuid(const std::string& text) {
  if (text.size() != 36) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    const char c = text[i];
    const bool hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
    if (dash ? c != '-' : !hex) return false;
  }
  return true;
}

// Empty: all texts are good.
bool IsListed(const std::string& text, const UserRules::Names& names) {
  return names.empty() || names.contains(text);
}

std::string_view TokenFault(const Value& token, const UserRules& rules) {
  if (!token.object()) return "BAD_PUSH_TOKEN_VALUE";
  const Value* app = token.Find("app_id");
  if (!app || !app->string() || !IsListed(*app->string(), rules.app_ids)) {
    return "BAD_PUSH_TOKEN_APP_ID";
  }
  const Value* text = token.Find("token");
  if (!text || !text->string() || text->string()->empty()) return "BAD_PUSH_TOKEN_STRING";
  const Value* device = token.Find("device_id");
  if (!device || device->is_null()) return {};
  const bool fits = device->string() && device->string()->size() >= limits::device_id_bytes_min &&
                    device->string()->size() <= limits::device_id_bytes_max;
  return fits ? std::string_view() : "BAD_DEVICE_ID";
}

std::string_view GroupFault(const Value& group, const UserRules& rules) {
  const Value* id = group.Find("subscription_group_id");
  const Value* state = group.Find("subscription_state");
  const Value* double_opt_in = group.Find("use_double_opt_in_logic");
  if (!id || !state || (double_opt_in && !double_opt_in->boolean())) {
    return "BAD_SUBSCRIPTION_GROUP_HASH";
  }
  const bool known = id->string() && (rules.subscription_groups.empty()
                                          ? IsUuid(*id->string())
                                          : rules.subscription_groups.contains(*id->string()));
  if (!known) return "BAD_SUBSCRIPTION_GROUP_ID";
  const bool valid = IsOneOf(state, {"subscribed", "unsubscribed"});
  return valid ? std::string_view() : "BAD_SUBSCRIPTION_GROUP_STATE";
}

std::string DeviceIdFor(const Value& token) {
  std::uint64_t hash = 0;
  for (const std::string_view part : {"app_id", "token"}) {
    for (const char c : *token.Find(part)->string()) {
      hash = Mix(hash ^ static_cast<unsigned char>(c));
    }
    hash = Mix(hash + 1);
  }
  return Hex(hash, 16) + Hex(Mix(hash), 16);
}

struct Shape {
  std::string_view member;
  bool (*fits)(const Value& value);
};

bool IsText(const Value& value) { return value.string() != nullptr; }
bool IsInteger(const Value& value) { return value.integer() != nullptr; }
bool IsTextList(const Value& value) {
  return value.list() && std::ranges::all_of(*value.list(), IsText);
}

constexpr std::array<Shape, 3> facebook = {
    {{"id", IsText}, {"likes", IsTextList}, {"num_friends", IsInteger}}};
constexpr std::array<Shape, 5> twitter = {{{"id", IsInteger},
                                           {"screen_name", IsText},
                                           {"followers_count", IsInteger},
                                           {"friends_count", IsInteger},
                                           {"statuses_count", IsInteger}}};

// An object whose known members are of their types. The others are let be; ours.
template <std::size_t n>
bool HasShape(const Value& value, const std::array<Shape, n>& shapes) {
  return value.object() && std::ranges::all_of(shapes, [&](const Shape& shape) {
           const Value* member = value.Find(shape.member);
           return !member || shape.fits(*member);
         });
}

}  // namespace

std::string_view EmailFault(const Value& value, const UserRules& /*rules*/) {
  const bool good = value.string() && IsEmailAddress(*value.string());
  return good ? std::string_view() : "EMAIL_BAD_FORMAT";
}

std::string_view EmailStateFault(const Value& value, const UserRules& /*rules*/) {
  return IsSubscriptionState(value) ? std::string_view() : "BAD_EMAIL_SUBSCRIPTION_STATE";
}

std::string_view PushStateFault(const Value& value, const UserRules& /*rules*/) {
  return IsSubscriptionState(value) ? std::string_view() : "BAD_PUSH_SUBSCRIPTION_STATE";
}

std::string_view LocationFault(const Value& value, const UserRules& /*rules*/) {
  // That the numbers must be a place on Earth is ours.
  const bool good = IsNumberWithin(value.Find("longitude"), limits::longitude_max) &&
                    IsNumberWithin(value.Find("latitude"), limits::latitude_max);
  return good ? std::string_view() : "BAD_LOCATION_UPDATE";
}

std::string_view TokensFault(const Value& value, const UserRules& rules) {
  if (!value.list()) return "BAD_PUSH_TOKEN_VALUE";
  for (const Value& token : *value.list()) {
    if (const auto fault = TokenFault(token, rules); !fault.empty()) return fault;
  }
  return {};
}

std::string_view GroupsFault(const Value& value, const UserRules& rules) {
  if (!value.list()) return "BAD_SUBSCRIPTION_GROUP_ARRAY";
  for (const Value& group : *value.list()) {
    if (const auto fault = GroupFault(group, rules); !fault.empty()) return fault;
  }
  return {};
}

bool TakeText(Value* value) {
  return value->string() && CountCharacters(*value->string()) <= limits::string_characters_max;
}

bool TakeBoolean(Value* value) { return value->boolean(); }

bool TakeDate(Value* value) { return value->string() && LooksLikeDate(*value->string()); }

bool TakeBirthday(Value* value) {
  // YYYY-MM-DD and no other form of a date.
  return TakeDate(value) && value->string()->size() == 10 && (*value->string())[4] == '-';
}

bool TakeGender(Value* value) { return IsOneOf(value, {"M", "F", "O", "N", "P"}); }

bool TakeLanguage(Value* value) { return value->string() && IsLanguageCode(*value->string()); }

bool TakeTimeZone(Value* value) { return value->string() && IsTimeZone(*value->string()); }

bool TakeCountry(Value* value) {
  const std::string_view code =
      value->string() ? CountryCode(*value->string()) : std::string_view();
  *value = code.empty() ? Value() : Value(code);
  return !code.empty();
}

bool TakeFacebook(Value* value) { return HasShape(*value, facebook); }

bool TakeTwitter(Value* value) { return HasShape(*value, twitter); }

bool TakeChecked(Value* /*value*/) { return true; }

bool TakeTokens(Value* value) {
  for (Value& token : *value->list()) {
    Value* device = FindMember(*token.object(), "device_id");
    if (!device) {
      token.object()->push_back({"device_id", DeviceIdFor(token)});
    } else if (device->is_null()) {
      *device = DeviceIdFor(token);
    }
  }
  return true;
}

bool TakeGroups(Value* value) {
  for (Value& group : *value->list()) {
    group = Value::Object{{"subscription_group_id", *group.Find("subscription_group_id")},
                          {"subscription_state", *group.Find("subscription_state")}};
  }
  return true;
}

bool JoinGroups(const Value* there, Value* value) {
  Value::List joined = there && there->list() ? *there->list() : Value::List{};
  std::unordered_map<std::string, std::size_t> places;
  const auto id = [](const Value& group) -> const std::string& {
    return *group.Find("subscription_group_id")->string();
  };
  for (std::size_t i = 0; i < joined.size(); ++i) places.try_emplace(id(joined[i]), i);
  bool all = true;
  for (Value& group : *value->list()) {
    const auto found = places.find(id(group));
    if (found != places.end()) {
      joined[found->second] = std::move(group);
    } else if (joined.size() < limits::profile_groups_max) {
      places.emplace(id(group), joined.size());
      joined.push_back(std::move(group));
    } else {
      all = false;
    }
  }
  *value = std::move(joined);
  return all;
}

}  // namespace mockbraze::field_values

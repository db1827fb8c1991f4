#include "mockbraze/workspace/settings.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "mockbraze/base/date.h"
#include "mockbraze/base/text.h"

namespace mockbraze {
namespace {

// What is wrong with a value; empty when it was taken.
using Wrong = std::string;

struct Setting {
  std::string_view name;
  Wrong (*read)(const Value& value, Settings* settings);
  Value (*write)(const Settings& settings);
};

// --- values ---

Wrong Read(const Value& value, bool* out) {
  if (!value.boolean()) return "must be true or false";
  *out = *value.boolean();
  return {};
}

Wrong ReadNumber(const Value& value, std::int64_t min, std::int64_t* out) {
  const auto* number = value.integer();
  if (!number || *number < min || *number > limits::setting_number_max) {
    return "must be a whole number from " + std::to_string(min) + " to " +
           std::to_string(limits::setting_number_max);
  }
  *out = *number;
  return {};
}

Wrong Read(const Value& value, std::chrono::milliseconds* out) {
  const auto* number = value.integer();
  const std::chrono::milliseconds max = limits::duration_max;
  if (!number || *number < 0 || *number > max.count()) {
    return "must be whole milliseconds, from 0 to a year";
  }
  *out = std::chrono::milliseconds(*number);
  return {};
}

Wrong Read(const Value& value, std::string* out) {
  if (!value.string()) return "must be a text";
  *out = *value.string();
  return {};
}

Wrong Read(const Value& value, UserRules::Names* out) {
  if (!value.list() || value.list()->size() > limits::setting_names_max) {
    return "must be a list of at most " + std::to_string(limits::setting_names_max) + " texts";
  }
  UserRules::Names names;
  for (const Value& item : *value.list()) {
    if (!item.string() || item.string()->empty()) return "must be a list of texts";
    names.insert(*item.string());
  }
  *out = std::move(names);
  return {};
}

Wrong Read(const Value& value, std::size_t* out) {
  std::int64_t number = 0;
  Wrong wrong = ReadNumber(value, 1, &number);
  if (wrong.empty()) *out = static_cast<std::size_t>(number);
  return wrong;
}

template <typename T>
Value Write(const T& value) {
  return value;
}
Value Write(std::chrono::milliseconds value) { return value.count(); }
Value Write(const UserRules::Names& names) { return Value::List(names.begin(), names.end()); }

template <typename T, typename Text = std::string_view>
struct Choice {
  Text text;
  T value;
};

template <typename T, typename Text, std::size_t n>
Wrong ReadChoice(const Value& value, const std::array<Choice<T, Text>, n>& choices, T* out) {
  Wrong list;
  for (const auto& choice : choices) {
    if (value == Value(choice.text)) {
      *out = choice.value;
      return {};
    }
    list += (list.empty() ? "" : ", ") + ToJson(choice.text);
  }
  return "must be one of " + list;
}

template <typename T, typename Text, std::size_t n>
Value WriteChoice(const std::array<Choice<T, Text>, n>& choices, T value) {
  return std::ranges::find(choices, value, &Choice<T, Text>::value)->text;
}

constexpr std::array<Choice<RateLimitMode>, 2> modes = {
    {{"general", RateLimitMode::kGeneral}, {"mau", RateLimitMode::kMau}}};
constexpr std::array<Choice<RateHeaders>, 6> header_styles = {
    {{"by-mode", RateHeaders::kByMode},
     {"epoch", RateHeaders::kEpoch},
     {"delta", RateHeaders::kDelta},
     {"retry-after", RateHeaders::kRetryAfter},
     {"empty", RateHeaders::kEmpty},
     {"none", RateHeaders::kNone}}};
constexpr std::array<Choice<BulkPermission>, 2> bulk_permissions = {
    {{"strict", BulkPermission::kStrict}, {"partner", BulkPermission::kPartner}}};
constexpr std::array<Choice<ErrorStyle>, 2> error_styles = {
    {{"code", ErrorStyle::kCode}, {"sentence", ErrorStyle::kSentence}}};
constexpr std::array<Choice<ArrayOverflow>, 2> overflows = {
    {{"drop-oldest", ArrayOverflow::kDropOldest}, {"truncate", ArrayOverflow::kTruncate}}};
constexpr std::array<Choice<ForcedType>, 7> types = {{{"boolean", ForcedType::kBoolean},
                                                      {"number", ForcedType::kNumber},
                                                      {"string", ForcedType::kString},
                                                      {"date", ForcedType::kDate},
                                                      {"array", ForcedType::kArray},
                                                      {"object", ForcedType::kObject},
                                                      {"object_array", ForcedType::kObjectArray}}};

constexpr std::array<Choice<int, int>, 2> unknown_key_statuses = {{{401, 401}, {404, 404}}};
constexpr std::array<Choice<int, int>, 3> oversize_statuses = {{{0, 0}, {413, 413}, {400, 400}}};

// --- settings with a form of their own ---

Wrong ReadKey(const Value& entry, ApiKey* out) {
  static constexpr char form[] = "must be a list of {\"key\": text, \"permissions\": [text]}";
  const Value* key = entry.Find("key");
  if (!key || !key->string() || key->string()->empty()) return form;
  if (IsQuoted(*key->string())) return "has a key in quotes; Braze refuses such keys";
  out->key = *key->string();
  for (const Value::Member& member : *entry.object()) {
    if (member.name == "key") continue;
    if (member.name != "permissions" || !member.value.list()) return form;
    for (const Value& permission : *member.value.list()) {
      if (!permission.string()) return form;
      out->permissions.push_back(*permission.string());
    }
  }
  return {};
}

Wrong ReadKeys(const Value& value, Settings* settings) {
  if (!value.list() || value.list()->size() > limits::keys_max) {
    return "must be a list of at most " + std::to_string(limits::keys_max);
  }
  std::vector<ApiKey> keys(value.list()->size());
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (Wrong wrong = ReadKey((*value.list())[i], &keys[i]); !wrong.empty()) return wrong;
  }
  settings->keys = std::move(keys);
  return {};
}

Value WriteKeys(const Settings& settings) {
  Value::List keys;
  for (const ApiKey& key : settings.keys) {
    Value::List permissions(key.permissions.begin(), key.permissions.end());
    keys.push_back(Value::Object{{"key", key.key}, {"permissions", std::move(permissions)}});
  }
  return keys;
}

constexpr std::string_view combined = "combined-";
constexpr std::string_view per_array_head = "legacy-";
constexpr std::string_view per_array_tail = "-per-array";

Wrong ReadBatchLimit(const Value& value, Settings* settings) {
  BatchLimit limit;
  std::string_view number;
  std::string text = value.integer() ? std::to_string(*value.integer()) : std::string();
  if (value.string()) text = *value.string();
  number = text;
  if (number.starts_with(combined)) {
    number.remove_prefix(combined.size());
  } else if (number.starts_with(per_array_head) && number.ends_with(per_array_tail)) {
    number.remove_prefix(per_array_head.size());
    number.remove_suffix(per_array_tail.size());
    limit.per_array = true;
  }
  const auto objects = ParseUnsigned(number, limits::bulk_objects_max);
  if (!objects || *objects == 0) {
    return "must be \"combined-75\", \"combined-50\", \"legacy-75-per-array\" or a number from 1 "
           "to " +
           std::to_string(limits::bulk_objects_max);
  }
  limit.objects = static_cast<std::size_t>(*objects);
  settings->batch_limit = limit;
  return {};
}

Value WriteBatchLimit(const Settings& settings) {
  const std::string number = std::to_string(settings.batch_limit.objects);
  return settings.batch_limit.per_array
             ? std::string(per_array_head) + number + std::string(per_array_tail)
             : std::string(combined) + number;
}

Wrong ReadRateLimit(const Value& value, Settings* settings) {
  if (!value.object()) return "must be an object such as {\"limit\": 3000, \"window_s\": 3}";
  RateLimit limit = settings->rate_limit;
  std::int64_t ignored = 0;
  for (const Value::Member& member : *value.object()) {
    const std::string& name = member.name;
    Wrong wrong = "is unknown; there are limit, window_s, hourly, remaining, enforced and headers";
    if (name == "limit") wrong = ReadNumber(member.value, 1, &limit.limit);
    if (name == "window_s") wrong = ReadNumber(member.value, 1, &limit.window_s);
    if (name == "hourly") wrong = ReadNumber(member.value, 1, &limit.hourly);
    if (name == "remaining") wrong = ReadNumber(member.value, 0, &ignored);
    if (name == "enforced") wrong = Read(member.value, &limit.enforced);
    if (name == "headers") wrong = ReadChoice(member.value, header_styles, &limit.headers);
    if (!wrong.empty()) return "'" + ToValidUtf8(name) + "' " + wrong;
  }
  settings->rate_limit = limit;
  return {};
}

Value WriteRateLimit(const Settings& settings) {
  const RateLimit& limit = settings.rate_limit;
  return Value::Object{{"limit", limit.limit},
                       {"window_s", limit.window_s},
                       {"hourly", limit.hourly},
                       {"enforced", limit.enforced},
                       {"headers", WriteChoice(header_styles, limit.headers)}};
}

Wrong ReadForcedTypes(const Value& value, Settings* settings) {
  if (!value.object() || value.object()->size() > limits::setting_names_max) {
    return "must be an object such as {\"score\": \"number\"}";
  }
  std::map<std::string, ForcedType, std::less<>> forced;
  for (const Value::Member& member : *value.object()) {
    ForcedType type{};
    if (Wrong wrong = ReadChoice(member.value, types, &type); !wrong.empty()) {
      return "'" + member.name + "' " + wrong;
    }
    forced[member.name] = type;
  }
  settings->rules.forced_types = std::move(forced);
  return {};
}

Value WriteForcedTypes(const Settings& settings) {
  Value::Object out;
  for (const auto& [name, type] : settings.rules.forced_types) {
    out.push_back({name, WriteChoice(types, type)});
  }
  return out;
}

Wrong ReadHost(const Value& value, Settings* settings) {
  if (!value.string() || value.string()->find_first_of(":/") != std::string::npos) {
    return "must be a host name without port, such as \"rest.fra-01.braze.eu\", or \"\"";
  }
  settings->host = *value.string();
  return {};
}

Wrong ReadOnboarded(const Value& value, Settings* settings) {
  const auto* text = value.string();
  if (!text || text->size() != 10 || (*text)[4] != '-' || !LooksLikeDate(*text)) {
    return "must be a date such as 2024-08-22";
  }
  settings->onboarded = *text;
  return {};
}

// --- the table ---

template <typename T>
T& At(Settings& settings, T Settings::*member) {
  return settings.*member;
}
template <typename T>
T& At(Settings& settings, T UserRules::*member) {
  return settings.rules.*member;
}
template <typename T>
const T& At(const Settings& settings, T Settings::*member) {
  return settings.*member;
}
template <typename T>
const T& At(const Settings& settings, T UserRules::*member) {
  return settings.rules.*member;
}

// A setting that is one member of the settings or of their rules.
template <auto member>
constexpr Setting Plain(std::string_view name) {
  return {name, [](const Value& value, Settings* s) { return Read(value, &At(*s, member)); },
          [](const Settings& s) { return Write(At(s, member)); }};
}

template <auto member, const auto& choices>
constexpr Setting OneOf(std::string_view name) {
  return {
      name,
      [](const Value& value, Settings* s) { return ReadChoice(value, choices, &At(*s, member)); },
      [](const Settings& s) { return WriteChoice(choices, At(s, member)); }};
}

Value WriteHost(const Settings& settings) { return settings.host; }
Value WriteOnboarded(const Settings& settings) { return settings.onboarded; }

constexpr std::array all_settings = {
    Setting{"keys", ReadKeys, WriteKeys},
    Plain<&Settings::account_active>("account_active"),
    Plain<&Settings::maintenance>("maintenance"),
    Setting{"host", ReadHost, WriteHost},
    Plain<&Settings::company>("company"),
    Setting{"batch_limit", ReadBatchLimit, WriteBatchLimit},
    OneOf<&Settings::rate_limit_mode, modes>("rate_limit_mode"),
    Setting{"rate_limit", ReadRateLimit, WriteRateLimit},
    Plain<&Settings::latency>("latency_ms"),
    Plain<&Settings::processing_delay>("processing_delay_ms"),
    Plain<&Settings::partial_processing>("partial_processing"),
    Plain<&Settings::lost_updates>("lost_updates"),
    Plain<&UserRules::array_limit>("array_limit"),
    OneOf<&UserRules::array_overflow, overflows>("array_overflow"),
    Setting{"forced_types", ReadForcedTypes, WriteForcedTypes},
    Plain<&UserRules::type_locking>("type_locking"),
    Plain<&UserRules::blocklisted_attributes>("blocklisted_attributes"),
    Plain<&UserRules::blocked_external_ids>("blocked_external_ids"),
    Plain<&UserRules::app_ids>("app_ids"),
    Plain<&UserRules::subscription_groups>("subscription_groups"),
    OneOf<&Settings::bulk_permission, bulk_permissions>("bulk_permission_mode"),
    Setting{"onboarded", ReadOnboarded, WriteOnboarded},
    OneOf<&UserRules::error_style, error_styles>("error_style"),
    Plain<&UserRules::ecommerce_schema_checks>("ecommerce_schema_checks"),
    Plain<&UserRules::properties_bytes_max>("properties_bytes_max"),
    Plain<&UserRules::alias_update_only>("alias_update_only"),
    OneOf<&Settings::unknown_key_status, unknown_key_statuses>("unknown_key_status"),
    OneOf<&Settings::oversize_status, oversize_statuses>("oversize_status"),
};

}  // namespace

Result<Settings> Change(Settings settings, const Value& changes) {
  using Answer = Result<Settings>;
  if (!changes.object()) return Answer::Fail("the settings must be a JSON object");
  for (const Value::Member& member : *changes.object()) {
    const auto setting = std::ranges::find(all_settings, member.name, &Setting::name);
    if (setting == all_settings.end()) {
      std::string list;
      for (const Setting& one : all_settings) {
        list += (list.empty() ? "" : ", ") + std::string(one.name);
      }
      return Answer::Fail("unknown '" + ToValidUtf8(member.name) + "'; there are " + list);
    }
    if (Wrong wrong = setting->read(member.value, &settings); !wrong.empty()) {
      return Answer::Fail("'" + member.name + "' " + wrong);
    }
  }
  return Answer::Ok(std::move(settings));
}

std::optional<std::int64_t> RemainingOf(const Value& changes) {
  const Value* limit = changes.Find("rate_limit");
  const Value* remaining = limit ? limit->Find("remaining") : nullptr;
  if (!remaining || !remaining->integer()) return std::nullopt;
  return *remaining->integer();
}

Value::Object ToValue(const Settings& settings) {
  Value::Object out;
  for (const Setting& setting : all_settings) {
    out.push_back({std::string(setting.name), setting.write(settings)});
  }
  return out;
}

}  // namespace mockbraze

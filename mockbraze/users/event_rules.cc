#include "mockbraze/users/event_rules.h"

#include <algorithm>
#include <initializer_list>
#include <optional>
#include <string_view>

#include "mockbraze/base/date.h"
#include "mockbraze/base/limits.h"
#include "mockbraze/base/text.h"
#include "mockbraze/users/ecommerce_schema.h"
#include "mockbraze/users/field_lists.h"

namespace mockbraze {
namespace {

constexpr char invalid_properties[] = "Invalid 'properties' field";

const Value* Present(const Value::Object& members, std::string_view name) {
  const Value* value = FindMember(members, name);
  return value && !value->is_null() ? value : nullptr;
}

bool IsShort(const std::string& text) {
  return CountCharacters(text) <= limits::string_characters_max;
}

std::string TextFault(const Value::Object& members, std::string_view name) {
  const Value* value = Present(members, name);
  const bool good = value && value->string() && !value->string()->empty();
  return good ? std::string() : "'" + std::string(name) + "' is required";
}

std::string TimeFault(const Value::Object& members) {
  std::string fault = TextFault(members, "time");
  if (!fault.empty() || ParseIsoDate(*FindMember(members, "time")->string())) return fault;
  return "'time' must be a time such as 2026-09-07T02:00:00Z";
}

std::string AppFault(const Value::Object& members) {
  const Value* app = Present(members, "app_id");
  return !app || app->string() ? std::string() : "'app_id' must be a string";
}

// Section 1.7: 1 to 255 characters, no leading $.
bool IsUsableName(const std::string& name) {
  return !name.empty() && name[0] != '$' && IsShort(name);
}

bool IsUsableProperty(const Value& value) {
  if (const auto* text = value.string()) return IsShort(*text);
  if (const auto* items = value.list()) return std::ranges::all_of(*items, IsUsableProperty);
  const auto* members = value.object();
  return !members || std::ranges::all_of(*members, [](const Value::Member& member) {
    return IsUsableName(member.name) && IsUsableProperty(member.value);
  });
}

std::string PropertiesFault(const Value::Object& members,
                            std::initializer_list<std::string_view> reserved,
                            const UserRules& rules) {
  const Value* properties = Present(members, "properties");
  if (!properties) return {};
  const bool good =
      properties->object() && IsUsableProperty(*properties) &&
      std::ranges::none_of(*properties->object(),
                           [&](const Value::Member& member) {
                             return std::ranges::find(reserved, member.name) != reserved.end();
                           }) &&
      ToJson(*properties).size() <= rules.properties_bytes_max;
  return good ? std::string() : invalid_properties;
}

std::string QuantityFault(const Value::Object& members) {
  const Value* quantity = Present(members, "quantity");
  if (!quantity) return {};
  const auto* number = quantity->integer();
  const bool good = number && *number >= 1 && *number <= limits::purchase_quantity_max;
  return good ? std::string() : "'quantity' must be an integer from 1 to 100";
}

std::string PriceFault(const Value::Object& members) {
  const Value* price = Present(members, "price");
  return price && price->is_number() ? std::string() : "'price' is required";
}

std::string CurrencyFault(const Value::Object& members) {
  std::string fault = TextFault(members, "currency");
  if (!fault.empty() || IsCurrencyCode(*FindMember(members, "currency")->string())) return fault;
  return "'currency' must be an ISO 4217 code";
}

std::string ProductFault(const Value::Object& members) {
  std::string fault = TextFault(members, "product_id");
  if (!fault.empty() || IsShort(*FindMember(members, "product_id")->string())) return fault;
  return "'product_id' must have at most 255 characters";
}

// The first fault there is.
std::string First(std::initializer_list<std::string> faults) {
  const auto found = std::ranges::find_if(faults, [](const auto& f) { return !f.empty(); });
  return found == faults.end() ? std::string() : *found;
}

}  // namespace

std::string CheckEvent(const Value::Object& members, const UserRules& rules) {
  std::string fault = First({TextFault(members, "name"), TimeFault(members), AppFault(members),
                             PropertiesFault(members, {"time", "event_name"}, rules)});
  if (!fault.empty() || !rules.ecommerce_schema_checks) return fault;
  return EcommerceFault(*FindMember(members, "name")->string(), Present(members, "properties"));
}

std::string CheckPurchase(const Value::Object& members, const UserRules& rules) {
  return First({ProductFault(members), CurrencyFault(members), TimeFault(members),
                PriceFault(members), QuantityFault(members), AppFault(members),
                PropertiesFault(members, {"product_id", "quantity", "price", "currency"}, rules)});
}

void BoundTime(Clock::Time now, Value::Object* members) {
  Value* time = FindMember(*members, "time");
  const auto parsed = time && time->string() ? ParseIsoDate(*time->string()) : std::nullopt;
  if (parsed && *parsed > now) *time = IsoTime(now);
}

}  // namespace mockbraze

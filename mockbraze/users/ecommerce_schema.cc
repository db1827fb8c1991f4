#include "mockbraze/users/ecommerce_schema.h"

#include <algorithm>
#include <array>
#include <span>

namespace mockbraze {
namespace {

enum class Type { kString, kInteger, kNumber, kObject, kTexts, kObjects, kProducts };

struct Property {
  std::string_view name;
  Type type = Type::kString;
  bool required = false;
};

constexpr std::array<Property, 8> product = {{{"product_id", Type::kString, true},
                                              {"product_name", Type::kString, true},
                                              {"variant_id", Type::kString, true},
                                              {"quantity", Type::kInteger, true},
                                              {"price", Type::kNumber, true},
                                              {"image_url"},
                                              {"product_url"},
                                              {"metadata", Type::kObject}}};

constexpr std::array<Property, 10> product_viewed = {{{"product_id", Type::kString, true},
                                                      {"product_name", Type::kString, true},
                                                      {"variant_id", Type::kString, true},
                                                      {"price", Type::kNumber, true},
                                                      {"currency", Type::kString, true},
                                                      {"source", Type::kString, true},
                                                      {"image_url"},
                                                      {"product_url"},
                                                      {"type", Type::kTexts},
                                                      {"metadata", Type::kObject}}};

constexpr std::array<Property, 6> cart_updated = {{{"cart_id", Type::kString, true},
                                                   {"currency", Type::kString, true},
                                                   {"products", Type::kProducts, true},
                                                   {"source", Type::kString, true},
                                                   {"total_value", Type::kNumber},
                                                   {"metadata", Type::kObject}}};

constexpr std::array<Property, 7> checkout_started = {{{"checkout_id", Type::kString, true},
                                                       {"total_value", Type::kNumber, true},
                                                       {"currency", Type::kString, true},
                                                       {"products", Type::kProducts, true},
                                                       {"source", Type::kString, true},
                                                       {"cart_id"},
                                                       {"metadata", Type::kObject}}};

constexpr std::array<Property, 9> order_placed = {{{"order_id", Type::kString, true},
                                                   {"total_value", Type::kNumber, true},
                                                   {"currency", Type::kString, true},
                                                   {"products", Type::kProducts, true},
                                                   {"source", Type::kString, true},
                                                   {"cart_id"},
                                                   {"total_discounts", Type::kNumber},
                                                   {"discounts", Type::kObjects},
                                                   {"metadata", Type::kObject}}};

constexpr std::array<Property, 8> order_refunded = {{{"order_id", Type::kString, true},
                                                     {"total_value", Type::kNumber, true},
                                                     {"currency", Type::kString, true},
                                                     {"products", Type::kProducts, true},
                                                     {"source", Type::kString, true},
                                                     {"total_discounts", Type::kNumber},
                                                     {"discounts", Type::kObjects},
                                                     {"metadata", Type::kObject}}};

constexpr std::array<Property, 9> order_cancelled = {{{"order_id", Type::kString, true},
                                                      {"reason", Type::kString, true},
                                                      {"total_value", Type::kNumber, true},
                                                      {"currency", Type::kString, true},
                                                      {"products", Type::kProducts, true},
                                                      {"source", Type::kString, true},
                                                      {"total_discounts", Type::kNumber},
                                                      {"discounts", Type::kObjects},
                                                      {"metadata", Type::kObject}}};

struct Schema {
  std::string_view event;
  std::span<const Property> properties;
};

constexpr std::array<Schema, 6> schemas = {{{"ecommerce.product_viewed", product_viewed},
                                            {"ecommerce.cart_updated", cart_updated},
                                            {"ecommerce.checkout_started", checkout_started},
                                            {"ecommerce.order_placed", order_placed},
                                            {"ecommerce.order_refunded", order_refunded},
                                            {"ecommerce.order_cancelled", order_cancelled}}};

std::string_view JsonType(const Value& value) {
  if (value.string()) return "string";
  if (value.integer() || value.big_integer()) return "integer";
  if (value.real()) return "number";
  if (value.boolean()) return "boolean";
  if (value.list()) return "array";
  return value.object() ? "object" : "null";
}

std::string_view JsonType(Type type) {
  static constexpr std::array<std::string_view, 7> names = {"string", "integer", "number", "object",
                                                            "array",  "array",   "array"};
  return names[static_cast<std::size_t>(type)];
}

std::string TypeFault(const Value& value, std::string_view wanted, const std::string& path) {
  const std::string_view is = JsonType(value);
  if (is == wanted || (wanted == "number" && is == "integer")) return {};
  return "The property '" + path + "' of type " + std::string(is) +
         " did not match the following type: " + std::string(wanted);
}

std::string ObjectFault(const Value& object, std::span<const Property> properties,
                        const std::string& path);

std::string ItemFault(const Value& item, Type type, const std::string& path) {
  if (type == Type::kTexts) return TypeFault(item, "string", path);
  std::string fault = TypeFault(item, "object", path);
  if (fault.empty() && type == Type::kProducts) fault = ObjectFault(item, product, path + "/");
  return fault;
}

std::string PropertyFault(const Value& value, const Property& property, const std::string& path) {
  std::string fault = TypeFault(value, JsonType(property.type), path);
  if (!fault.empty() || !value.list()) return fault;
  const Value::List& items = *value.list();
  for (std::size_t i = 0; i < items.size() && fault.empty(); ++i) {
    fault = ItemFault(items[i], property.type, path + "/" + std::to_string(i));
  }
  return fault;
}

// The first fault: what is missing, what is of the wrong type, what is too much. `path` ends in /.
std::string ObjectFault(const Value& object, std::span<const Property> properties,
                        const std::string& path) {
  // The root is '#/', an object inside has no slash at its end.
  const std::string here = path == "#/" ? path : path.substr(0, path.size() - 1);
  for (const Property& property : properties) {
    if (!property.required || object.Find(property.name)) continue;
    return "The property '" + here + "' did not contain a required property of '" +
           std::string(property.name) + "'";
  }
  std::string surplus;
  for (const Value::Member& member : *object.object()) {
    const auto property = std::ranges::find(properties, member.name, &Property::name);
    if (property == properties.end()) {
      if (!surplus.empty()) surplus += ", ";
      AppendJsonString(member.name, &surplus);
      continue;
    }
    std::string fault = PropertyFault(member.value, *property, path + member.name);
    if (!fault.empty()) return fault;
  }
  if (surplus.empty()) return {};
  return "The property '" + here + "' contains additional properties [" + surplus +
         "] outside of the schema when none are allowed";
}

}  // namespace

std::string EcommerceFault(std::string_view event, const Value* properties) {
  const auto schema = std::ranges::find(schemas, event, &Schema::event);
  if (schema == schemas.end()) return {};
  return ObjectFault(properties ? *properties : Value(Value::Object{}), schema->properties, "#/");
}

}  // namespace mockbraze

#include "mockbraze/users/track_request.h"

#include <utility>

#include "mockbraze/base/json_parser.h"
#include "mockbraze/base/limits.h"
#include "mockbraze/users/profile_fields.h"

namespace mockbraze {
namespace {

bool HasText(const Value::Object& members, std::string_view name) {
  const Value* value = FindMember(members, name);
  return value && value->string() && !value->string()->empty();
}

// Section 3. What Braze says to a missing field is not stated (section 12, 12): texts are ours.
std::string CheckEvent(const Value::Object& members) {
  if (!HasText(members, "name")) return "'name' is required";
  if (!HasText(members, "time")) return "'time' is required";
  const Value* properties = FindMember(members, "properties");
  if (properties && !properties->is_null() && !properties->object()) {
    return "Invalid 'properties' field";
  }
  return {};
}

std::string CheckPurchase(const Value::Object& members) {
  for (const std::string_view name : {"product_id", "currency", "time"}) {
    if (!HasText(members, name)) return "'" + std::string(name) + "' is required";
  }
  const Value* price = FindMember(members, "price");
  if (!price || !price->is_number()) return "'price' is required";
  const Value* quantity = FindMember(members, "quantity");
  if (quantity && !quantity->is_null()) {
    const auto* number = quantity->integer();
    if (!number || *number < 1 || *number > limits::purchase_quantity_max) {
      return "'quantity' must be an integer from 1 to 100";
    }
  }
  return {};
}

// Moves the object out of its array.
TrackObject ReadObject(InputArray array, std::size_t index, Value* value) {
  TrackObject object{array, index, {}, IdentifierError{"must be an object"}};
  if (Value::Object* members = value->object()) {
    object.members = std::move(*members);
    object.id = ReadIdentifier(object.members);
  }
  return object;
}

}  // namespace

Result<TrackRequest> ReadTrackRequest(std::string_view body) {
  using Answer = Result<TrackRequest>;
  Result<Value> parsed = ParseJson(body);
  if (!parsed.ok()) return Answer::Fail("Bad Request: " + parsed.error());
  Value::Object* members = parsed.value().object();
  if (!members) return Answer::Fail("Bad Request: the body must be a JSON object");
  TrackRequest request;
  std::array<Value::List*, input_array_names.size()> lists{};
  for (std::size_t i = 0; i < lists.size(); ++i) {
    Value* array = FindMember(*members, input_array_names[i]);
    if (!array || array->is_null()) continue;
    lists[i] = array->list();
    if (!lists[i]) {
      return Answer::Fail("'" + std::string(input_array_names[i]) +
                          "' must be an array of objects");
    }
    request.sent[i] = true;
    request.counts[i] = lists[i]->size();
    request.total += lists[i]->size();
  }
  if (request.total > limits::parsed_objects_max) return Answer::Ok(std::move(request));
  request.objects.reserve(request.total);
  for (std::size_t i = 0; i < lists.size(); ++i) {
    if (!lists[i]) continue;
    for (std::size_t index = 0; index < lists[i]->size(); ++index) {
      request.objects.push_back(ReadObject(static_cast<InputArray>(i), index, &(*lists[i])[index]));
    }
  }
  return Answer::Ok(std::move(request));
}

std::string CheckObject(const TrackObject& object) {
  if (const auto* error = std::get_if<IdentifierError>(&object.id)) return error->type;
  switch (object.array) {
    case InputArray::kAttributes:
      return CheckProfileFields(object.members);
    case InputArray::kEvents:
      return CheckEvent(object.members);
    case InputArray::kPurchases:
      return CheckPurchase(object.members);
  }
  return {};
}

}  // namespace mockbraze

#include "mockbraze/users/track_request.h"

#include <utility>

#include "mockbraze/base/json_parser.h"
#include "mockbraze/base/limits.h"
#include "mockbraze/users/event_rules.h"
#include "mockbraze/users/profile_fields.h"
#include "mockbraze/users/push_token_import.h"

namespace mockbraze {
namespace {

// Moves the object out of its array.
TrackObject ReadObject(InputArray array, std::size_t index, Value* value) {
  TrackObject object{array, index, {}, IdentifierError{"must be an object"}};
  if (Value::Object* members = value->object()) {
    object.members = std::move(*members);
    object.id = ReadIdentifier(object.members);
    if (array == InputArray::kAttributes && !object.identifier() &&
        IsPushTokenImport(object.members)) {
      if (auto importer = AnonymousImporter(object.members)) object.id = std::move(*importer);
    }
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

std::string CheckObject(const TrackObject& object, const UserRules& rules) {
  if (const auto* error = std::get_if<IdentifierError>(&object.id)) return error->type;
  const Identifier& id = *object.identifier();
  if (!rules.blocked_external_ids.empty() && id.kind == IdKind::kExternalId &&
      rules.blocked_external_ids.contains(id.value)) {
    return "BLACKLISTED_EXTERNAL_USER_ID";
  }
  switch (object.array) {
    case InputArray::kAttributes: {
      const std::string_view fault = CheckPushTokenImport(object.members);
      return std::string(fault.empty() ? CheckProfileFields(object.members, rules) : fault);
    }
    case InputArray::kEvents:
      return CheckEvent(object.members, rules);
    case InputArray::kPurchases:
      return CheckPurchase(object.members, rules);
  }
  return {};
}

}  // namespace mockbraze

#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "mockbraze/base/json.h"
#include "mockbraze/base/result.h"
#include "mockbraze/users/identifier.h"
#include "mockbraze/users/user_rules.h"

namespace mockbraze {

enum class InputArray { kAttributes, kEvents, kPurchases };
inline constexpr std::array<std::string_view, 3> input_array_names = {"attributes", "events",
                                                                      "purchases"};
inline std::string_view Name(InputArray array) {
  return input_array_names[static_cast<std::size_t>(array)];
}

// One object of one of the arrays, with its identifier already read.
struct TrackObject {
  InputArray array = InputArray::kAttributes;
  std::size_t index = 0;  // in its array
  Value::Object members;  // all of them, as sent
  std::variant<Identifier, IdentifierError> id;

  const Identifier* identifier() const { return std::get_if<Identifier>(&id); }
};

// The body of a request to /users/track, docs/braze-contract.md section 1.5.
struct TrackRequest {
  std::array<bool, 3> sent{};           // by InputArray: the array was in the body
  std::array<std::size_t, 3> counts{};  // objects by InputArray
  std::size_t total = 0;                // objects in all arrays
  // All of them; empty when there are more than limits::parsed_objects_max.
  std::vector<TrackObject> objects;
};

// Reads a body. Fails, with the message for a 400, when it is no JSON object or an array is none;
// the faults of single objects are kept with them.
Result<TrackRequest> ReadTrackRequest(std::string_view body);

// The fault of an object that rejects it, as the `type` of its error entry (section 4.2); empty
// when Braze takes the object. Covers what an object says by itself, whatever the profile holds.
// Codes are codes: InStyle (error_sentences.h) makes sentences of them.
std::string CheckObject(const TrackObject& object, const UserRules& rules);

}  // namespace mockbraze

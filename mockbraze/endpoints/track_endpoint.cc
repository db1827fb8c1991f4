#include "mockbraze/endpoints/track_endpoint.h"

#include <array>
#include <unordered_set>
#include <utility>
#include <vector>

#include "mockbraze/base/limits.h"

namespace mockbraze {
namespace {

// Section 4.3.
constexpr char no_valid_data[] =
    "Valid data must be provided in the 'attributes', 'events', or 'purchases' fields.";
constexpr char fault_error[] = "BLACKLISTED_EXTERNAL_USER_ID";
// Ours: no error without an index is documented, but forwarders must stand it (section 4.2).
constexpr char unnamed_text[] = "an object of this request could not be processed";

Value ErrorEntry(std::string type, const TrackObject& object) {
  return Value::Object{
      {"type", std::move(type)}, {"input_array", Name(object.array)}, {"index", object.index}};
}

// Splits the objects of a request into those that are taken and the entries for the others.
class Sorter {
 public:
  explicit Sorter(const TrackFaults& faults) : faults_(faults) {}

  void Add(TrackObject object) {
    std::string fault = CheckObject(object);
    if (fault.empty() && faults_.reject_all) fault = fault_error;
    if (fault.empty() && faults_.object_error) {
      fault = faults_.object_error(object).value_or("");
    }
    if (!fault.empty()) {
      errors.push_back(ErrorEntry(std::move(fault), object));
    } else if (IsUnnamed(object)) {
      unnamed = true;
    } else {
      taken.push_back(std::move(object));
    }
  }

  std::vector<TrackObject> taken;
  Value::List errors;
  bool unnamed = false;

 private:
  bool IsUnnamed(const TrackObject& object) const {
    if (!faults_.unnamed_error) return false;
    if (!faults_.unnamed_external_id) return !unnamed;
    const Identifier* id = object.identifier();
    return id->kind == IdKind::kExternalId && id->value == *faults_.unnamed_external_id;
  }

  const TrackFaults& faults_;
};

// Section 4.1: attributes_processed counts users with attributes queued, the others count objects.
std::array<std::size_t, 3> CountProcessed(const std::vector<TrackObject>& taken) {
  std::array<std::size_t, 3> counts{};
  std::unordered_set<std::string> users;
  for (const TrackObject& object : taken) {
    const bool attributes = object.array == InputArray::kAttributes;
    if (attributes && !users.insert(object.identifier()->CustomerKey()).second) continue;
    ++counts[static_cast<std::size_t>(object.array)];
  }
  return counts;
}

}  // namespace

Response TrackEndpoint::Handle(TrackRequest request, const TrackFaults& faults) {
  // Section 1.6, the current default: 75 objects of all arrays together.
  if (request.total > limits::track_objects_max) {
    return answers_.Message(400, "Max Input Length Exceeded");
  }
  if (request.objects.empty()) return answers_.Message(400, no_valid_data);
  Sorter sorter(faults);
  for (TrackObject& object : request.objects) sorter.Add(std::move(object));
  if (sorter.taken.empty() && !sorter.unnamed) {
    return answers_.Make(400, Value(Value::Object{{"message", no_valid_data},
                                                  {"errors", std::move(sorter.errors)}}));
  }
  // Section 11: the counters of the arrays that were sent, then the message.
  const auto processed = CountProcessed(sorter.taken);
  Value::Object body;
  for (std::size_t i = 0; i < processed.size(); ++i) {
    if (!request.sent[i]) continue;
    body.push_back({std::string(input_array_names[i]) + "_processed", processed[i]});
  }
  body.push_back({"message", "success"});
  if (sorter.unnamed) sorter.errors.push_back(Value::Object{{"type", unnamed_text}});
  if (!sorter.errors.empty()) body.push_back({"errors", std::move(sorter.errors)});
  users_.Accept(std::move(sorter.taken));
  return answers_.Make(201, Value(std::move(body)));
}

}  // namespace mockbraze

#include "mockbraze/endpoints/track_endpoints.h"

#include <algorithm>
#include <array>
#include <unordered_map>
#include <utility>
#include <vector>

#include "mockbraze/base/limits.h"
#include "mockbraze/endpoints/answer.h"
#include "mockbraze/users/error_sentences.h"

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

// An error entry that names no object, in one of the forms of the fault.
Value UnnamedError(const std::string& form) {
  if (form == "text") return unnamed_text;
  if (form == "no-type") return Value::Object{{"input_array", Name(InputArray::kAttributes)}};
  return Value::Object{{"type", unnamed_text}};
}

// Splits the objects of a request into those that are taken and the entries for the others.
class Sorter {
 public:
  explicit Sorter(Exchange& exchange) : exchange_(exchange) {}

  void Add(TrackObject object) {
    const UserRules& rules = exchange_.settings->rules;
    std::string fault = CheckObject(object, rules);
    if (fault.empty() && Faulty(FaultKind::kRejectAll)) fault = fault_error;
    if (fault.empty()) fault = ObjectFault(object);
    if (!fault.empty()) {
      errors.push_back(ErrorEntry(InStyle(std::move(fault), rules.error_style), object));
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
  bool Faulty(FaultKind kind) const { return exchange_.fault && exchange_.fault->kind == kind; }
  // unnamed-error: the objects of its external_id, or else the first object, are not kept, and one
  // error entry says so without an index. The answer is always a success.
  bool IsUnnamed(const TrackObject& object) const {
    if (!Faulty(FaultKind::kUnnamedError)) return false;
    const auto& external_id = exchange_.fault->external_id;
    if (!external_id) return !unnamed;
    const Identifier* id = object.identifier();
    return id->kind == IdKind::kExternalId && id->value == *external_id;
  }

  std::string ObjectFault(const TrackObject& object) {
    const auto spec = exchange_.workspace->faults.ForObject(
        exchange_.number, std::string(exchange_.route->path), object);
    if (!spec) return {};
    if (exchange_.object_fault.empty()) exchange_.object_fault = spec->text;
    return spec->code;
  }

  Exchange& exchange_;
};

// Section 4.1: attributes_processed counts users with attributes queued, the others count objects.
std::array<std::size_t, 3> CountProcessed(const std::vector<TrackObject>& taken) {
  std::array<std::size_t, 3> counts{};
  std::vector<std::uint64_t> users;
  users.reserve(taken.size());
  for (const TrackObject& object : taken) {
    if (object.array == InputArray::kAttributes) {
      users.push_back(object.identifier()->Hash());
    } else {
      ++counts[static_cast<std::size_t>(object.array)];
    }
  }
  std::ranges::sort(users);
  counts[static_cast<std::size_t>(InputArray::kAttributes)] =
      static_cast<std::size_t>(std::unique(users.begin(), users.end()) - users.begin());
  return counts;
}

// Section 1.6: the objects that are too many.
bool IsOver(const BatchLimit& limit, const TrackRequest& request) {
  if (!limit.per_array) return request.total > limit.objects;
  return std::ranges::any_of(request.counts, [&](std::size_t n) { return n > limit.objects; });
}

// Section 5: at most so many objects about one user.
bool HasTooManyOfOneUser(const TrackRequest& request) {
  std::unordered_map<std::uint64_t, std::size_t> counts;
  return std::ranges::any_of(request.objects, [&](const TrackObject& object) {
    const Identifier* id = object.identifier();
    return id && ++counts[id->Hash()] > limits::bulk_objects_per_user_max;
  });
}

constexpr char too_many_objects[] = "Max Input Length Exceeded";

}  // namespace

Response AnswerObjects(Exchange& exchange) {
  TrackRequest& request = exchange.objects->value();
  if (request.objects.empty()) return Message(400, no_valid_data);
  Sorter sorter(exchange);
  for (TrackObject& object : request.objects) sorter.Add(std::move(object));
  if (sorter.taken.empty() && !sorter.unnamed) {
    return Json(400,
                Value::Object{{"message", no_valid_data}, {"errors", std::move(sorter.errors)}});
  }
  // Section 11: the counters of the arrays that were sent, then the message.
  const auto processed = CountProcessed(sorter.taken);
  Value::Object body;
  for (std::size_t i = 0; i < processed.size(); ++i) {
    if (!request.sent[i]) continue;
    body.push_back({std::string(input_array_names[i]) + "_processed", processed[i]});
  }
  body.push_back({"message", "success"});
  if (sorter.unnamed) sorter.errors.push_back(UnnamedError(exchange.fault->code));
  if (!sorter.errors.empty()) body.push_back({"errors", std::move(sorter.errors)});
  exchange.accepted = std::move(sorter.taken);
  return Json(201, std::move(body));
}

Response AnswerTrack(Exchange& exchange) {
  const bool over = IsOver(exchange.settings->batch_limit, exchange.objects->value());
  return over ? Message(400, too_many_objects) : AnswerObjects(exchange);
}

Response AnswerTrackBulk(Exchange& exchange) {
  const TrackRequest& request = exchange.objects->value();
  // What Braze answers to too many objects of one user is not stated (section 12, 12): ours.
  const bool over = request.total > limits::bulk_objects_max || HasTooManyOfOneUser(request);
  return over ? Message(400, too_many_objects) : AnswerObjects(exchange);
}

}  // namespace mockbraze

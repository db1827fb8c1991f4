// POST /users/export/ids, docs/braze-contract.md sections 7.1 and 11.

#include <algorithm>
#include <array>
#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "mockbraze/base/date.h"
#include "mockbraze/base/limits.h"
#include "mockbraze/endpoints/answer.h"
#include "mockbraze/endpoints/profile_endpoints.h"
#include "mockbraze/endpoints/user_choice.h"

namespace mockbraze {
namespace {

constexpr std::chrono::days event_history{90};
// Customers since this day must say what they want.
constexpr std::string_view fields_required_since = "2024-08-22";

constexpr std::array<std::string_view, 33> fields = {"apps",
                                                     "attributed_ad",
                                                     "attributed_adgroup",
                                                     "attributed_campaign",
                                                     "attributed_source",
                                                     "braze_id",
                                                     "campaigns_received",
                                                     "canvases_received",
                                                     "cards_clicked",
                                                     "country",
                                                     "created_at",
                                                     "custom_attributes",
                                                     "custom_events",
                                                     "devices",
                                                     "dob",
                                                     "email",
                                                     "email_subscribe",
                                                     "external_id",
                                                     "first_name",
                                                     "gender",
                                                     "home_city",
                                                     "language",
                                                     "last_coordinates",
                                                     "last_name",
                                                     "phone",
                                                     "purchases",
                                                     "push_subscribe",
                                                     "push_tokens",
                                                     "random_bucket",
                                                     "time_zone",
                                                     "total_revenue",
                                                     "uninstalled_at",
                                                     "user_aliases"};
static_assert(std::ranges::is_sorted(fields));

// One user, or all of one e-mail, phone or device.
struct Wanted {
  Value sent;
  Identifier id;       // unless
  std::string device;  // is not empty
};

// The names of fields_to_export; null when there are none.
const Value::List* FieldsToExport(const Value& body) {
  const Value* value = body.Find("fields_to_export");
  return value && value->list() && !value->list()->empty() ? value->list() : nullptr;
}

// Texts are ours.
std::string CheckFields(const Value& body, const Settings& settings) {
  const auto names = ReadList(body, "fields_to_export");
  if (!names.ok()) return names.error();
  if (names.value()->empty() && settings.onboarded >= fields_required_since) {
    return "'fields_to_export' is required for customers since 2024-08-22";
  }
  if (names.value()->size() > fields.size()) return "'fields_to_export' has too many names";
  for (const Value& name : *names.value()) {
    if (!name.string() || !std::ranges::binary_search(fields, *name.string())) {
      return "'fields_to_export' has a name that is no field: " + ToJson(name);
    }
  }
  return {};
}

std::string CheckNumbers(const Value& body) {
  std::size_t ids = 0;
  for (const std::string_view name : {"external_ids", "user_aliases"}) {
    const auto list = ReadList(body, name);
    if (!list.ok()) return list.error();
    ids += list.value()->size();
  }
  if (ids > limits::ids_max) return too_many_ids_and_aliases;
  const auto singles = std::ranges::count_if(std::array{"device_id", "email_address", "phone"},
                                             [&](const char* name) {
                                               const Value* value = body.Find(name);
                                               return value && !value->is_null();
                                             });
  // Ours.
  return singles > 1 ? "only one of 'device_id', 'email_address' and 'phone' is allowed" : "";
}

std::string ReadOne(std::string_view kind, const Value& sent, std::vector<Wanted>* wanted) {
  Result<Identifier> id = ReadId(kind, sent);
  if (!id.ok()) return id.error();
  wanted->push_back({sent, std::move(id.value()), {}});
  return {};
}

// What one member of the body asks for; other members are ignored.
std::string ReadMember(const Value::Member& member, std::vector<Wanted>* wanted) {
  const Value& value = member.value;
  if (value.is_null()) return {};
  if (member.name == "external_ids" || member.name == "user_aliases") {
    const std::string_view kind = member.name == "external_ids" ? "external_id" : "user_alias";
    for (const Value& entry : *value.list()) {
      if (std::string fault = ReadOne(kind, entry, wanted); !fault.empty()) return fault;
    }
  }
  if (member.name == "braze_id" || member.name == "phone") {
    return ReadOne(member.name, value, wanted);
  }
  if (member.name == "email_address") return ReadOne("email", value, wanted);
  if (member.name == "device_id") {
    if (!value.string() || value.string()->empty()) return "'device_id' must be a text";
    wanted->push_back({value, {}, *value.string()});
  }
  return {};
}

Result<std::vector<Wanted>> ReadWanted(const Exchange& exchange) {
  using Answer = Result<std::vector<Wanted>>;
  const Value& body = exchange.body->value();
  std::string fault = CheckFields(body, *exchange.settings);
  if (fault.empty()) fault = CheckNumbers(body);
  std::vector<Wanted> wanted;
  for (const Value::Member& member : *body.object()) {
    if (fault.empty()) fault = ReadMember(member, &wanted);
  }
  if (fault.empty() && wanted.empty()) {
    fault =
        "one of 'external_ids', 'user_aliases', 'device_id', 'braze_id', 'email_address' and "
        "'phone' must be given";  // ours
  }
  return fault.empty() ? Answer::Ok(std::move(wanted)) : Answer::Fail(fault);
}

std::vector<Profile*> Find(const Wanted& wanted, ProfileStore& store) {
  auto found = wanted.device.empty() ? store.FindAll(wanted.id) : store.FindByDevice(wanted.device);
  std::ranges::sort(found, {}, &Profile::serial);
  return found;
}

// Section 7.1: custom_events are those of the last 90 days.
void DropOldEvents(Clock::Time now, Value::Object* user) {
  Value* events = FindMember(*user, "custom_events");
  if (!events) return;
  std::erase_if(*events->list(), [&](const Value& event) {
    const auto last = ParseDate(*event.Find("last")->string());
    return last && *last < now - event_history;
  });
  if (events->list()->empty()) {
    std::erase_if(*user,
                  [](const Value::Member& member) { return member.name == "custom_events"; });
  }
}

Value Export(const Profile& profile, const Value::List* names, const ProfileStore& store,
             Clock::Time now) {
  Value::Object user = store.Export(profile);
  DropOldEvents(now, &user);
  if (names) {
    std::erase_if(user, [&](const Value::Member& member) {
      return std::ranges::find(*names, Value(member.name)) == names->end();
    });
  }
  return user;
}

}  // namespace

RateBucket ExportBucket(const Exchange& exchange) {
  const bool has_fields =
      exchange.body && exchange.body->ok() && FieldsToExport(exchange.body->value());
  return has_fields ? RateBucket::kExportFields : RateBucket::kExport;
}

Response AnswerExport(Exchange& exchange) {
  const auto wanted = ReadWanted(exchange);
  if (!wanted.ok()) return Message(400, wanted.error());
  const Value::List* names = FieldsToExport(exchange.body->value());
  Value::List users;
  Value::List unknown;
  exchange.workspace->users.With([&](ProfileStore& store, Clock::Time now) {
    std::vector<const Profile*> shown;  // each user once (ours)
    for (const Wanted& one : wanted.value()) {
      const auto found = Find(one, store);
      if (found.empty()) unknown.push_back(one.sent);
      for (const Profile* profile : found) {
        if (std::ranges::find(shown, profile) != shown.end()) continue;
        shown.push_back(profile);
        users.push_back(Export(*profile, names, store, now));
      }
    }
  });
  Value::Object body{{"users", std::move(users)}};
  if (!unknown.empty()) body.push_back({"invalid_user_ids", std::move(unknown)});
  body.push_back({"message", "success"});
  return Json(201, std::move(body));
}

}  // namespace mockbraze

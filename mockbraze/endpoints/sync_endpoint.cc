// POST /users/track/sync, docs/braze-contract.md section 6.

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "mockbraze/endpoints/answer.h"
#include "mockbraze/endpoints/track_endpoints.h"
#include "mockbraze/users/profile_fields.h"

namespace mockbraze {
namespace {

constexpr char one_object[] =
    "/users/track/sync takes exactly one object: one of attributes, events or purchases";  // ours

// The identifier of the object as it was sent; empty when it has none of these.
Value::Object Sent(const TrackObject& object) {
  static constexpr std::array names = {"external_id", "braze_id", "user_alias", "email", "phone"};
  const auto kind = static_cast<std::size_t>(object.identifier()->kind);
  const Value* sent = kind < names.size() ? FindMember(object.members, names[kind]) : nullptr;
  return sent ? Value::Object{{names[kind], *sent}} : Value::Object{};
}

// What the profile holds now of what was sent. An attribute that it does not hold is null there, as
// one that was sent to be removed (ours).
Value::Object EchoAttributes(const TrackObject& object, ProfileStore& store,
                             const Profile& profile) {
  Value::Object echo;
  for (const Value::Member& member : object.members) {
    if (KindOf(member.name) != NameKind::kCustom || FindMember(echo, member.name)) continue;
    const auto name = store.names().Find(member.name);
    const Attribute* attribute = name ? profile.FindAttribute(*name) : nullptr;
    echo.push_back({member.name, attribute ? attribute->value : Value()});
  }
  return echo;
}

Value::List EchoHappening(const TrackObject& object, std::string_view name_member,
                          const std::vector<Happening>& happenings) {
  const Value* name = FindMember(object.members, name_member);
  const auto found = std::ranges::find(happenings, *name->string(), &Happening::name);
  if (found == happenings.end()) return {};
  return {Value::Object{{std::string(name_member), found->name},
                        {"first", found->first},
                        {"last", found->last},
                        {"count", found->count}}};
}

Value Echo(const TrackObject& object, ProfileStore& store, const Profile& profile) {
  Value::Object user = Sent(object);
  switch (object.array) {
    case InputArray::kAttributes:
      user.push_back({"custom_attributes", EchoAttributes(object, store, profile)});
      break;
    case InputArray::kEvents:
      user.push_back({"custom_events", EchoHappening(object, "name", profile.events)});
      break;
    case InputArray::kPurchases:
      user.push_back({"purchase_events", EchoHappening(object, "product_id", profile.purchases)});
      break;
  }
  return user;
}

}  // namespace

Response AnswerTrackSync(Exchange& exchange) {
  if (exchange.objects->value().total > 1) return Message(400, one_object);
  Response response = AnswerObjects(exchange);
  if (exchange.accepted.empty()) return response;
  const TrackObject object = std::move(exchange.accepted.front());
  exchange.accepted.clear();
  Value::List users;
  exchange.workspace->users.AcceptNow(object, exchange.flight,
                                      [&](ProfileStore& store, const Profile* profile) {
                                        if (profile) users.push_back(Echo(object, store, *profile));
                                      });
  return Json(201, Value::Object{{"users", std::move(users)}, {"message", "success"}});
}

}  // namespace mockbraze

// POST /users/delete, docs/braze-contract.md section 7.2.

#include <array>
#include <string_view>
#include <utility>
#include <vector>

#include "mockbraze/base/limits.h"
#include "mockbraze/endpoints/answer.h"
#include "mockbraze/endpoints/profile_endpoints.h"
#include "mockbraze/endpoints/user_choice.h"

namespace mockbraze {
namespace {

struct Kind {
  std::string_view list;
  std::string_view id;
  bool objects;  // entries are objects with a prioritization
};
constexpr std::array<Kind, 5> kinds = {{{"external_ids", "external_id", false},
                                        {"user_aliases", "user_alias", false},
                                        {"braze_ids", "braze_id", false},
                                        {"email_addresses", "email", true},
                                        {"phone_numbers", "phone", true}}};

constexpr char one_kind[] =
    "exactly one of 'external_ids', 'user_aliases', 'braze_ids', 'email_addresses' and "
    "'phone_numbers' must be given";  // ours

Result<UserChoice> ReadEntry(const Kind& kind, const Value& entry) {
  if (!kind.objects) {
    const Result<Identifier> id = ReadId(kind.id, entry);
    return id.ok() ? Result<UserChoice>::Ok({id.value(), {}})
                   : Result<UserChoice>::Fail(id.error());
  }
  if (!entry.Find(kind.id)) {
    return Result<UserChoice>::Fail("an entry of '" + std::string(kind.list) +
                                    "' must be an object with '" + std::string(kind.id) + "'");
  }
  return ReadChoice(entry);
}

Result<std::vector<UserChoice>> ReadUsers(const Value& body) {
  using Answer = Result<std::vector<UserChoice>>;
  const Kind* kind = nullptr;
  const Value::List* entries = nullptr;
  for (const Kind& one : kinds) {
    const auto list = ReadList(body, one.list);
    if (!list.ok()) return Answer::Fail(list.error());
    if (list.value()->empty()) continue;
    if (kind) return Answer::Fail(one_kind);
    kind = &one;
    entries = list.value();
  }
  if (!kind) return Answer::Fail(one_kind);
  if (entries->size() > limits::ids_max) return Answer::Fail(too_many_ids);
  std::vector<UserChoice> users;
  for (const Value& entry : *entries) {
    Result<UserChoice> user = ReadEntry(*kind, entry);
    if (!user.ok()) return Answer::Fail(user.error());
    users.push_back(std::move(user.value()));
  }
  return Answer::Ok(std::move(users));
}

}  // namespace

Response AnswerDelete(Exchange& exchange) {
  const auto users = ReadUsers(exchange.body->value());
  if (!users.ok()) return Message(400, users.error());
  exchange.workspace->users.With([&](ProfileStore& store, Clock::Time) {
    for (const UserChoice& user : users.value()) {
      if (Profile* profile = Choose(user, store)) store.Remove(profile);
    }
  });
  // Section 11: the ids sent, known or not.
  return Json(201, Value::Object{{"deleted", users.value().size()}, {"message", "success"}});
}

}  // namespace mockbraze

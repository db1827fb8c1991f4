// POST /users/alias/new and /users/identify, docs/braze-contract.md sections 7.3 and 7.4.

#include <algorithm>
#include <array>
#include <optional>
#include <utility>
#include <vector>

#include "mockbraze/base/limits.h"
#include "mockbraze/endpoints/answer.h"
#include "mockbraze/endpoints/profile_endpoints.h"
#include "mockbraze/endpoints/user_choice.h"
#include "mockbraze/users/profile_merge.h"

namespace mockbraze {
namespace {

struct NewAlias {
  Identifier alias;
  std::optional<Identifier> external_id;
};

// A user that is to get an external id.
struct Identification {
  UserChoice user;
  Identifier external_id;
};

Response Processed(std::size_t count) {
  // Whether Braze counts those that came to nothing is not stated: ours, as /users/delete does.
  return Json(201, Value::Object{{"aliases_processed", count}, {"message", "success"}});
}

Result<NewAlias> ReadNewAlias(const Value& entry) {
  Result<Identifier> alias = ReadId("user_alias", entry);
  if (!alias.ok()) return Result<NewAlias>::Fail(alias.error());
  NewAlias read{std::move(alias.value()), {}};
  const Value* external_id = entry.Find("external_id");
  if (!external_id || external_id->is_null()) return Result<NewAlias>::Ok(std::move(read));
  Result<Identifier> id = ReadId("external_id", *external_id);
  if (!id.ok()) return Result<NewAlias>::Fail(id.error());
  read.external_id = std::move(id.value());
  return Result<NewAlias>::Ok(std::move(read));
}

void AddAlias(const NewAlias& fresh, ProfileStore& store, Clock::Time now) {
  if (!fresh.external_id) {
    if (!store.Find(fresh.alias)) store.Touch(store.Create(fresh.alias, now));
    return;
  }
  Profile* profile = store.Find(*fresh.external_id);
  if (!profile || HasLabel(*profile, fresh.alias.label)) return;
  // An alias that another user has stays with that one (ours).
  if (store.AddAlias(profile, {fresh.alias.value, fresh.alias.label})) store.Touch(profile);
}

Result<Identification> ReadIdentification(const Value& entry, std::string_view kind) {
  using Answer = Result<Identification>;
  const Value* external_id = entry.Find("external_id");
  const Value* by = entry.Find(kind);
  if (!external_id || !by) {
    return Answer::Fail("an entry must be an object with 'external_id' and '" + std::string(kind) +
                        "'");
  }
  Result<Identifier> id = ReadId("external_id", *external_id);
  if (!id.ok()) return Answer::Fail(id.error());
  Value::Object named{{std::string(kind), *by}};
  if (const Value* order = entry.Find("prioritization")) {
    named.push_back({"prioritization", *order});
  }
  Result<UserChoice> user = ReadChoice(std::move(named));
  if (!user.ok()) return Answer::Fail(user.error());
  return Answer::Ok({std::move(user.value()), std::move(id.value())});
}

Result<std::vector<Identification>> ReadIdentifications(const Value& body) {
  using Answer = Result<std::vector<Identification>>;
  static constexpr std::array<std::pair<const char*, const char*>, 3> lists = {
      {{"aliases_to_identify", "user_alias"},
       {"emails_to_identify", "email"},
       {"phone_numbers_to_identify", "phone"}}};
  std::vector<Identification> read;
  for (const auto& [name, kind] : lists) {
    const auto list = ReadList(body, name);
    if (!list.ok()) return Answer::Fail(list.error());
    // Whether 50 holds for each list or for all is not stated: ours, for all.
    if (read.size() + list.value()->size() > limits::ids_max) {
      return Answer::Fail(too_many_ids_and_aliases);
    }
    for (const Value& entry : *list.value()) {
      Result<Identification> one = ReadIdentification(entry, kind);
      if (!one.ok()) return Answer::Fail(one.error());
      read.push_back(std::move(one.value()));
    }
  }
  if (read.empty()) {
    return Answer::Fail(
        "one of 'aliases_to_identify', 'emails_to_identify' and 'phone_numbers_to_identify' must "
        "be given");
  }
  return Answer::Ok(std::move(read));
}

void Identify(const Identification& one, ProfileStore& store) {
  Profile* unknown = Choose(one.user, store);
  // Only a profile without an external id can get one.
  if (!unknown || !unknown->external_id.empty()) return;
  Profile* known = store.Find(one.external_id);
  if (!known) {
    store.SetExternalId(unknown, one.external_id.value);
    store.Touch(unknown);
    return;
  }
  const bool clash = std::ranges::any_of(
      unknown->aliases, [&](const Alias& alias) { return HasLabel(*known, alias.label); });
  if (!clash) store.Merge(unknown, known);
}

}  // namespace

Response AnswerAliasNew(Exchange& exchange) {
  const auto entries = ReadList(exchange.body->value(), "user_aliases");
  if (!entries.ok()) return Message(400, entries.error());
  if (entries.value()->empty()) return Message(400, "'user_aliases' must be given");
  if (entries.value()->size() > limits::ids_max) return Message(400, too_many_ids_and_aliases);
  std::vector<NewAlias> aliases;
  for (const Value& entry : *entries.value()) {
    Result<NewAlias> alias = ReadNewAlias(entry);
    if (!alias.ok()) return Message(400, alias.error());
    aliases.push_back(std::move(alias.value()));
  }
  exchange.workspace->users.With([&](ProfileStore& store, Clock::Time now) {
    for (const NewAlias& alias : aliases) AddAlias(alias, store, now);
  });
  return Processed(aliases.size());
}

Response AnswerIdentify(Exchange& exchange) {
  const auto users = ReadIdentifications(exchange.body->value());
  if (!users.ok()) return Message(400, users.error());
  exchange.workspace->users.With([&](ProfileStore& store, Clock::Time) {
    for (const Identification& one : users.value()) Identify(one, store);
  });
  return Processed(users.value().size());
}

}  // namespace mockbraze

#include "mockbraze/endpoints/user_choice.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace mockbraze {
namespace {

constexpr std::array<std::string_view, 4> priorities = {
    "identified", "unidentified", "most_recently_updated", "least_recently_updated"};

constexpr char prioritization_form[] =
    "an 'email' or a 'phone' needs a 'prioritization': an array of one of 'identified' and "
    "'unidentified', and one of 'most_recently_updated' and 'least_recently_updated'";

std::optional<Priority> ReadPriority(const Value& value) {
  if (!value.string()) return std::nullopt;
  const auto found = std::ranges::find(priorities, *value.string());
  if (found == priorities.end()) return std::nullopt;
  return static_cast<Priority>(found - priorities.begin());
}

// Nothing when it is bad or missing.
std::vector<Priority> ReadPrioritization(const Value* value) {
  if (!value || !value->list()) return {};
  std::vector<Priority> read;
  std::array<bool, 2> has{};  // about identity, about age
  for (const Value& item : *value->list()) {
    const auto priority = ReadPriority(item);
    if (!priority) return {};
    if (std::exchange(has[*priority < Priority::kMostRecentlyUpdated ? 0 : 1], true)) return {};
    read.push_back(*priority);
  }
  return read;
}

void Narrow(Priority priority, std::vector<Profile*>* users) {
  if (priority == Priority::kIdentified || priority == Priority::kUnidentified) {
    const bool identified = priority == Priority::kIdentified;
    std::erase_if(*users, [&](const Profile* p) { return p->external_id.empty() == identified; });
    return;
  }
  if (users->empty()) return;
  const auto [oldest, latest] = std::ranges::minmax_element(*users, {}, &Profile::touched);
  *users = {priority == Priority::kMostRecentlyUpdated ? *latest : *oldest};
}

}  // namespace

Result<const Value::List*> ReadList(const Value& body, std::string_view name) {
  using Answer = Result<const Value::List*>;
  static const Value::List none;
  const Value* value = body.Find(name);
  if (!value || value->is_null()) return Answer::Ok(&none);
  return value->list() ? Answer::Ok(value->list())
                       : Answer::Fail("'" + std::string(name) + "' must be an array");
}

Result<Identifier> ReadId(std::string_view kind, const Value& value) {
  const auto id = ReadIdentifier(Value::Object{{std::string(kind), value}});
  if (const auto* error = std::get_if<IdentifierError>(&id)) {
    return Result<Identifier>::Fail("'" + std::string(kind) + "' is not usable: " + error->type);
  }
  return Result<Identifier>::Ok(std::get<Identifier>(id));
}

Result<UserChoice> ReadChoice(const Value& value) {
  using Answer = Result<UserChoice>;
  if (!value.object()) return Answer::Fail("a user must be named by an object");
  const auto id = ReadIdentifier(*value.object());
  if (const auto* error = std::get_if<IdentifierError>(&id)) return Answer::Fail(error->type);
  UserChoice choice{std::get<Identifier>(id), {}};
  if (choice.id.kind == IdKind::kEmail || choice.id.kind == IdKind::kPhone) {
    choice.prioritization = ReadPrioritization(value.Find("prioritization"));
    if (choice.prioritization.empty()) return Answer::Fail(prioritization_form);
  }
  return Answer::Ok(std::move(choice));
}

Profile* Choose(const UserChoice& choice, ProfileStore& store) {
  std::vector<Profile*> users = store.FindAll(choice.id);
  for (const Priority priority : choice.prioritization) Narrow(priority, &users);
  return users.size() == 1 ? users.front() : nullptr;
}

}  // namespace mockbraze

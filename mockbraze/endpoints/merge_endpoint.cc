// POST /users/merge, docs/braze-contract.md section 7.5.

#include <algorithm>
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

constexpr std::string_view merge_name = "identifier_to_merge";
constexpr std::string_view keep_name = "identifier_to_keep";

// Section 7.5.
constexpr char not_an_array[] = "'merge_updates' must be an array of objects";
constexpr char too_many[] = "a single request may not contain more than 50 merge updates";
constexpr char bad_identifier[] =
    "identifiers must be objects with an 'external_id' property that is a string, 'user_alias' "
    "property that is an object, 'email' property that is a string, or 'phone' property that is a "
    "string";
constexpr char other_members[] =
    "'merge_updates' must only have 'identifier_to_merge' and 'identifier_to_keep'";

struct MergeUpdate {
  UserChoice merge;
  UserChoice keep;
};

bool NamesUser(const Value& identifier) {
  const Value* alias = identifier.Find("user_alias");
  if (alias && alias->object()) return true;
  return std::ranges::any_of(std::array{"external_id", "email", "phone"}, [&](const char* name) {
    const Value* value = identifier.Find(name);
    return value && value->string();
  });
}

Result<UserChoice> ReadUser(const Value& update, std::string_view name) {
  const Value* identifier = update.Find(name);
  if (!identifier || !NamesUser(*identifier)) return Result<UserChoice>::Fail(bad_identifier);
  return ReadChoice(*identifier);
}

Result<MergeUpdate> ReadUpdate(const Value& update) {
  using Answer = Result<MergeUpdate>;
  for (const Value::Member& member : *update.object()) {
    if (member.name != merge_name && member.name != keep_name) return Answer::Fail(other_members);
  }
  Result<UserChoice> merge = ReadUser(update, merge_name);
  if (!merge.ok()) return Answer::Fail(merge.error());
  Result<UserChoice> keep = ReadUser(update, keep_name);
  if (!keep.ok()) return Answer::Fail(keep.error());
  return Answer::Ok({std::move(merge.value()), std::move(keep.value())});
}

Result<std::vector<MergeUpdate>> ReadUpdates(const Value& body) {
  using Answer = Result<std::vector<MergeUpdate>>;
  const Value* value = body.Find("merge_updates");
  const Value::List* updates = value ? value->list() : nullptr;
  const auto is_object = [](const Value& update) { return update.object() != nullptr; };
  if (!updates || !std::ranges::all_of(*updates, is_object)) return Answer::Fail(not_an_array);
  if (updates->size() > limits::ids_max) return Answer::Fail(too_many);
  std::vector<MergeUpdate> read;
  for (const Value& update : *updates) {
    Result<MergeUpdate> one = ReadUpdate(update);
    if (!one.ok()) return Answer::Fail(one.error());
    read.push_back(std::move(one.value()));
  }
  return Answer::Ok(std::move(read));
}

}  // namespace

Response AnswerMerge(Exchange& exchange) {
  const auto updates = ReadUpdates(exchange.body->value());
  if (!updates.ok()) return Message(400, updates.error());
  exchange.workspace->users.With([&](ProfileStore& store, Clock::Time) {
    for (const MergeUpdate& update : updates.value()) {
      Profile* gone = Choose(update.merge, store);
      Profile* kept = Choose(update.keep, store);
      if (gone && kept && gone != kept) store.Merge(gone, kept);
    }
  });
  return Message(202, "success");
}

}  // namespace mockbraze

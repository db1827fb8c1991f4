#pragma once

#include <string_view>
#include <vector>

#include "mockbraze/base/json.h"
#include "mockbraze/base/result.h"
#include "mockbraze/users/identifier.h"
#include "mockbraze/users/profile_store.h"

// How the endpoints of docs/braze-contract.md section 7 name users. All fail with the message of a
// 400. Thread safety: pure functions, but for what they are handed.
namespace mockbraze {

// Section 1.6.
inline constexpr char too_many_ids[] = "The max number of ids per request was exceeded";
inline constexpr char too_many_ids_and_aliases[] =
    "The max number of external_ids and aliases per request was exceeded";

enum class Priority {
  kIdentified,    // users with an external id only
  kUnidentified,  // users without one only
  kMostRecentlyUpdated,
  kLeastRecentlyUpdated,
};

// One user, section 7.6.
struct UserChoice {
  Identifier id;
  std::vector<Priority> prioritization;  // of an e-mail or a phone, which several may have
};

// The array of that name; empty when it is missing or null.
Result<const Value::List*> ReadList(const Value& body, std::string_view name);

// The identifier of that kind: external_id, braze_id, user_alias, email or phone.
Result<Identifier> ReadId(std::string_view kind, const Value& value);

// An object with one identifier, and `prioritization` if that is an e-mail or a phone.
Result<UserChoice> ReadChoice(const Value& value);

// The user that is meant; null when there is none, or when the prioritization leaves several.
Profile* Choose(const UserChoice& choice, ProfileStore& store);

}  // namespace mockbraze

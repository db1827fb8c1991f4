#pragma once

#include <string>

#include "mockbraze/base/json.h"
#include "mockbraze/base/result.h"
#include "mockbraze/users/profile_store.h"
#include "mockbraze/users/user_rules.h"

namespace mockbraze {

// Reads a profile in the form of ExportProfile, with or without `custom_attribute_types`. What the
// mock assigns itself (braze_id, appboy_id, random_bucket, types) is not looked at; any other
// member that the export does not have, and a value that Braze would not keep as it is, is an error
// that names it. Forced and locked types are left alone. Names of attributes go into the pool;
// without `created_at` it was made now.
Result<Profile> ImportProfile(const Value& exported, const UserRules& rules, NamePool* names,
                              Clock::Time now);

// Makes the profiles of a list, or puts them in the place of those there are: of the same
// external_id; without one, of the same alias, or e-mail or phone, and no external_id either. A
// profile that is replaced keeps its braze_id. Answers what is wrong, with the index of the profile
// in the list, and then changes nothing; empty when all is done.
std::string ImportProfiles(const Value::List& exported, const UserRules& rules, ProfileStore* store,
                           Clock::Time now);

}  // namespace mockbraze

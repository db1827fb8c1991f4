#pragma once

#include <string_view>

#include "mockbraze/base/json.h"
#include "mockbraze/users/user_rules.h"

// The values of profile fields, docs/braze-contract.md section 2.3. Nulls come to none of these:
// they remove a field. Thread safety: pure functions.
namespace mockbraze::field_values {

// --- faults with a code of section 4.2, which reject the object; empty when there is none ---

std::string_view EmailFault(const Value& value, const UserRules& rules);
std::string_view EmailStateFault(const Value& value, const UserRules& rules);
std::string_view PushStateFault(const Value& value, const UserRules& rules);
std::string_view LocationFault(const Value& value, const UserRules& rules);
std::string_view TokensFault(const Value& value, const UserRules& rules);
std::string_view GroupsFault(const Value& value, const UserRules& rules);

// --- what is kept: each brings the value into the form that the profile has, or answers false ---

bool TakeText(Value* value);
bool TakeBoolean(Value* value);
bool TakeDate(Value* value);
bool TakeBirthday(Value* value);
bool TakeGender(Value* value);
bool TakeLanguage(Value* value);
bool TakeTimeZone(Value* value);
// No match makes it null, and answers false: the field is removed.
bool TakeCountry(Value* value);
bool TakeFacebook(Value* value);
bool TakeTwitter(Value* value);
// Only what has no fault comes here.
bool TakeChecked(Value* value);
// Gives each token without a device_id one that depends on nothing but the token and its app.
bool TakeTokens(Value* value);
// Leaves the id and the state of each group.
bool TakeGroups(Value* value);

// The groups that were there, null for none, and are not named stay as they are. False: some new
// ones did not fit, because a profile has limits::profile_groups_max.
bool JoinGroups(const Value* there, Value* value);

}  // namespace mockbraze::field_values

#pragma once

#include <string>

#include "mockbraze/base/clock.h"
#include "mockbraze/base/json.h"
#include "mockbraze/users/user_rules.h"

// Events and purchases, docs/braze-contract.md section 3. Thread safety: pure functions.
namespace mockbraze {

// The fault that rejects the object, as the `type` of its error entry; empty when there is none.
// What Braze says to most of them is not stated (section 12, 12): those texts are ours.
std::string CheckEvent(const Value::Object& members, const UserRules& rules);
std::string CheckPurchase(const Value::Object& members, const UserRules& rules);

// A time in the future becomes now.
void BoundTime(Clock::Time now, Value::Object* members);

}  // namespace mockbraze

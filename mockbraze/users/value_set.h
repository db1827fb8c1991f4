#pragma once

#include "mockbraze/base/json.h"
#include "mockbraze/users/user_rules.h"

namespace mockbraze {

// A simple array, docs/braze-contract.md section 2.4: a set in the order in which its items were
// last added. Thread safety: as a plain struct.
struct ValueSet {
  Value::List items;
  bool overflowed = false;  // items were lost to the limit (section 1.7)
};

// The set that is left when these items are added one after the other. Costs their number, not its
// square.
ValueSet MakeSet(Value::List items, const UserRules& rules);

}  // namespace mockbraze

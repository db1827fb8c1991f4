#pragma once

#include <cstdint>

#include "mockbraze/base/json.h"
#include "mockbraze/users/drop_reason.h"
#include "mockbraze/users/forced_types.h"
#include "mockbraze/users/profile.h"
#include "mockbraze/users/user_rules.h"

namespace mockbraze {

// What a custom attribute is to be applied by. Thread safety: as a plain struct.
struct AttributeRules {
  const UserRules& user;
  NameRules& names;
  bool merge_objects = false;
};

// Applies one custom attribute to a profile by docs/braze-contract.md sections 1.7, 2.4 and 2.5:
// null removes; inc, add, remove, $add, $remove and $update work on what is there; anything else
// replaces, or merges under `merge_objects`.
Effect ApplyAttribute(std::uint32_t name, Value value, const AttributeRules& rules,
                      Profile* profile);

}  // namespace mockbraze

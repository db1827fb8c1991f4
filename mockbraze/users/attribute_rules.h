#pragma once

#include <cstdint>

#include "mockbraze/base/json.h"
#include "mockbraze/users/profile.h"

namespace mockbraze {

// What became of one value that was sent.
enum class Effect {
  kStored,     // the profile changed, or may have
  kUnchanged,  // the profile had this value with this type already
  kDropped,    // Braze answers success and keeps the old value (docs/braze-contract.md section 4.2)
};

// Applies one custom attribute to a profile by sections 1.7, 2.4 and 2.5: null removes; inc, add,
// remove, $add, $remove and $update work on what is there; anything else replaces, or merges under
// `merge_objects`.
Effect ApplyAttribute(std::uint32_t name, Value value, bool merge_objects, Profile* profile);

// Applies one profile field (section 2.3).
Effect ApplyField(const std::string& name, Value value, Profile* profile);

}  // namespace mockbraze

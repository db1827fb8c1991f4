#pragma once

#include <cstdint>
#include <string>

#include "mockbraze/base/json.h"
#include "mockbraze/users/profile_fields.h"
#include "mockbraze/users/user_rules.h"

namespace mockbraze {

// What one value of an attributes object costs, docs/braze-contract.md section 8: what was sent
// counts, changed or not. An event or a purchase costs 1. Thread safety: pure function.
std::uint64_t DataPoints(const std::string& name, NameKind kind, const Value& value,
                         const UserRules& rules);

}  // namespace mockbraze

#pragma once

#include <string>

#include "mockbraze/users/user_rules.h"

namespace mockbraze {

// The `type` of an error entry in the style of the workspace: docs/braze-contract.md section 4.2.
// A code without an observed sentence, and what is a sentence already, stays as it is.
// Thread safety: pure function.
std::string InStyle(std::string code, ErrorStyle style);

}  // namespace mockbraze

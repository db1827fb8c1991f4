#pragma once

#include <string>
#include <string_view>

#include "mockbraze/base/json.h"

namespace mockbraze {

// The refusal of a recommended e-commerce event that breaks its schema, docs/braze-contract.md
// section 3, in the sentences that were observed; empty when it keeps it, or is another event.
// Which members the schemas have is ours. Thread safety: pure function.
std::string EcommerceFault(std::string_view event, const Value* properties);

}  // namespace mockbraze

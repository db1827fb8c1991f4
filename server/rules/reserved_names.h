#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace peaksync {

// Why no attribute may ever have this name, whatever the configuration says: its form, the names of
// identifiers and of control members (docs/design.md section 4, docs/braze-contract.md 2.1, 2.2).
std::optional<std::string> ProblemOfName(std::string_view name);

// Is it one of Braze's own profile fields (docs/braze-contract.md 2.3)? They go through only where
// the configuration lists them: a column that happens to be called email_subscribe must not
// subscribe anybody.
bool IsProfileField(std::string_view name);

}  // namespace peaksync

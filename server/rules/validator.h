#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "server/domain/value.h"
#include "server/rules/attribute_catalog.h"

namespace peaksync {

// Applies the configuration and the limits of Braze to a value of `def` that `source` sent: its
// source, `round`, `type`, `range`, 255 characters, 100,000 bytes (docs/design.md section 4).
// *value becomes what is to be sent: rounded, and for `type = "integer"` or "double" written as
// that type. The range holds for what is sent, so it is checked after rounding. null unsets
// whatever the type. Otherwise returns the reason, which names the limit and never the value, and
// leaves *value alone.
std::optional<std::string> Apply(const AttributeDef& def, std::string_view source, Value* value);

}  // namespace peaksync

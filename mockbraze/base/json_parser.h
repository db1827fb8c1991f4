#pragma once

#include <string_view>

#include "mockbraze/base/json.h"
#include "mockbraze/base/result.h"

namespace mockbraze {

// Reads one JSON document. Fails on anything that is not JSON (RFC 8259), on text that is not
// UTF-8, on nesting deeper than limits::json_depth_max, and on numbers that neither 64 bits nor a
// finite double can hold. Of members with one name the last counts. Thread safety: any thread; each
// keeps buffers of its own.
Result<Value> ParseJson(std::string_view text);

}  // namespace mockbraze

#pragma once

#include <string_view>

namespace peaksync::client {

// Whether `text` is valid UTF-8: no overlong forms, no surrogates. gRPC ends a stream without a
// word when a message holds anything else.
bool IsUtf8(std::string_view text);

}  // namespace peaksync::client

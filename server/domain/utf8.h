#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace peaksync {

// How many characters (Unicode code points) `text` has; nothing when it is not valid UTF-8:
// truncated or overlong sequences, surrogates, beyond U+10FFFF.
std::optional<std::size_t> CountCharacters(std::string_view text);

}  // namespace peaksync

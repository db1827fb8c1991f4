#pragma once

#include <string>
#include <string_view>

// UTF-16 is what ODBC speaks. Pure.
namespace peaksync::client {

// `text` must be UTF-8.
std::u16string ToUtf16(std::string_view text);
// Halves of a pair that stand alone become U+FFFD.
void AppendUtf8(std::u16string_view text, std::string* out);

}  // namespace peaksync::client

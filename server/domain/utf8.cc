#include "server/domain/utf8.h"

#include <cstdint>
#include <cstring>

namespace peaksync {
namespace {

constexpr std::uint64_t kHighBits = 0x8080808080808080;

// Bytes of the well-formed sequence of two to four bytes at the start of `text`; 0: there is none.
// The second byte's bounds are those of the Unicode standard, table 3-7.
std::size_t SequenceLength(std::string_view text) {
  const auto byte = [text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  std::size_t length = 0;
  unsigned char low = 0x80;
  unsigned char high = 0xBF;
  if (lead >= 0xC2 && lead <= 0xDF) {
    length = 2;
  } else if (lead >= 0xE0 && lead <= 0xEF) {
    length = 3;
    if (lead == 0xE0) low = 0xA0;   // Overlong.
    if (lead == 0xED) high = 0x9F;  // Surrogates.
  } else if (lead >= 0xF0 && lead <= 0xF4) {
    length = 4;
    if (lead == 0xF0) low = 0x90;   // Overlong.
    if (lead == 0xF4) high = 0x8F;  // Beyond U+10FFFF.
  } else {
    return 0;
  }
  if (text.size() < length || byte(1) < low || byte(1) > high) return 0;
  for (std::size_t i = 2; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
  }
  return length;
}

}  // namespace

std::optional<std::size_t> CountCharacters(std::string_view text) {
  std::size_t count = 0;
  while (!text.empty()) {
    // Nearly all text is ASCII: eight bytes at a time.
    std::uint64_t chunk = 0;
    if (text.size() >= sizeof(chunk)) {
      std::memcpy(&chunk, text.data(), sizeof(chunk));
      if ((chunk & kHighBits) == 0) {
        count += sizeof(chunk);
        text.remove_prefix(sizeof(chunk));
        continue;
      }
    }
    std::size_t length = 1;
    if ((static_cast<unsigned char>(text.front()) & 0x80) != 0) {
      length = SequenceLength(text);
      if (length == 0) return std::nullopt;
    }
    ++count;
    text.remove_prefix(length);
  }
  return count;
}

}  // namespace peaksync

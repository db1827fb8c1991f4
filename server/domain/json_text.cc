// The canonical writer of scalars. Requests and fingerprints are made of it, and ledgers keep it,
// so what it writes for a value never changes.
#include <array>
#include <charconv>
#include <cmath>

#include "server/domain/value.h"

namespace peaksync {
namespace {

constexpr char kHexDigits[] = "0123456789abcdef";
// Integral doubles below this are written out ("100000.0", not "1e+05"); all of them are exact.
constexpr double kWrittenOut = 1e15;
constexpr double kTwoTo63 = 9223372036854775808.0;

void AppendEscaped(unsigned char c, std::string* out) {
  switch (c) {
    case '"':
      out->append("\\\"");
      return;
    case '\\':
      out->append("\\\\");
      return;
    case '\b':
      out->append("\\b");
      return;
    case '\f':
      out->append("\\f");
      return;
    case '\n':
      out->append("\\n");
      return;
    case '\r':
      out->append("\\r");
      return;
    case '\t':
      out->append("\\t");
      return;
    default:
      out->append("\\u00");
      out->push_back(kHexDigits[c >> 4]);
      out->push_back(kHexDigits[c & 0xF]);
  }
}

template <typename Number>
void AppendNumber(Number value, std::string* out) {
  // The longest: "-2.2250738585072014e-308", 24 characters.
  std::array<char, 32> buffer;
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value).ptr;
  out->append(buffer.data(), static_cast<std::size_t>(end - buffer.data()));
}

}  // namespace

void AppendJsonString(std::string_view text, std::string* out) {
  out->push_back('"');
  std::size_t written = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c >= 0x20 && c != '"' && c != '\\') [[likely]]
      continue;
    out->append(text, written, i - written);
    AppendEscaped(c, out);
    written = i + 1;
  }
  out->append(text, written);
  out->push_back('"');
}

void AppendJsonDouble(double value, std::string* out) {
  const bool integral = std::trunc(value) == value;
  if (integral && std::abs(value) < kWrittenOut) {
    if (value == 0 && std::signbit(value)) out->push_back('-');
    AppendNumber(static_cast<std::int64_t>(value), out);
    out->append(".0");
    return;
  }
  const std::size_t start = out->size();
  AppendNumber(value, out);
  // An exponent ("1e+22") makes it a float for every reader already.
  if (integral && out->find_first_of(".e", start) == std::string::npos) out->append(".0");
}

void AppendComparableDouble(double value, std::string* out) {
  if (std::trunc(value) == value && value >= -kTwoTo63 && value < kTwoTo63) {
    AppendNumber(static_cast<std::int64_t>(value), out);
  } else {
    AppendJsonDouble(value, out);
  }
}

}  // namespace peaksync

#include "mockbraze/base/text.h"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "mockbraze/base/limits.h"

namespace mockbraze {
namespace {

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// The length of the UTF-8 sequence that begins the text, 0 when it is not one (RFC 3629).
std::size_t Utf8Sequence(std::string_view text) {
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = at(0);
  if (first < 0x80) return 1;
  std::size_t length = 0;
  unsigned char low = 0x80;
  unsigned char high = 0xBF;
  if (first >= 0xC2 && first <= 0xDF) {
    length = 2;
  } else if (first >= 0xE0 && first <= 0xEF) {
    length = 3;
    if (first == 0xE0) low = 0xA0;
    if (first == 0xED) high = 0x9F;
  } else if (first >= 0xF0 && first <= 0xF4) {
    length = 4;
    if (first == 0xF0) low = 0x90;
    if (first == 0xF4) high = 0x8F;
  }
  if (length == 0 || text.size() < length || at(1) < low || at(1) > high) return 0;
  for (std::size_t i = 2; i < length; ++i) {
    if ((at(i) & 0xC0) != 0x80) return 0;
  }
  return length;
}

std::string UrlDecode(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+') {
      out.push_back(' ');
      continue;
    }
    if (text[i] == '%' && i + 2 < text.size()) {
      if (const auto byte = ParseHex(text.substr(i + 1, 2))) {
        out.push_back(static_cast<char>(*byte));
        i += 2;
        continue;
      }
    }
    out.push_back(text[i]);
  }
  return out;
}

}  // namespace

std::size_t CountCharacters(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

std::string ToValidUtf8(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size());
  while (!bytes.empty()) {
    const std::size_t length = Utf8Sequence(bytes);
    out.append(length > 0 ? bytes.substr(0, length) : std::string_view("\xEF\xBF\xBD"));
    bytes.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return out;
}

std::string ToLower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), Lower);
  return out;
}

bool EqualsIgnoringCase(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, {}, Lower, Lower);
}

std::vector<std::string_view> Split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (true) {
    const std::size_t end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

std::vector<std::pair<std::string, std::string>> ParseQuery(std::string_view query) {
  std::vector<std::pair<std::string, std::string>> out;
  for (const std::string_view part : Split(query, '&')) {
    if (part.empty()) continue;
    const std::size_t equals = part.find('=');
    const bool valued = equals != std::string_view::npos;
    out.emplace_back(UrlDecode(part.substr(0, equals)),
                     valued ? UrlDecode(part.substr(equals + 1)) : std::string());
  }
  return out;
}

Result<std::chrono::milliseconds> ParseDuration(std::string_view text) {
  using Answer = Result<std::chrono::milliseconds>;
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  std::uint64_t factor = 0;
  if (unit == "ms" || (unit.empty() && number == 0)) factor = 1;
  if (unit == "s") factor = 1000;
  if (unit == "m") factor = 60'000;
  if (unit == "h") factor = 3'600'000;
  if (error != std::errc() || factor == 0) {
    return Answer::Fail("'" + std::string(text) +
                        "' is not a duration; write 200ms, 30s, 5m or 1h");
  }
  const std::chrono::milliseconds max = limits::duration_max;
  if (number > static_cast<std::uint64_t>(max.count()) / factor) {
    return Answer::Fail("'" + std::string(text) + "' is longer than a year");
  }
  return Answer::Ok(std::chrono::milliseconds(number * factor));
}

std::optional<std::uint64_t> ParseUnsigned(std::string_view text, std::uint64_t max) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number > max) return std::nullopt;
  return number;
}

std::uint64_t Mix(std::uint64_t input) {
  input += 0x9E3779B97F4A7C15U;
  input = (input ^ (input >> 30)) * 0xBF58476D1CE4E5B9U;
  input = (input ^ (input >> 27)) * 0x94D049BB133111EBU;
  return input ^ (input >> 31);
}

std::uint64_t HashText(std::string_view text) {
  std::uint64_t hash = Mix(text.size());
  while (text.size() >= 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data(), 8);
    hash = Mix(hash ^ word);
    text.remove_prefix(8);
  }
  std::uint64_t rest = 0;
  std::memcpy(&rest, text.data(), text.size());
  return Mix(hash ^ rest);
}

std::string Hex(std::uint64_t number, int digits) {
  static constexpr char hex[] = "0123456789abcdef";
  std::string out(static_cast<std::size_t>(digits), '0');
  for (auto place = out.rbegin(); place != out.rend(); ++place, number >>= 4) {
    *place = hex[number & 0xF];
  }
  return out;
}

std::optional<std::uint64_t> ParseHex(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, 16);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace mockbraze

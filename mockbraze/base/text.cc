#include "mockbraze/base/text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <ctime>

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

// Matches text against a pattern of 'd' (a digit) and literal characters; returns how much of the
// text the pattern took, 0 when it does not fit.
std::size_t MatchDigits(std::string_view text, std::string_view pattern) {
  if (text.size() < pattern.size()) return 0;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    const bool digit = text[i] >= '0' && text[i] <= '9';
    if (pattern[i] == 'd' ? !digit : text[i] != pattern[i]) return 0;
  }
  return pattern.size();
}

int TwoDigits(std::string_view text) { return (text[0] - '0') * 10 + (text[1] - '0'); }

bool IsZone(std::string_view text) {
  return text.empty() || text == "Z" || text == "UTC" || text == " UTC" ||
         (text.size() == 6 && text[0] == ' ' && (text[1] == '+' || text[1] == '-') &&
          MatchDigits(text.substr(2), "dddd")) ||
         ((text.size() == 5 || text.size() == 6) && (text[0] == '+' || text[0] == '-') &&
          (MatchDigits(text.substr(1), "dddd") || MatchDigits(text.substr(1), "dd:dd")));
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

std::string IsoTime(std::chrono::system_clock::time_point time) {
  const auto since = time.time_since_epoch();
  const auto millis = std::chrono::duration_cast<std::chrono::milliseconds>(since).count();
  const std::time_t seconds = static_cast<std::time_t>(millis / 1000);
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  std::array<char, 32> date;
  std::strftime(date.data(), date.size(), "%Y-%m-%dT%H:%M:%S", &utc);
  std::array<char, 48> out;
  std::snprintf(out.data(), out.size(), "%s.%03dZ", date.data(), static_cast<int>(millis % 1000));
  return out.data();
}

bool LooksLikeDate(std::string_view text) {
  if (MatchDigits(text, "dd/dd/dddd") == text.size() && !text.empty()) {
    const int month = TwoDigits(text);
    const int day = TwoDigits(text.substr(3));
    return month >= 1 && month <= 12 && day >= 1 && day <= 31 && text.substr(6) <= "3000";
  }
  if (!MatchDigits(text, "dddd-dd-dd")) return false;
  const int month = TwoDigits(text.substr(5));
  const int day = TwoDigits(text.substr(8));
  if (month < 1 || month > 12 || day < 1 || day > 31 || text.substr(0, 4) > "3000") return false;
  text.remove_prefix(10);
  if (text.empty()) return true;
  if (text[0] != 'T' && text[0] != ' ') return false;
  text.remove_prefix(1);
  if (!MatchDigits(text, "dd:dd") || TwoDigits(text) > 24) return false;
  text.remove_prefix(5);
  if (MatchDigits(text, ":dd")) text.remove_prefix(3);
  // A fraction, with a dot, or with the colon of the documented yyyy-MM-ddTHH:mm:ss:SSSZ.
  if (!text.empty() && (text[0] == '.' || text[0] == ':')) {
    text.remove_prefix(1);
    if (text.empty() || text[0] < '0' || text[0] > '9') return false;
    text.remove_prefix(std::min(text.find_first_not_of("0123456789"), text.size()));
  }
  return IsZone(text);
}

}  // namespace mockbraze

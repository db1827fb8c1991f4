#include "server/domain/canonical_json.h"

#include <charconv>
#include <cmath>
#include <system_error>

#include "absl/time/civil_time.h"
#include "server/base/limits.h"
#include "server/domain/utf8.h"
#include "server/domain/value.h"

namespace peaksync {
namespace {

bool IsHexDigit(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }

// Where the JSON string at the start of `json` ends, quotes included; 0: nowhere.
std::size_t EndOfString(std::string_view json) {
  if (json.empty() || json.front() != '"') return 0;
  for (std::size_t i = 1; i < json.size(); ++i) {
    if (json[i] == '"') return i + 1;
    if (json[i] == '\\') ++i;
  }
  return 0;
}

// Recursive descent over a list or an object; each Read… consumes what it read. The recursion ends
// at limits::kValueDepthMax.
class Scanner {
 public:
  explicit Scanner(std::string_view json) : rest_(json) { comparable_.reserve(json.size()); }

  std::optional<std::string> Read() && {
    const bool nested = rest_.starts_with('[') || rest_.starts_with('{');
    if (!nested || !ReadValue(1, false) || !rest_.empty()) return std::nullopt;
    return std::move(comparable_);
  }

 private:
  bool Consume(std::string_view token) {
    if (!rest_.starts_with(token)) return false;
    comparable_.append(token);
    rest_.remove_prefix(token.size());
    return true;
  }

  bool ReadValue(int depth, bool inside_object) {
    if (rest_.empty()) return false;
    switch (rest_.front()) {
      case '[':
        return depth <= limits::kValueDepthMax && ReadList(depth);
      case '{':
        return depth <= limits::kValueDepthMax && ReadObject(depth, inside_object);
      case '"':
        return ReadString().has_value();
      case 't':
        return Consume("true");
      case 'f':
        return Consume("false");
      default:  // null too: there is none inside.
        return ReadNumber();
    }
  }

  bool ReadList(int depth) {
    Consume("[");
    if (Consume("]")) return true;
    do {
      if (!ReadValue(depth + 1, false)) return false;
    } while (Consume(","));
    return Consume("]");
  }

  bool ReadObject(int depth, bool inside_object) {
    Consume("{");
    if (Consume("}")) return true;
    if (inside_object && rest_.starts_with("\"$time\":")) return ReadTime();
    std::string_view previous;
    do {
      const std::optional<std::string_view> key = ReadString();
      // Keys are sorted, so duplicates are neighbours; an empty one is a problem of its own.
      if (!key || *key == previous || !Consume(":")) return false;
      // Its escaped form answers the same: none of the characters asked for is ever escaped.
      if (ProblemOfNestedKey(*key, characters_) != nullptr) return false;
      previous = *key;
      if (!ReadValue(depth + 1, true)) return false;
    } while (Consume(","));
    return Consume("}");
  }

  bool ReadTime() {
    if (!Consume("\"$time\":")) return false;
    const std::optional<std::string_view> text = ReadString();
    return text && IsTimestampText(*text) && Consume("}");
  }

  // Without the quotes; its length is then in characters_.
  std::optional<std::string_view> ReadString() {
    const std::size_t end = EndOfString(rest_);
    if (end == 0) return std::nullopt;
    const std::string_view text = rest_.substr(0, end);
    const std::optional<std::size_t> characters = CountCanonicalString(text);
    if (!characters || *characters > limits::kStringCharactersMax) return std::nullopt;
    characters_ = *characters;
    Consume(text);
    return text.substr(1, text.size() - 2);
  }

  bool ReadNumber() {
    const std::size_t end = rest_.find_first_not_of("0123456789+-.e");
    const std::string_view text = rest_.substr(0, end);
    const std::optional<CanonicalNumber> number = ReadCanonicalNumber(text);
    if (!number) return false;
    if (number->is_integer) return Consume(text);
    AppendComparableDouble(number->real, &comparable_);
    rest_.remove_prefix(text.size());
    return true;
  }

  std::string_view rest_;
  std::string comparable_;
  std::size_t characters_ = 0;
};

// Reads exactly `digits` digits off the front of `text`; -1: there are not so many.
int TakeDigits(std::size_t digits, std::string_view* text) {
  if (text->size() < digits) return -1;
  int number = 0;
  for (std::size_t i = 0; i < digits; ++i) {
    const char c = (*text)[i];
    if (c < '0' || c > '9') return -1;
    number = number * 10 + (c - '0');
  }
  text->remove_prefix(digits);
  return number;
}

bool Take(char c, std::string_view* text) {
  if (!text->starts_with(c)) return false;
  text->remove_prefix(1);
  return true;
}

}  // namespace

std::optional<CanonicalNumber> ReadCanonicalNumber(std::string_view json) {
  CanonicalNumber number;
  number.is_integer = json.find_first_of(".e") == std::string_view::npos;
  const char* const end = json.data() + json.size();
  const std::from_chars_result read = number.is_integer
                                          ? std::from_chars(json.data(), end, number.integer)
                                          : std::from_chars(json.data(), end, number.real);
  if (read.ec != std::errc() || read.ptr != end) return std::nullopt;
  if (!number.is_integer && !std::isfinite(number.real)) return std::nullopt;
  // Written again, it must be the same: that leaves out 01, -0, 1.50, 1E5 and whatever else.
  std::string again;
  if (number.is_integer) {
    again = std::to_string(number.integer);
  } else {
    AppendJsonDouble(number.real, &again);
  }
  if (again != json) return std::nullopt;
  return number;
}

std::optional<std::size_t> CountCanonicalString(std::string_view json) {
  if (json.size() < 2 || EndOfString(json) != json.size()) return std::nullopt;
  json = json.substr(1, json.size() - 2);
  std::optional<std::size_t> count = CountCharacters(json);
  if (!count) return std::nullopt;
  for (std::size_t i = 0; i < json.size(); ++i) {
    if (static_cast<unsigned char>(json[i]) < 0x20) return std::nullopt;
    if (json[i] != '\\') continue;
    ++i;  // There is one more character: the closing quote is not escaped.
    if (json[i] == 'u') {
      const std::string_view code = json.substr(i + 1, 4);
      const bool control = code.size() == 4 && code.starts_with("00") &&
                           (code[2] == '0' || code[2] == '1') && IsHexDigit(code[3]);
      // These have short forms: \b \t \n \f \r.
      const bool shorter =
          code == "0008" || code == "0009" || code == "000a" || code == "000c" || code == "000d";
      if (!control || shorter) return std::nullopt;
      *count -= 5;
      i += 4;
    } else if (std::string_view("\"\\bfnrt").find(json[i]) != std::string_view::npos) {
      *count -= 1;
    } else {
      return std::nullopt;
    }
  }
  return count;
}

std::optional<std::string> ComparableOf(std::string_view json) { return Scanner(json).Read(); }

const char* ProblemOfNestedKey(std::string_view key, std::size_t characters) {
  if (key.empty()) return "a key inside the object is empty";
  if (characters > limits::kNameCharactersMax) {
    return "a key inside the object is longer than 255 characters: shorten it";
  }
  if (key.front() == '$' || key == "inc" || key == "add" || key == "remove") {
    return "a key inside the object is an operator (inc, add, remove, or beginning with $): Braze "
           "would execute it instead of storing it; use another key";
  }
  if (key.find_first_of(" .$") != std::string_view::npos) {
    return "a key inside the object holds a space, a dot or $, which Braze does not support: use "
           "another key";
  }
  return nullptr;
}

bool IsTimestampText(std::string_view text) {
  const int year = TakeDigits(4, &text);
  if (year < 0 || year > 3000 || !Take('-', &text)) return false;
  const int month = TakeDigits(2, &text);
  if (month < 0 || !Take('-', &text)) return false;
  const int day = TakeDigits(2, &text);
  const absl::CivilDay date(year, month, day);  // Normalises what does not exist.
  if (date.month() != month || date.day() != day || !Take('T', &text)) return false;
  const int hour = TakeDigits(2, &text);
  if (hour < 0 || hour > 23 || !Take(':', &text)) return false;
  const int minute = TakeDigits(2, &text);
  if (minute < 0 || minute > 59 || !Take(':', &text)) return false;
  const int second = TakeDigits(2, &text);
  if (second < 0 || second > 59) return false;
  if (Take('.', &text)) {
    if (TakeDigits(1, &text) < 0) return false;
    while (TakeDigits(1, &text) >= 0) {
    }
  }
  if (text == "Z") return true;
  if (!Take('+', &text) && !Take('-', &text)) return false;
  const int offset_hour = TakeDigits(2, &text);
  if (offset_hour < 0 || offset_hour > 23 || !Take(':', &text)) return false;
  const int offset_minute = TakeDigits(2, &text);
  return offset_minute >= 0 && offset_minute <= 59 && text.empty();
}

}  // namespace peaksync

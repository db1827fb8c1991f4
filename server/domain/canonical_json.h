#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace peaksync {

// A number as the canonical writer writes it.
struct CanonicalNumber {
  bool is_integer = false;
  std::int64_t integer = 0;
  double real = 0;
};

// Reads a number; nothing when `json` is not exactly what AppendJsonDouble or an int64 gives.
std::optional<CanonicalNumber> ReadCanonicalNumber(std::string_view json);

// Characters (code points) of the text that `json` holds; nothing when it is not exactly what
// AppendJsonString gives.
std::optional<std::size_t> CountCanonicalString(std::string_view json);

// Reads a list or an object and gives its comparable form (docs/design.md, rule 10). Nothing when
// it is not canonical, or when nested values break a rule of Braze that no configuration changes:
// null inside, keys of operators, lengths, depth. So what validation refused for such a reason does
// not come back as a value when it is retried. That keys are sorted is not checked.
std::optional<std::string> ComparableOf(std::string_view json);

// Why Braze would not take `key` inside an object, or would execute it (docs/braze-contract.md 2.5,
// 2.6); nullptr: it may. `characters` is its length. `{"$time": …}` is for the caller to let
// through.
const char* ProblemOfNestedKey(std::string_view key, std::size_t characters);

// The key of `{"$time": "2026-09-07T02:00:00Z"}`, a date inside an object.
inline constexpr std::string_view kTimeKey = "$time";

// Is `text` a point in time as RFC 3339 writes it, in capitals, of the years 0 to 3000? Braze takes
// others for plain text, and drops nested ones in silence (docs/braze-contract.md 2.4, 2.5).
bool IsTimestampText(std::string_view text);

}  // namespace peaksync

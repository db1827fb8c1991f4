#include "server/app/duration_text.h"

#include <array>
#include <limits>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "server/domain/concat.h"

namespace peaksync {
namespace {

constexpr std::array<std::pair<std::string_view, std::int64_t>, 5> kMillisecondsPerUnit = {
    {{"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}, {"ms", 1}}};
constexpr std::array<std::pair<std::string_view, std::int64_t>, 5> kBytesPerUnit = {
    {{"", 1}, {"KiB", 1LL << 10}, {"MiB", 1LL << 20}, {"GiB", 1LL << 30}, {"TiB", 1LL << 40}}};

// The number and the unit's factor multiplied, or false.
template <typename Units>
bool ParseQuantity(std::string_view text, const Units& units, std::int64_t& out) {
  std::size_t digits = 0;
  while (digits < text.size() && absl::ascii_isdigit(static_cast<unsigned char>(text[digits]))) {
    ++digits;
  }
  std::int64_t number = 0;
  if (digits == 0 || !absl::SimpleAtoi(std::string(text.substr(0, digits)), &number)) return false;
  for (const auto& [unit, factor] : units) {
    if (text.substr(digits) != unit) continue;
    if (number > std::numeric_limits<std::int64_t>::max() / factor) return false;
    out = number * factor;
    return true;
  }
  return false;
}

}  // namespace

absl::StatusOr<absl::Duration> ParseDuration(std::string_view text) {
  std::int64_t milliseconds = 0;
  if (!ParseQuantity(text, kMillisecondsPerUnit, milliseconds)) {
    return absl::InvalidArgumentError(
        Concat("\"", text, "\" is not a duration; write one like 200ms, 30s, 5m, 1h or 90d"));
  }
  return absl::Milliseconds(milliseconds);
}

std::string DurationText(absl::Duration duration) {
  const std::int64_t milliseconds = absl::ToInt64Milliseconds(duration);
  if (milliseconds == 0) return "0s";
  for (const auto& [unit, factor] : kMillisecondsPerUnit) {
    if (milliseconds % factor == 0) return Concat(milliseconds / factor, unit);
  }
  return Concat(milliseconds, "ms");
}

absl::StatusOr<std::int64_t> ParseBytes(std::string_view text) {
  std::int64_t bytes = 0;
  if (!ParseQuantity(text, kBytesPerUnit, bytes)) {
    return absl::InvalidArgumentError(
        Concat("\"", text, "\" is not a size; write one like 4000000, 64MiB or 1GiB"));
  }
  return bytes;
}

}  // namespace peaksync

#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "mockbraze/base/result.h"

// Small pure functions on text and numbers. Thread safety: all are safe from any thread.
namespace mockbraze {

// Characters (code points) of UTF-8 text.
std::size_t CountCharacters(std::string_view text);
// Replaces what is not UTF-8 by U+FFFD, so that any bytes can be shown in JSON.
std::string ToValidUtf8(std::string_view bytes);
std::string ToLower(std::string_view text);
bool EqualsIgnoringCase(std::string_view a, std::string_view b);
std::vector<std::string_view> Split(std::string_view text, char separator);

// "a=1&b=x%20y" as pairs, decoded.
std::vector<std::pair<std::string, std::string>> ParseQuery(std::string_view query);

// "200ms", "30s", "5m", "1h"; "0" too. Fails with a text that shows the form.
Result<std::chrono::milliseconds> ParseDuration(std::string_view text);
// A whole number from 0 to max, nothing around it.
std::optional<std::uint64_t> ParseUnsigned(std::string_view text, std::uint64_t max);

// A strong 64-bit mix (splitmix64's end): one input, one well spread output.
std::uint64_t Mix(std::uint64_t input);
// A well spread number for a text, the same in every run.
std::uint64_t HashText(std::string_view text);
std::string Hex(std::uint64_t number, int digits);
std::optional<std::uint64_t> ParseHex(std::string_view text);

}  // namespace mockbraze

#pragma once

#include <string>
#include <string_view>
#include <type_traits>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

// Abseil's strings for callers that speak std::string_view. Debian builds Abseil with a string_view
// of its own, so the two don't convert; where they are one type, this does nothing.
namespace peaksync::client {

inline absl::string_view ToAbsl(std::string_view text) { return {text.data(), text.size()}; }
inline std::string_view FromAbsl(absl::string_view text) { return {text.data(), text.size()}; }

namespace text_internal {

template <typename T>
decltype(auto) Argument(const T& value) {
  if constexpr (std::is_same_v<T, std::string_view>) {
    return ToAbsl(value);
  } else {
    return (value);
  }
}

}  // namespace text_internal

// absl::StrCat and absl::StrAppend.
template <typename... Ts>
std::string Cat(const Ts&... values) {
  return absl::StrCat(text_internal::Argument(values)...);
}
template <typename... Ts>
void Append(std::string* out, const Ts&... values) {
  absl::StrAppend(out, text_internal::Argument(values)...);
}

inline bool EqualsIgnoreCase(std::string_view a, std::string_view b) {
  return absl::EqualsIgnoreCase(ToAbsl(a), ToAbsl(b));
}
// Takes `prefix` off the front; false when it is not there.
inline bool TakePrefix(std::string_view* text, std::string_view prefix) {
  if (!text->starts_with(prefix)) return false;
  text->remove_prefix(prefix.size());
  return true;
}

inline std::string_view MessageOf(const absl::Status& status) { return FromAbsl(status.message()); }
// INVALID_ARGUMENT, from pieces.
template <typename... Ts>
absl::Status Invalid(const Ts&... pieces) {
  return absl::InvalidArgumentError(Cat(pieces...));
}

}  // namespace peaksync::client

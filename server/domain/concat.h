#pragma once

#include <string>
#include <string_view>
#include <type_traits>

#include "absl/strings/str_cat.h"

namespace peaksync {

// The same text as Abseil's functions and hash maps take it.
inline absl::string_view Abseil(std::string_view text) { return {text.data(), text.size()}; }

// absl::StrCat that also takes std::string_view: Debian builds Abseil with a string_view of its
// own, to which the standard one does not convert.
template <typename... Parts>
std::string Concat(const Parts&... parts) {
  const auto as_abseil = [](const auto& part) -> decltype(auto) {
    if constexpr (std::is_convertible_v<decltype(part), std::string_view>) {
      const std::string_view text = part;
      return absl::string_view(text.data(), text.size());
    } else {
      return (part);
    }
  };
  return absl::StrCat(as_abseil(parts)...);
}

}  // namespace peaksync

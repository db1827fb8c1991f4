#pragma once

#include <algorithm>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "server/base/limits.h"

namespace peaksync {

// Pages of lists (AIP-158): how many were asked for, and where to go on.
inline int PageSize(std::int32_t asked) {
  if (asked <= 0) return limits::kPageSizeDefault;
  return std::min(asked, limits::kPageSizeMax);
}

inline absl::Status BadPage() {
  return absl::InvalidArgumentError(
      "page_token is none of this service's: give the one of the answer before, unchanged");
}

// A token that is a row's number; 0 when there is none.
inline absl::StatusOr<std::int64_t> ReadPageToken(const std::string& token) {
  if (token.empty()) return 0;
  std::int64_t number = 0;
  if (!absl::SimpleAtoi(token, &number) || number < 1) return BadPage();
  return number;
}

}  // namespace peaksync

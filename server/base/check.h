#pragma once

#include <string_view>

namespace peaksync {

// Prints `file:line: condition, detail` to stderr and aborts.
[[noreturn]] void CheckFailed(const char* file, int line, const char* condition,
                              std::string_view detail);

}  // namespace peaksync

// Always on, also in release: for our own bugs, never for input. What breaks inside one tenant's
// ledger closes that tenant as damaged instead (docs/design.md, rule 3).
#define PEAKSYNC_CHECK(condition) PEAKSYNC_CHECK_MSG(condition, "")
#define PEAKSYNC_CHECK_MSG(condition, detail)                            \
  do {                                                                   \
    if (!(condition)) [[unlikely]]                                       \
      ::peaksync::CheckFailed(__FILE__, __LINE__, #condition, (detail)); \
  } while (false)

#pragma once

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#define PEAKSYNC_CLIENT_CONCAT_INNER(a, b) a##b
#define PEAKSYNC_CLIENT_CONCAT(a, b) PEAKSYNC_CLIENT_CONCAT_INNER(a, b)

// Returns from the enclosing function when `expression` is not OK.
#define PEAKSYNC_CLIENT_RETURN_IF_ERROR(expression)           \
  do {                                                        \
    if (absl::Status status_ = (expression); !status_.ok()) { \
      return status_;                                         \
    }                                                         \
  } while (false)

// NOLINTBEGIN(bugprone-macro-parentheses): a declaration can't stand in parentheses.
// PEAKSYNC_CLIENT_ASSIGN_OR_RETURN(auto value, MaybeValue()): the same for absl::StatusOr.
#define PEAKSYNC_CLIENT_ASSIGN_OR_RETURN(declaration, expression)                      \
  PEAKSYNC_CLIENT_ASSIGN_OR_RETURN_INNER(PEAKSYNC_CLIENT_CONCAT(status_or_, __LINE__), \
                                         declaration, expression)
#define PEAKSYNC_CLIENT_ASSIGN_OR_RETURN_INNER(holder, declaration, expression) \
  auto holder = (expression);                                                   \
  if (!holder.ok()) return std::move(holder).status();                          \
  declaration = *std::move(holder)
// NOLINTEND(bugprone-macro-parentheses)

#pragma once

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#define PEAKSYNC_CONCAT_INNER(a, b) a##b
#define PEAKSYNC_CONCAT(a, b) PEAKSYNC_CONCAT_INNER(a, b)

// Returns from the enclosing function when `expression` is not OK.
#define PEAKSYNC_RETURN_IF_ERROR(expression)                                                       \
  do {                                                                                             \
    if (absl::Status status_of_expression = (expression); !status_of_expression.ok()) [[unlikely]] \
      return status_of_expression;                                                                 \
  } while (false)

// `declaration = value of expression`, or returns its error.
#define PEAKSYNC_ASSIGN_OR_RETURN(declaration, expression) \
  PEAKSYNC_ASSIGN_OR_RETURN_IMPL(PEAKSYNC_CONCAT(result_, __LINE__), declaration, expression)
#define PEAKSYNC_ASSIGN_OR_RETURN_IMPL(result, declaration, expression) \
  auto result = (expression);                                           \
  if (!result.ok()) [[unlikely]]                                        \
    return std::move(result).status();                                  \
  declaration = *std::move(result)

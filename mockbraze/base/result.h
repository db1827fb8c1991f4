#pragma once

#include <optional>
#include <string>
#include <utility>

namespace mockbraze {

// A value, or why there is none. The text says what was wrong with which input.
// Thread safety: as a plain struct.
template <typename T>
class [[nodiscard]] Result {
 public:
  static Result Ok(T value) { return Result(std::move(value), {}); }
  static Result Fail(std::string error) { return Result(std::nullopt, std::move(error)); }

  bool ok() const { return value_.has_value(); }
  // Only when ok().
  T& value() { return *value_; }
  const T& value() const { return *value_; }
  // Empty when ok().
  const std::string& error() const { return error_; }

 private:
  Result(std::optional<T> value, std::string error)
      : value_(std::move(value)), error_(std::move(error)) {}

  std::optional<T> value_;
  std::string error_;
};

}  // namespace mockbraze

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"

namespace peaksync::client {

// What the cells of a CSV column are.
enum class ColumnType : std::uint8_t { kString, kBool, kInteger, kDouble, kTimestamp, kJson };

// The word for it in --types and in messages.
std::string_view NameOf(ColumnType type);

// From --types: bool, integer, double (also number), string, timestamp, json.
absl::StatusOr<ColumnType> ParseColumnType(std::string_view text);

// Reads `--types col=type,...`. The last `=` counts, so a column's name may hold one.
absl::StatusOr<absl::flat_hash_map<std::string, ColumnType>> ParseColumnTypes(
    const std::vector<std::string>& entries);

// What one cell looks like by itself.
enum class CellKind : std::uint8_t {
  kEmpty,
  kBool,        // true or false, in any case.
  kInteger,     // Fits 64 bits; no plus sign, no leading zeros.
  kBigInteger,  // Digits only, but beyond 64 bits.
  kDouble,      // A finite decimal, with a point or an exponent.
  kNotFinite,   // NaN or an infinity, as programs write them, or beyond a double's range.
  kString,      // Anything else, and digits with leading zeros above all.
};
CellKind KindOf(std::string_view cell);

// Infers the type of a column from its cells: bool, integer, double, else string. Empty cells say
// nothing; NaN says number and is refused later, row by row. A column without any value is a
// string.
//
// Thread safety: none.
class TypeInference {
 public:
  // `line` is remembered where a message may need it.
  void Add(std::string_view cell, std::int64_t line);

  ColumnType type() const;
  // The first line with digits beyond 64 bits, in a column that is a number otherwise: neither an
  // integer nor a double would be exact, so a person must choose.
  std::optional<std::int64_t> big_integer_line() const;
  // The first line with a decimal point or an exponent, in a column where every cell is a number.
  // In a column of identifiers that means that something made floats of them.
  std::optional<std::int64_t> float_line() const;

 private:
  bool AllNumbers() const { return !seen_string_ && !seen_bool_; }

  bool seen_bool_ = false;
  bool seen_integer_ = false;
  bool seen_number_ = false;  // kDouble or kNotFinite.
  bool seen_string_ = false;
  std::optional<std::int64_t> big_integer_line_;
  std::optional<std::int64_t> double_line_;
};

}  // namespace peaksync::client

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/numeric/int128.h"

namespace peaksync {

// What Braze infers of a value, and so what the ledger remembers of an attribute: int64 and double
// are one type, string and timestamp are one (docs/design.md section 4).
enum class ValueType : std::uint8_t { kNull, kBool, kNumber, kText, kList, kObject };

// "number", "string", …: the word for people.
std::string_view NameOf(ValueType type);

// A valid attribute value: its canonical JSON, exactly as it goes to Braze, and what is needed to
// compare it. Equality is by value (rule 10): the integer 14 equals the double 14.0; the order of
// an object's keys does not matter, the order of a list does.
class Value {
 public:
  Value() = default;  // null

  static Value Bool(bool value);
  static Value Integer(std::int64_t value);
  // `value` must be finite. Integral doubles are written with `.0`, so that Braze infers a float.
  static Value Double(double value);
  // `text` must be valid UTF-8.
  static Value Text(std::string_view text);
  // `json` must be canonical. `comparable` is the same with every integral double written as an
  // integer, which is what equality means for numbers.
  static Value List(std::string json, std::string_view comparable);
  static Value Object(std::string json, std::string_view comparable);

  ValueType type() const { return type_; }
  const std::string& json() const { return json_; }
  // Numbers only.
  bool is_integer() const { return is_integer_; }
  std::int64_t integer() const { return integer_; }
  double AsDouble() const { return is_integer_ ? static_cast<double>(integer_) : double_; }
  // Of lists, objects, and texts: identifies the value.
  absl::uint128 fingerprint() const { return fingerprint_; }

  // A double rounded as printf("%.*f") would; everything else unchanged.
  Value Rounded(int digits) const;

  // Reads canonical JSON back, as json() gave it. False when it is none.
  static bool FromJson(ValueType type, std::string json, Value* value);
  // The same, of whatever type the JSON is. For rejections that are retried: what was refused for a
  // reason that no configuration changes (null inside a list, an operator's key) is false too.
  static bool FromJson(std::string json, Value* value);

  friend bool operator==(const Value& a, const Value& b);

 private:
  ValueType type_ = ValueType::kNull;
  bool is_integer_ = false;
  union {
    std::int64_t integer_ = 0;
    double double_;
  };
  absl::uint128 fingerprint_ = 0;
  std::string json_ = "null";
};

// Appends `text` as a JSON string: quotes, and escapes only where JSON asks for them.
void AppendJsonString(std::string_view text, std::string* out);
// Appends the fewest digits that read back as the same double; integral ones get `.0`.
void AppendJsonDouble(double value, std::string* out);
// As above, but integral doubles that fit an int64 are written as integers, and -0.0 as 0.
void AppendComparableDouble(double value, std::string* out);

// XXH3, 128 bit.
absl::uint128 FingerprintOf(std::string_view bytes);

}  // namespace peaksync

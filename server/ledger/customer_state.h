#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/container/inlined_vector.h"
#include "absl/numeric/int128.h"
#include "absl/status/status.h"
#include "server/domain/update.h"
#include "server/domain/value.h"

namespace peaksync {

// A confirmed value as the ledger keeps it: itself where it is small, a fingerprint where it is not
// (docs/design.md section 4).
struct KnownValue {
  // Texts whose JSON is longer are kept as a fingerprint.
  static constexpr std::size_t kShortTextBytesMax = 64;

  ValueType type = ValueType::kNull;
  bool unknown = false;  // What Braze holds is not known; the time still counts.
  bool boolean = false;
  bool is_integer = false;
  bool is_fingerprint = false;  // Texts only; lists and objects always are.
  std::int64_t integer = 0;
  double real = 0;
  std::string text;  // JSON.
  absl::uint128 fingerprint = 0;

  static KnownValue Of(const Value& value);
  static KnownValue Unknown();
};

// Equality by value (rule 10). With `round`, doubles on both sides are rounded first.
bool SameValue(const KnownValue& known, const Value& value, std::optional<int> round);
bool SameValue(const Value& a, const Value& b, std::optional<int> round);

// |a - b| where both are numbers; nothing otherwise.
std::optional<double> Difference(const KnownValue& known, const Value& value,
                                 std::optional<int> round);
std::optional<double> Difference(const Value& a, const Value& b, std::optional<int> round);

// What Braze has confirmed of one attribute of one customer.
struct KnownAttribute {
  std::uint32_t attribute_id = 0;
  std::uint32_t source_id = 0;  // That wrote it.
  std::uint64_t epoch = 0;      // Of the confirmation; see schema.cc, attributes.
  UnixNanos updated_at = 0;
  UnixNanos confirmed_at = 0;  // Kept in milliseconds.
  KnownValue value;
};

// What is confirmed of one customer. Attributes that were confirmed together share their times and
// source on disk.
struct CustomerState {
  absl::InlinedVector<KnownAttribute, 8> attributes;

  KnownAttribute* Find(std::uint32_t attribute_id);
  // Finds or adds.
  KnownAttribute& At(std::uint32_t attribute_id);

  void Pack(std::string* out) const;
  // Fills `state`, whatever it was. DATA_LOSS when the bytes are none of ours.
  static absl::Status Unpack(std::string_view bytes, CustomerState* state);
};

}  // namespace peaksync

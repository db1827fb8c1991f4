#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/domain/customer.h"
#include "server/domain/value.h"

namespace peaksync {

// Nanoseconds since 1970 UTC; covers the years 1678 to 2262.
using UnixNanos = std::int64_t;

// A value that validation let through.
struct AttributeValue {
  std::string_view name;  // Braze's name. Points into the tenant's AttributeCatalog.
  Value value;
};

// A value that validation refused, or a fault that makes the whole update invalid.
struct InvalidValue {
  std::string name;           // As the tenant gave it; or "customer", "updated_at", "attributes".
  std::string json;           // What was given, as JSON (NaN and infinities as those words).
  std::string reason;         // Why; does not repeat the value.
  bool whole_update = false;  // A fault of the update, not of an attribute: `name` names a field.
};

// One update of a batch after decoding and validation: ready to be decided.
struct PreparedUpdate {
  std::uint32_t index = 0;           // Its place in the batch.
  std::optional<Customer> customer;  // Absent: no usable identifier, and everything is invalid.
  std::string customer_key;          // customer->Key(), made once.
  UnixNanos updated_at = 0;
  std::vector<AttributeValue> values;
  std::vector<InvalidValue> invalid;
  // Values that the tenant sent: values + invalid ones, faults of the whole update not counted.
  std::uint32_t received_values = 0;
};

}  // namespace peaksync

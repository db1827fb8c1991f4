#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "server/domain/customer.h"
#include "server/domain/update.h"
#include "server/domain/value.h"

namespace peaksync {

// What one update has accepted for sending: a row of the outbox. The rows, read in their order,
// give the set of what waits again: each value takes over from the one before it, or has joined it.
struct OutboxRow {
  struct Attribute {
    std::uint32_t attribute_id = 0;
    bool joined = false;  // Counts with the value that waited then, whatever its own is.
    Value value;
  };
  Customer customer;
  std::uint32_t source_id = 0;
  UnixNanos updated_at = 0;
  UnixNanos forced_since = 0;
  std::int32_t attempts = 0;  // How often its values were refused before: they are retried.
  std::vector<Attribute> attributes;

  // Without these attributes.
  void Remove(std::span<const std::uint32_t> attribute_ids);

  void Pack(std::string* out) const;
  // DATA_LOSS when the bytes are none of ours.
  static absl::StatusOr<OutboxRow> Unpack(std::string_view bytes);
};

// Packs a row piece by piece: its values as they are decided, the rest of it when all are.
class OutboxRowPacker {
 public:
  void Clear() { values_.clear(); }
  void Add(std::uint32_t attribute_id, bool joined, const Value& value);
  // `row`'s attributes are not looked at.
  void Finish(const OutboxRow& row, std::string* out) const;

 private:
  std::string values_;
};

// A customer's identity, as rows of the outbox and of the rejections hold it.
std::string PackCustomer(const Customer& customer);
// DATA_LOSS when the bytes are none of ours.
absl::StatusOr<Customer> UnpackCustomer(std::string_view bytes);

}  // namespace peaksync

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "server/ledger/codec.h"

namespace peaksync {

// By what the ledger finds a customer: an integer is compared and sorted many times faster than a
// key, and takes a third of the room. 42 bits are six bytes in SQLite's row numbers.
using CustomerHash = std::uint64_t;
inline constexpr int kCustomerHashBits = 42;

CustomerHash HashOf(std::string_view customer_key);

// A bucket holds the packed states of all customers with one hash: nearly always one, but with ten
// million customers a dozen pairs are to be expected. A row of the table customers is a bucket.

// The state of this customer; nothing: it is not in the bucket. A damaged bucket reads as empty
// where it is damaged; IsBucket tells.
std::optional<std::string_view> FindInBucket(std::string_view bucket, std::string_view key);

// Whether nobody else is in the bucket than the customer with this key, who need not be there.
bool IsAlone(std::string_view bucket, std::string_view key);

// The bucket with this customer's state put into it. `out` must not hold `bucket`.
void PutInBucket(std::string_view bucket, std::string_view key, std::string_view state,
                 std::string* out);

// Whether these are the bytes of a bucket with at least one customer.
bool IsBucket(std::string_view bucket);

// Calls `visit(key, state)` for each customer up to the first damage.
template <typename Visit>
void ForEachInBucket(std::string_view bucket, const Visit& visit) {
  PackedReader reader(bucket);
  while (!reader.AtEnd()) {
    const std::string_view key = reader.Bytes();
    const std::string_view state = reader.Bytes();
    if (!reader.ok()) return;
    visit(key, state);
  }
}

}  // namespace peaksync

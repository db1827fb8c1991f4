#include "server/ledger/customer_bucket.h"

#include "absl/numeric/int128.h"
#include "server/domain/value.h"

namespace peaksync {

CustomerHash HashOf(std::string_view customer_key) {
  return absl::Uint128Low64(FingerprintOf(customer_key)) >> (64 - kCustomerHashBits);
}

std::optional<std::string_view> FindInBucket(std::string_view bucket, std::string_view key) {
  std::optional<std::string_view> found;
  ForEachInBucket(bucket, [&](std::string_view other, std::string_view state) {
    if (other == key) found = state;
  });
  return found;
}

bool IsAlone(std::string_view bucket, std::string_view key) {
  bool alone = true;
  ForEachInBucket(bucket, [&](std::string_view other, std::string_view) {
    if (other != key) alone = false;
  });
  return alone;
}

void PutInBucket(std::string_view bucket, std::string_view key, std::string_view state,
                 std::string* out) {
  out->clear();
  PackedWriter writer(out);
  ForEachInBucket(bucket, [&](std::string_view other, std::string_view others_state) {
    if (other == key) return;
    writer.Bytes(other);
    writer.Bytes(others_state);
  });
  writer.Bytes(key);
  writer.Bytes(state);
}

bool IsBucket(std::string_view bucket) {
  if (bucket.empty()) return false;
  PackedReader reader(bucket);
  while (reader.ok() && !reader.AtEnd()) {
    reader.Bytes();
    reader.Bytes();
  }
  return reader.ok();
}

}  // namespace peaksync

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "server/ledger/journal.h"

namespace peaksync {

// Customers' states in memory, by hash. It is made of shards by the hash's first bits: so no step
// of it (growing, sorting, freeing) takes long, however many there are. Thread safety: none.
class StateOverlay {
 public:
  static constexpr int kShardBits = 8;
  static constexpr std::size_t kShards = 1 << kShardBits;
  static std::size_t ShardOf(CustomerHash hash) { return hash >> (kCustomerHashBits - kShardBits); }
  // All hashes of a shard are less than the first of the next.
  static CustomerHash FirstHash(std::size_t shard) {
    return CustomerHash{shard} << (kCustomerHashBits - kShardBits);
  }

  // Views live until the next Put of the same hash, or ClearShard.
  struct Found {
    std::optional<std::string_view> bucket;  // Absent: as it is below this overlay.
    std::optional<Touch> touch;              // To be applied to it.
  };
  // Nothing: the overlay knows nothing of them.
  std::optional<Found> Find(CustomerHash hash) const;
  // Brings what Find will look at nearer, while something else is done; then the bucket that it
  // will find. False: it will find none.
  void Prefetch(CustomerHash hash) const { shards_[ShardOf(hash)].entries.prefetch(hash); }
  bool PrefetchBucket(CustomerHash hash) const;

  void Put(CustomerHash hash, std::string_view bucket);
  // Later than the bucket and the touches of before.
  void Apply(CustomerHash hash, const Touch& touch);

  // The hashes of a shard, ascending.
  std::vector<CustomerHash> Sorted(std::size_t shard) const;
  void ClearShard(std::size_t shard);
  void Clear();

  std::int64_t customers() const { return customers_; }
  std::int64_t buckets() const { return buckets_; }  // So many of them have one.
  std::int64_t bytes() const { return bytes_; }      // About what it takes.

 private:
  struct Entry {
    char* bucket = nullptr;
    std::uint32_t size = 0;   // 0: no bucket.
    std::uint32_t touch = 0;  // 1 and on: its place in touches; 0: none.
  };
  // Blocks never move, and all are of one size but for buckets that are larger: what one shard
  // gives back another takes.
  struct Shard {
    char* Allocate(std::size_t size);

    absl::flat_hash_map<CustomerHash, Entry> entries;
    std::vector<std::unique_ptr<char[]>> blocks;  // What was replaced by more stays in them.
    char* free = nullptr;                         // Of the last one:
    std::size_t free_bytes = 0;
    std::vector<Touch> touches;
    std::int64_t bytes = 0;
  };
  Entry& At(Shard& shard, CustomerHash hash);
  void Count(Shard& shard, std::size_t bytes);

  std::array<Shard, kShards> shards_;
  std::int64_t customers_ = 0;
  std::int64_t buckets_ = 0;
  std::int64_t bytes_ = 0;
};

}  // namespace peaksync

#include "server/ledger/state_overlay.h"

#include <algorithm>
#include <utility>

namespace peaksync {
namespace {

// A slot of the hash map, at its usual load.
constexpr std::size_t kEntryBytes = 40;

constexpr std::size_t kBlockBytes = 16 << 10;

constexpr std::size_t kCacheLineBytes = 64;  // A bucket of five attributes has two.

}  // namespace

char* StateOverlay::Shard::Allocate(std::size_t size) {
  if (size > free_bytes) {
    const std::size_t block_bytes = std::max(size, kBlockBytes);
    blocks.push_back(std::make_unique_for_overwrite<char[]>(block_bytes));
    free = blocks.back().get();
    free_bytes = block_bytes;
  }
  free_bytes -= size;
  return std::exchange(free, free + size);
}

std::optional<StateOverlay::Found> StateOverlay::Find(CustomerHash hash) const {
  const Shard& shard = shards_[ShardOf(hash)];
  const auto found = shard.entries.find(hash);
  if (found == shard.entries.end()) return std::nullopt;
  const Entry& entry = found->second;
  Found result;
  if (entry.size != 0) {
    result.bucket = std::string_view(entry.bucket, entry.size);
  }
  if (entry.touch != 0) result.touch = shard.touches[entry.touch - 1];
  return result;
}

bool StateOverlay::PrefetchBucket(CustomerHash hash) const {
  const Shard& shard = shards_[ShardOf(hash)];
  const auto found = shard.entries.find(hash);
  if (found == shard.entries.end() || found->second.size == 0) return false;
  __builtin_prefetch(found->second.bucket);
  __builtin_prefetch(found->second.bucket + kCacheLineBytes);
  return true;
}

StateOverlay::Entry& StateOverlay::At(Shard& shard, CustomerHash hash) {
  const auto [found, added] = shard.entries.try_emplace(hash);
  if (added) {
    ++customers_;
    Count(shard, kEntryBytes);
  }
  return found->second;
}

void StateOverlay::Count(Shard& shard, std::size_t bytes) {
  shard.bytes += static_cast<std::int64_t>(bytes);
  bytes_ += static_cast<std::int64_t>(bytes);
}

void StateOverlay::Put(CustomerHash hash, std::string_view bucket) {
  Shard& shard = shards_[ShardOf(hash)];
  Entry& entry = At(shard, hash);
  entry.touch = 0;
  if (entry.size == 0) ++buckets_;
  if (bucket.size() > entry.size) {
    entry.bucket = shard.Allocate(bucket.size());
    Count(shard, bucket.size());
  }
  std::ranges::copy(bucket, entry.bucket);
  entry.size = static_cast<std::uint32_t>(bucket.size());
}

void StateOverlay::Apply(CustomerHash hash, const Touch& touch) {
  Shard& shard = shards_[ShardOf(hash)];
  Entry& entry = At(shard, hash);
  if (entry.touch != 0 && shard.touches[entry.touch - 1].updated_at >= touch.updated_at) return;
  if (shard.touches.empty() || shard.touches.back() != touch) {
    shard.touches.push_back(touch);
    Count(shard, sizeof touch);
  }
  entry.touch = static_cast<std::uint32_t>(shard.touches.size());
}

std::vector<CustomerHash> StateOverlay::Sorted(std::size_t shard) const {
  std::vector<CustomerHash> hashes;
  hashes.reserve(shards_[shard].entries.size());
  for (const auto& [hash, entry] : shards_[shard].entries) hashes.push_back(hash);
  std::ranges::sort(hashes);
  return hashes;
}

void StateOverlay::ClearShard(std::size_t shard) {
  customers_ -= static_cast<std::int64_t>(shards_[shard].entries.size());
  bytes_ -= shards_[shard].bytes;
  shards_[shard] = {};
}

void StateOverlay::Clear() {
  shards_ = {};
  customers_ = buckets_ = bytes_ = 0;
}

}  // namespace peaksync

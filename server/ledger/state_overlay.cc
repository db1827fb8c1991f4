#include "server/ledger/state_overlay.h"

#include <algorithm>

namespace peaksync {
namespace {

// A slot of the hash map, at its usual load.
constexpr std::int64_t kEntryBytes = 40;

}  // namespace

std::optional<StateOverlay::Found> StateOverlay::Find(CustomerHash hash) const {
  const Shard& shard = shards_[ShardOf(hash)];
  const auto found = shard.entries.find(hash);
  if (found == shard.entries.end()) return std::nullopt;
  const Entry& entry = found->second;
  Found result;
  if (entry.size != 0) {
    result.bucket = std::string_view(shard.buckets).substr(entry.offset, entry.size);
  }
  if (entry.touch != 0) result.touch = shard.touches[entry.touch - 1];
  return result;
}

StateOverlay::Entry& StateOverlay::At(Shard& shard, CustomerHash hash) {
  const auto [found, added] = shard.entries.try_emplace(hash);
  if (added) {
    ++customers_;
    bytes_ += kEntryBytes;
  }
  return found->second;
}

void StateOverlay::Put(CustomerHash hash, std::string_view bucket) {
  Shard& shard = shards_[ShardOf(hash)];
  Entry& entry = At(shard, hash);
  entry.touch = 0;
  if (entry.size == 0) ++buckets_;
  if (bucket.size() > entry.size) {
    entry.offset = static_cast<std::uint32_t>(shard.buckets.size());
    shard.buckets.append(bucket);
    bytes_ += static_cast<std::int64_t>(bucket.size());
  } else {
    shard.buckets.replace(entry.offset, bucket.size(), bucket);
  }
  entry.size = static_cast<std::uint32_t>(bucket.size());
}

void StateOverlay::Apply(CustomerHash hash, const Touch& touch) {
  Shard& shard = shards_[ShardOf(hash)];
  Entry& entry = At(shard, hash);
  if (entry.touch != 0 && shard.touches[entry.touch - 1].updated_at >= touch.updated_at) return;
  if (shard.touches.empty() || shard.touches.back() != touch) {
    shard.touches.push_back(touch);
    bytes_ += static_cast<std::int64_t>(sizeof touch);
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
  shards_[shard] = {};
}

}  // namespace peaksync

#include "server/ledger/state_overlay.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <unordered_map>

namespace peaksync {
namespace {

// All of one shard, so that they share its blocks.
CustomerHash HashOfShard(std::uint64_t shard, std::uint64_t number) {
  return shard << (kCustomerHashBits - 8) | number;
}

TEST(StateOverlay, FindsWhatWasPutLastWhateverItsSize) {
  StateOverlay overlay;
  std::unordered_map<CustomerHash, std::string> expected;
  std::mt19937_64 random(7);
  for (int i = 0; i < 5'000; ++i) {
    const CustomerHash hash = HashOfShard(random() % 2, random() % 300);
    const std::size_t size = i % 100 == 0 ? 50'000 : 1 + random() % 300;
    expected[hash] = std::string(size, static_cast<char>('a' + i % 26));
    overlay.Put(hash, expected[hash]);
  }
  for (const auto& [hash, bucket] : expected) {
    const auto found = overlay.Find(hash);
    ASSERT_TRUE(found && found->bucket);
    EXPECT_EQ(*found->bucket, bucket);
  }
  EXPECT_EQ(overlay.buckets(), static_cast<std::int64_t>(expected.size()));
  EXPECT_FALSE(overlay.Find(HashOfShard(3, 1)));
}

TEST(StateOverlay, AViewLivesWhileOthersArePut) {
  StateOverlay overlay;
  overlay.Put(HashOfShard(1, 1), "first");
  const auto view = *overlay.Find(HashOfShard(1, 1))->bucket;
  for (std::uint64_t i = 2; i < 3'000; ++i) overlay.Put(HashOfShard(1, i), std::string(40, 'x'));
  EXPECT_EQ(view, "first");
}

TEST(StateOverlay, AClearedShardIsEmptyAndTakesNewOnes) {
  StateOverlay overlay;
  overlay.Put(HashOfShard(0, 1), "a");
  overlay.Put(HashOfShard(1, 1), "b");
  overlay.ClearShard(0);
  EXPECT_FALSE(overlay.Find(HashOfShard(0, 1)));
  EXPECT_EQ(overlay.customers(), 1);
  const std::int64_t bytes = overlay.bytes();
  EXPECT_GT(bytes, 0);
  overlay.Put(HashOfShard(0, 1), "c");
  EXPECT_EQ(*overlay.Find(HashOfShard(0, 1))->bucket, "c");
  EXPECT_EQ(overlay.bytes(), 2 * bytes);
  EXPECT_EQ(overlay.Sorted(1), std::vector<CustomerHash>{HashOfShard(1, 1)});
}

}  // namespace
}  // namespace peaksync

#include "server/ledger/customer_bucket.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace peaksync {
namespace {

TEST(CustomerBucket, HoldsCustomersApart) {
  std::string bucket;
  EXPECT_FALSE(IsBucket(bucket));
  EXPECT_TRUE(IsAlone(bucket, "jo"));
  for (const auto& [key, state] : std::vector<std::pair<std::string, std::string>>{
           {"jo", "1"}, {"li", "22"}, {"jo", "333"}, {"", ""}}) {
    std::string next;
    PutInBucket(bucket, key, state, &next);
    bucket = next;
    EXPECT_TRUE(IsBucket(bucket));
  }
  EXPECT_EQ(FindInBucket(bucket, "jo"), "333");
  EXPECT_EQ(FindInBucket(bucket, "li"), "22");
  EXPECT_EQ(FindInBucket(bucket, ""), "");
  EXPECT_EQ(FindInBucket(bucket, "max"), std::nullopt);
  EXPECT_FALSE(IsAlone(bucket, "jo"));
}

TEST(CustomerBucket, IsAloneWithItsOnlyCustomer) {
  std::string bucket;
  PutInBucket({}, "jo", "1", &bucket);
  EXPECT_TRUE(IsAlone(bucket, "jo"));
  EXPECT_FALSE(IsAlone(bucket, "li"));
}

TEST(CustomerBucket, KnowsDamage) {
  std::string bucket;
  PutInBucket({}, "jo", "12", &bucket);
  EXPECT_FALSE(IsBucket(bucket.substr(0, bucket.size() - 1)));
  EXPECT_FALSE(IsBucket(bucket + "\x05"));
}

TEST(CustomerBucket, HashesFitTheirBits) {
  CustomerHash all = 0;
  for (int i = 0; i < 1'000; ++i) all |= HashOf("customer " + std::to_string(i));
  EXPECT_EQ(all, (CustomerHash{1} << kCustomerHashBits) - 1);
}

}  // namespace
}  // namespace peaksync

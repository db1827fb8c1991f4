#include "bench/population.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace peaksync::bench {
namespace {

TEST(Population, FindsTheNumberOfAnId) {
  for (const std::uint64_t seed : {0, 1, 7}) {
    const Population population(seed);
    for (const std::uint64_t number : {0, 1, 74, 9'999'999}) {
      EXPECT_EQ(population.NumberOf(population.Id(number)), number) << seed;
    }
  }
}

TEST(Population, TakesNothingElseForAnId) {
  const Population population(1);
  const std::string id = population.Id(1);
  for (const std::string& other : {std::string(), id.substr(1), id + "0", "g" + id.substr(1)}) {
    EXPECT_EQ(population.NumberOf(other), std::nullopt) << other;
  }
}

TEST(Population, ChangesAllFiveAttributesFromOneGenerationToTheNext) {
  const Population population(3);
  for (std::uint64_t number = 0; number < 1'000; ++number) {
    const Prediction before = population.Predict(number, 0);
    const Prediction after = population.Predict(number, 1);
    EXPECT_NE(before.churn_probability, after.churn_probability);
    EXPECT_NE(before.lifetime_value, after.lifetime_value);
    EXPECT_NE(before.orders, after.orders);
    EXPECT_NE(before.is_high_value, after.is_high_value);
    EXPECT_NE(before.offer, after.offer);
    EXPECT_LE(after.offer.size(), 12U);
  }
}

TEST(Population, ShufflesAllNumbersOtherwiseInEachPass) {
  const Population population(1);
  const auto first = population.Shuffled(100, 0);
  const auto second = population.Shuffled(100, 1);
  EXPECT_EQ(std::set(first.begin(), first.end()).size(), 100U);
  EXPECT_THAT(second, ::testing::UnorderedElementsAreArray(first));
  EXPECT_NE(first, second);
}

}  // namespace
}  // namespace peaksync::bench

#include "server/delivery/concurrency.h"

#include <gtest/gtest.h>

namespace peaksync {
namespace {

// All that may fly is answered; says how many round trips until `limit` is reached.
int RoundTripsTo(Concurrency& concurrency, int limit) {
  int trips = 0;
  for (; concurrency.limit() < limit && trips < 1'000; ++trips) {
    const int flying = concurrency.limit();
    for (int i = 0; i < flying; ++i) concurrency.Answered(flying);
  }
  return trips;
}

TEST(Concurrency, BeginsWithAllThatItMayHave) { EXPECT_EQ(Concurrency(400).limit(), 400); }

TEST(Concurrency, HalvesOnOverloadAndNeverStandsStill) {
  Concurrency concurrency(400);
  concurrency.Overloaded();
  EXPECT_EQ(concurrency.limit(), 200);
  for (int i = 0; i < 20; ++i) concurrency.Overloaded();
  EXPECT_EQ(concurrency.limit(), 1);
  EXPECT_LE(RoundTripsTo(concurrency, 400), 60);
}

TEST(Concurrency, GrowsBackInSteps) {
  Concurrency concurrency(400);
  concurrency.Overloaded();
  const int flying = concurrency.limit();
  for (int i = 0; i < flying; ++i) concurrency.Answered(flying);
  EXPECT_EQ(concurrency.limit(), 225) << "by an eighth";
  EXPECT_LE(RoundTripsTo(concurrency, 400), 6);
  EXPECT_EQ(concurrency.limit(), 400);
}

TEST(Concurrency, BeginsGentlyAfterAnOutageAndDoublesUpToHalfOfWhatItWas) {
  Concurrency concurrency(400);
  concurrency.Overloaded();
  concurrency.Restart();
  EXPECT_EQ(concurrency.limit(), Concurrency::kGentle);
  const int flying = concurrency.limit();
  for (int i = 0; i < flying; ++i) concurrency.Answered(flying);
  EXPECT_EQ(concurrency.limit(), 2 * Concurrency::kGentle);
  EXPECT_LE(RoundTripsTo(concurrency, 200), 5);
  EXPECT_GE(RoundTripsTo(concurrency, 400), 5);
}

TEST(Concurrency, DoesNotGrowByWhatIsNotUsed) {
  Concurrency concurrency(400);
  concurrency.Overloaded();
  for (int i = 0; i < 10'000; ++i) concurrency.Answered(10);
  EXPECT_EQ(concurrency.limit(), 200);
}

TEST(Concurrency, NeverHasMoreThanItsMaximum) {
  Concurrency concurrency(3);
  for (int i = 0; i < 100; ++i) concurrency.Answered(3);
  EXPECT_EQ(concurrency.limit(), 3);
  concurrency.SetMax(10);
  EXPECT_EQ(concurrency.limit(), 10);
  concurrency.Overloaded();
  concurrency.SetMax(20);
  EXPECT_EQ(concurrency.limit(), 5);
  concurrency.SetMax(2);
  EXPECT_EQ(concurrency.limit(), 2);
}

}  // namespace
}  // namespace peaksync

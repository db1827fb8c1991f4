// What goes out, how much of it, and when.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <string>

#include "server/domain/concat.h"
#include "tests/unit/server/delivery/lane_world.h"

namespace peaksync::testing {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::Ge;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Le;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::StartsWith;
using Kind = ObjectOutcome::Kind;

constexpr absl::Duration kSoon = absl::Milliseconds(5);  // At once, but for the lease.

TEST(LaneBatching, SendsAFullBatchAtOnce) {
  LaneWorld world;
  world.AddMany(75);
  world.RunFor(kSoon);
  EXPECT_THAT(world.SentSizes(), ElementsAre(75));
}

TEST(LaneBatching, SendsWhatIsNotFullAfterLinger) {
  LaneWorld world;
  world.AddMany(3);
  world.RunFor(absl::Milliseconds(199));
  EXPECT_THAT(world.sent(), IsEmpty());
  world.RunFor(kSoon);
  EXPECT_THAT(world.SentSizes(), ElementsAre(3));
}

TEST(LaneBatching, LeavesTheRestOfFullBatchesToLinger) {
  LaneWorld world;
  world.AddMany(160);
  world.RunFor(kSoon);
  EXPECT_THAT(world.SentSizes(), ElementsAre(75, 75));
  world.RunFor(absl::Milliseconds(200));
  EXPECT_THAT(world.SentSizes(), ElementsAre(75, 75, 10));
}

TEST(LaneBatching, SendsAllAtOnceWhenARunIsComplete) {
  LaneWorld world;
  world.AddMany(80);
  world.Flush();
  world.RunFor(kSoon);
  EXPECT_THAT(world.SentSizes(), ElementsAre(75, 5));
}

// The next token is there within two milliseconds; linger must not be waited for.
TEST(LaneBatching, FlushesAsSoonAsPaceAllows) {
  LaneOptions options = LaneWorld::Options();
  options.linger = absl::Minutes(1);
  options.pace = {10, absl::Seconds(1), 1};
  LaneWorld world(options);
  world.AddMany(75);
  world.RunFor(kSoon);
  world.AddMany(3);
  world.Flush();
  world.RunFor(absl::Milliseconds(300));
  EXPECT_THAT(world.SentSizes(), ElementsAre(75, 3));
}

TEST(LaneBatching, ClosesABatchBeforeItHasTooManyBytes) {
  LaneOptions options = LaneWorld::Options();
  options.bytes_max = 10'000;
  LaneWorld world(options);
  const std::string large = Concat("\"", std::string(3'000, 'x'), "\"");
  world.AddMany(7, large);
  world.Flush();
  ASSERT_TRUE(world.RunUntilDelivered(absl::Seconds(5)));
  for (const SentRequest& sent : world.sent()) EXPECT_LE(sent.http.body.size(), 10'000);
  EXPECT_THAT(world.SentSizes(), ElementsAre(3, 3, 1));
}

// The ledger's estimate may be too small, for instance by escapes.
TEST(LaneBatching, SplitsALeaseThatIsLargerThanItsEstimate) {
  LaneOptions options = LaneWorld::Options();
  options.bytes_max = 600;
  LaneWorld world(options);
  for (int i = 0; i < 2; ++i) world.Add(Concat(std::string(500, 'i'), i), "1");
  world.Flush();
  ASSERT_TRUE(world.RunUntilDelivered(absl::Seconds(5)));
  EXPECT_THAT(world.SentSizes(), ElementsAre(1, 1));
}

// One that is larger than a body may be can only go alone: no circle of empty leases.
TEST(LaneBatching, SendsAnObjectLargerThanABatchAlone) {
  LaneOptions options = LaneWorld::Options();
  options.bytes_max = 1'000;
  LaneWorld world(options);
  world.lease_delay = absl::ZeroDuration();
  world.Add("large", Concat("\"", std::string(2'000, 'x'), "\""));
  ASSERT_TRUE(world.RunUntilDelivered(absl::Seconds(5)));
  EXPECT_THAT(world.SentSizes(), ElementsAre(1));
}

// As many bytes as a batch may have are not more than it may have: the ledger calls it not full.
TEST(LaneBatching, DoesNotTurnInCirclesOverAnExactlyFullBatch) {
  LaneOptions options = LaneWorld::Options();
  options.bytes_max = 2 * (FakeOutbox::kOverhead + 100);
  LaneWorld world(options);
  world.lease_delay = absl::ZeroDuration();
  world.AddMany(2, std::string(100, '1'));
  ASSERT_TRUE(world.RunUntilDelivered(absl::Seconds(5)));
  EXPECT_THAT(world.SentSizes(), ElementsAre(2));
}

TEST(LaneBatching, AsksTheRouteWithTheKeyAndTheBulkHeader) {
  LaneWorld world;
  world.Add("anna", R"("gold")");
  ASSERT_TRUE(world.RunUntilDelivered(absl::Seconds(2)));
  const HttpRequest& http = world.sent().at(0).http;
  EXPECT_EQ(http.url, "https://rest.test/users/track");
  EXPECT_THAT(http.headers, ::testing::UnorderedElementsAre("Authorization: Bearer key-1",
                                                            "Content-Type: application/json",
                                                            "X-Braze-Bulk: true"));
  EXPECT_EQ(http.body, R"({"attributes":[{"external_id":"anna","plan":"gold"}]})");
  EXPECT_EQ(http.timeout, absl::Seconds(60));
}

TEST(LaneBatching, AsksTheBulkEndpointWithoutTheBulkHeader) {
  LaneOptions options = LaneWorld::Options();
  options.route.bulk_endpoint = true;
  options.route.create_profiles = false;
  LaneWorld world(options);
  world.Add("anna", R"("gold")");
  ASSERT_TRUE(world.RunUntilDelivered(absl::Seconds(2)));
  const HttpRequest& http = world.sent().at(0).http;
  EXPECT_EQ(http.url, "https://rest.test/users/track/bulk");
  EXPECT_THAT(http.headers, Not(Contains(StartsWith("X-Braze-Bulk"))));
  EXPECT_THAT(http.body, HasSubstr(R"("_update_existing_only":true)"));
}

// That no second lease is asked for is checked by the world; here the first takes its time.
TEST(LaneBatching, HasOneLeaseOutstanding) {
  LaneWorld world;
  world.lease_delay = absl::Seconds(2);
  for (int i = 0; i < 19; ++i) {
    world.AddMany(75);
    world.RunFor(absl::Milliseconds(100));
  }
  EXPECT_THAT(world.leases(), SizeIs(1));
  ASSERT_TRUE(world.RunUntilDelivered(absl::Seconds(20)));
  EXPECT_LE(world.leases().size(), 4u);
}

TEST(LaneBatching, AsksForAsManyBatchesAsItHasRoomFor) {
  LaneOptions options = LaneWorld::Options();
  options.requests_in_flight_max = 4;
  LaneWorld world(options);
  world.AddMany(750);
  world.RunFor(kSoon);
  EXPECT_EQ(world.leases().at(0).batches_max, 4);
  EXPECT_EQ(world.leases().at(0).objects_max, 75);
  ASSERT_TRUE(world.RunUntilDelivered(absl::Seconds(10)));
  EXPECT_EQ(world.in_flight_max(), 4);
  EXPECT_EQ(world.Count(Kind::kConfirmed), 750);
}

TEST(LaneBatching, KeepsPaceInEveryWindow) {
  LaneOptions options = LaneWorld::Options();
  options.objects_max = 1;
  options.pace = {100, absl::Seconds(1), 0.8};
  LaneWorld world(options);
  world.AddMany(1'600);
  ASSERT_TRUE(world.RunUntilDelivered(absl::Seconds(24)));  // 1,600 at 80 a second, and a little.
  std::deque<absl::Time> window;
  for (const SentRequest& sent : world.sent()) {
    window.push_back(sent.time);
    while (window.front() <= sent.time - absl::Seconds(1)) window.pop_front();
    ASSERT_LE(window.size(), 80u) << sent.time;
  }
}

// 400 in flight at 400 ms fill 1,000 requests a second.
TEST(LaneBatching, FillsTheRateAtBrazesRoundTrip) {
  LaneOptions options = LaneWorld::Options();
  options.objects_max = 1;
  options.pace.share = 1;
  LaneWorld world(options);
  world.AddMany(10'000);
  world.RunFor(absl::Seconds(10));
  EXPECT_GE(world.sent().size(), 9'700u);
  EXPECT_LE(world.in_flight_max(), 400);
}

TEST(LaneBatching, WaitsForTheNextWindowWhenNothingRemains) {
  LaneWorld world;
  world.braze = [](const SentRequest&) {
    return Reply{Answered(201, R"({"message":"success"})",
                          {{"x-ratelimit-remaining", "0"}, {"x-ratelimit-reset", "30"}})};
  };
  world.AddMany(75);
  world.RunFor(absl::Seconds(1));
  world.AddMany(75);
  world.RunFor(absl::Seconds(28));
  EXPECT_THAT(world.sent(), SizeIs(1));
  world.RunFor(absl::Seconds(3));
  EXPECT_THAT(world.sent(), SizeIs(2));
}

TEST(LaneBatching, SleepsWhenThereIsNothingToDo) {
  LaneWorld world;
  world.AddMany(10);
  ASSERT_TRUE(world.RunUntilDelivered(absl::Seconds(5)));
  world.RunFor(absl::Hours(1));
  EXPECT_EQ(world.wake(), absl::InfiniteFuture());
  EXPECT_THAT(world.leases(), SizeIs(1));
}

// What comes while a customer is in flight goes out after the answer.
TEST(LaneBatching, SendsTheNewestOfACustomerAfterItsAnswer) {
  LaneWorld world;
  world.Add("anna", "1");
  world.RunFor(absl::Milliseconds(300));
  world.Add("anna", "2");
  world.Add("anna", "3");
  ASSERT_TRUE(world.RunUntilDelivered(absl::Seconds(5)));
  EXPECT_THAT(world.SentSizes(), ElementsAre(1, 1));
  EXPECT_EQ(world.confirmed().at("anna"), "3");
}

}  // namespace
}  // namespace peaksync::testing

// Shutdown: nothing new is sent, answers are still taken, and nothing stays with the lane.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/server/delivery/lane_world.h"

namespace peaksync::testing {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;
using Kind = ObjectOutcome::Kind;

TEST(LaneStop, TakesTheAnswersThatAreInFlight) {
  LaneWorld world;
  world.AddMany(75 * 3);
  world.RunFor(absl::Milliseconds(100));
  EXPECT_EQ(world.lane().requests_in_flight(), 3);
  world.Stop();
  world.AddMany(75);
  world.RunFor(absl::Seconds(10));
  EXPECT_EQ(world.Count(Kind::kConfirmed), 75 * 3);
  EXPECT_EQ(world.lane().requests_in_flight(), 0);
  EXPECT_THAT(world.sent(), SizeIs(3));
}

TEST(LaneStop, GivesBackWhatItHolds) {
  LaneOptions options = LaneWorld::Options();
  options.pace = {1, absl::Seconds(1), 1};
  LaneWorld world(options);
  world.braze = [](const SentRequest&) { return Reply{BareRefusal()}; };
  world.AddMany(10);
  world.RunFor(absl::Milliseconds(700));  // Refused, and its halves wait for pace.
  EXPECT_EQ(world.outbox().leased(), 10u);
  world.Stop();
  EXPECT_EQ(world.outbox().leased(), 0u);
  EXPECT_EQ(world.Count(Kind::kUnsent), 10);
  world.RunFor(absl::Minutes(5));
  EXPECT_THAT(world.sent(), SizeIs(1));
}

TEST(LaneStop, GivesBackASuspect) {
  LaneWorld world;
  world.braze = [](const SentRequest&) { return Reply{BareRefusal()}; };
  world.Add("bad");
  world.RunFor(absl::Milliseconds(700));
  EXPECT_EQ(world.outbox().leased(), 1u);
  world.Stop();
  EXPECT_EQ(world.Count(Kind::kUnsent), 1);
}

TEST(LaneStop, GivesBackWhatIsLeasedAfterIt) {
  LaneWorld world;
  world.AddMany(75);
  world.lease_delay = absl::Milliseconds(100);
  world.RunFor(absl::Milliseconds(50));
  world.Stop();
  world.RunFor(absl::Seconds(1));
  EXPECT_EQ(world.Count(Kind::kUnsent), 75);
  EXPECT_THAT(world.sent(), IsEmpty());
}

TEST(LaneStop, GivesBackWhatAnAnswerWouldResend) {
  for (const HttpResult& result : {BareRefusal(), UnnamedError(), RefusedNaming(3), Answered(413),
                                   Answered(503), Answered(401), Lost()}) {
    LaneWorld world;
    world.braze = [&](const SentRequest&) { return Reply{result}; };
    world.AddMany(75);
    world.RunFor(absl::Milliseconds(100));
    world.Stop();
    world.RunFor(absl::Minutes(5));
    EXPECT_EQ(world.outbox().leased(), 0u);
    EXPECT_THAT(world.settled(), SizeIs(75));
    EXPECT_THAT(world.sent(), SizeIs(1));
  }
}

}  // namespace
}  // namespace peaksync::testing

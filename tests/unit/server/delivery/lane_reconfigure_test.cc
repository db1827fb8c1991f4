// New options while the lane runs, waits, is paused, or is not allowed to run.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/unit/server/delivery/lane_world.h"

namespace peaksync::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::StartsWith;
using Kind = ObjectOutcome::Kind;
using State = DeliveryStatus::State;

TEST(LaneReconfigure, AppliesRouteKeyAndLimitsFromTheNextRequestOn) {
  LaneWorld world;
  world.AddMany(75);
  world.RunFor(absl::Milliseconds(100));
  LaneOptions options = LaneWorld::Options();
  options.route.endpoint = "https://rest.new";
  options.route.create_profiles = false;
  options.objects_max = 10;
  options.linger = absl::Minutes(1);
  world.key = std::string("key-2");
  world.lane().Reconfigure(options, world.now());
  world.AddMany(15);
  world.RunFor(absl::Seconds(5));
  ASSERT_THAT(world.SentSizes(), ::testing::ElementsAre(75, 10)) << "the rest lingers";
  EXPECT_THAT(world.sent()[0].http.url, StartsWith("https://rest.test"));
  EXPECT_THAT(world.sent()[1].http.url, StartsWith("https://rest.new"));
  EXPECT_EQ(world.sent()[1].http.headers.at(0), "Authorization: Bearer key-2");
  EXPECT_THAT(world.sent()[1].http.body, HasSubstr("_update_existing_only"));
  EXPECT_EQ(world.Count(Kind::kConfirmed), 85) << "the answer in flight is taken";
}

// What was leased before for larger requests is sent within the new limits.
TEST(LaneReconfigure, AppliesToWhatALeaseBringsLater) {
  LaneWorld world;
  world.lease_delay = absl::Milliseconds(500);
  world.AddMany(75);
  world.RunFor(absl::Milliseconds(100));
  LaneOptions options = LaneWorld::Options();
  options.objects_max = 5;
  world.lane().Reconfigure(options, world.now());
  ASSERT_TRUE(world.RunUntilDelivered(absl::Seconds(10)));
  for (const SentRequest& sent : world.sent()) EXPECT_LE(sent.customers.size(), 5u);
}

TEST(LaneReconfigure, ProbesAPausedLaneAtOnce) {
  LaneWorld world;
  world.braze = [](const SentRequest& sent) {
    const bool good = sent.http.headers.at(0) == "Authorization: Bearer key-2";
    return Reply{good ? Accepted() : Answered(401)};
  };
  world.AddMany(10);
  world.RunFor(absl::Seconds(5));
  ASSERT_EQ(world.status().state, State::kPaused);
  world.key = std::string("key-2");
  world.lane().Reconfigure(LaneWorld::Options(), world.now());
  ASSERT_TRUE(world.RunUntilDelivered(absl::Seconds(2)));
  EXPECT_EQ(world.status().state, State::kRunning);
}

TEST(LaneReconfigure, SendsNoSecondProbeWhileOneIsInFlight) {
  LaneWorld world;
  world.braze = [](const SentRequest&) { return Reply{Answered(401), absl::Seconds(30)}; };
  world.AddMany(10);
  world.RunFor(absl::Seconds(95));  // Denied at 30 s, probed at 90 s.
  ASSERT_THAT(world.sent(), SizeIs(2));
  for (int i = 0; i < 5; ++i) {
    world.lane().Reconfigure(LaneWorld::Options(), world.now());
    world.RunFor(absl::Seconds(1));
  }
  EXPECT_THAT(world.sent(), SizeIs(2));
}

TEST(LaneReconfigure, RunsALaneThatIsNoLongerBlocked) {
  LaneOptions blocked = LaneWorld::Options();
  blocked.blocked = "ledger of acme belongs to acme-staging";
  LaneWorld world(blocked);
  world.AddMany(10);
  world.RunFor(absl::Minutes(5));
  world.lane().Reconfigure(blocked, world.now());
  world.RunFor(absl::Minutes(5));
  ASSERT_THAT(world.sent(), IsEmpty());
  world.lane().Reconfigure(LaneWorld::Options(), world.now());
  ASSERT_TRUE(world.RunUntilDelivered(absl::Seconds(2)));
  EXPECT_EQ(world.Count(Kind::kConfirmed), 10);
}

// Whatever the requests in flight are answered, it stays blocked.
TEST(LaneReconfigure, BlocksARunningLane) {
  for (const HttpResult& result : {Accepted(), Answered(401), Answered(503), BareRefusal()}) {
    LaneWorld world;
    world.braze = [&](const SentRequest&) { return Reply{result}; };
    world.AddMany(75);
    world.RunFor(absl::Milliseconds(100));
    LaneOptions blocked = LaneWorld::Options();
    blocked.blocked = "ledger of acme belongs to acme-staging";
    world.lane().Reconfigure(blocked, world.now());
    world.AddMany(75);
    world.RunFor(absl::Hours(1));
    EXPECT_THAT(world.sent(), SizeIs(1));
    EXPECT_EQ(world.status().cause, DeliveryStatus::Cause::kOtherWorkspace);
    EXPECT_EQ(world.status().reason, blocked.blocked);
    EXPECT_EQ(world.status().next_attempt, std::nullopt);
    EXPECT_EQ(world.outbox().leased(), 0u);
  }
}

TEST(LaneReconfigure, TriesANewEndpointAtOnceWhileItBacksOff) {
  LaneWorld world;
  world.random = [] { return 0.999; };
  world.braze = [](const SentRequest& sent) {
    return Reply{sent.http.url.starts_with("https://rest.new") ? Accepted() : NotSent()};
  };
  world.AddMany(10);
  world.RunFor(absl::Minutes(10));
  ASSERT_EQ(world.status().state, State::kBackingOff);
  LaneOptions options = LaneWorld::Options();
  options.route.endpoint = "https://rest.new";
  world.lane().Reconfigure(options, world.now());
  ASSERT_TRUE(world.RunUntilDelivered(absl::Seconds(2)));
}

TEST(LaneReconfigure, GoesOnWithTheOldKeyWhenTheNewOneCannotBeRead) {
  LaneWorld world;
  world.lane();
  world.key = absl::NotFoundError("gone");
  world.lane().Reconfigure(LaneWorld::Options(), world.now());
  world.AddMany(10);
  ASSERT_TRUE(world.RunUntilDelivered(absl::Seconds(2)));
}

// A key is for one workspace's host; another never sees it.
TEST(LaneReconfigure, NeverSendsTheOldKeyToANewEndpoint) {
  LaneWorld world;
  world.lane();
  world.key = absl::NotFoundError("gone");
  LaneOptions options = LaneWorld::Options();
  options.route.endpoint = "https://rest.new";
  world.lane().Reconfigure(options, world.now());
  world.AddMany(10);
  world.RunFor(absl::Minutes(5));
  EXPECT_THAT(world.sent(), IsEmpty());
  EXPECT_EQ(world.status().cause, DeliveryStatus::Cause::kKeyUnreadable);
}

// Otherwise a reload every second would be a way around the limit.
TEST(LaneReconfigure, KeepsWhatPaceHasUsed) {
  LaneOptions options = LaneWorld::Options();
  options.objects_max = 1;
  options.pace = {10, absl::Seconds(1), 1, /*hourly_limit=*/50};
  LaneWorld world(options);
  world.AddMany(1'000);
  for (int i = 0; i < 20; ++i) {
    world.RunFor(absl::Seconds(1));
    world.lane().Reconfigure(options, world.now());
  }
  EXPECT_EQ(world.sent().size(), 50u);
  options.pace.hourly_limit = 60;
  world.lane().Reconfigure(options, world.now());
  world.RunFor(absl::Seconds(20));
  EXPECT_EQ(world.sent().size(), 60u);
}

}  // namespace
}  // namespace peaksync::testing

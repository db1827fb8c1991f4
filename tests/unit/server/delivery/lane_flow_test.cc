// How fast it goes: leases ahead of pace, concurrency that follows overload.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "server/base/limits.h"
#include "tests/unit/server/delivery/lane_world.h"

namespace peaksync::testing {
namespace {

using Kind = ObjectOutcome::Kind;
using State = DeliveryStatus::State;

// Requests that were in flight at the same time, of those sent in a span.
int MostInFlight(const LaneWorld& world, absl::Time from, absl::Time to) {
  int most = 0;
  for (const SentRequest& sent : world.sent()) {
    if (sent.time < from || sent.time > to) continue;
    most = std::max(
        most, static_cast<int>(std::ranges::count_if(world.sent(), [&](const SentRequest& other) {
          return other.time <= sent.time && sent.time < other.time + absl::Milliseconds(400);
        })));
  }
  return most;
}

TEST(LaneFlow, KeepsTheRateWithSlowCommits) {
  for (const int milliseconds : {1, 50}) {
    LaneOptions options = LaneWorld::Options();
    options.objects_max = 2;
    LaneWorld world(options);
    world.lease_delay = absl::Milliseconds(milliseconds);
    world.AddMany(2 * 9'000);
    world.RunFor(absl::Seconds(10));
    EXPECT_GE(world.sent().size(), 7'500u) << milliseconds << " ms a lease";
    EXPECT_LE(world.sent().size(), 8'100u);
  }
}

// Held back by a header, or by what a slow pace allows: the ledger has the newest.
TEST(LaneFlow, HoldsNothingThatMustWaitForLong) {
  LaneWorld world;
  world.lease_delay = absl::Milliseconds(50);
  bool stop = false;
  world.braze = [&](const SentRequest&) {
    if (!stop) return Reply{Accepted()};
    return Reply{Answered(201, R"({"message":"success"})",
                          {{"x-ratelimit-remaining", "0"}, {"x-ratelimit-reset", "600"}})};
  };
  world.AddMany(75 * 3'000);
  world.RunFor(absl::Seconds(1));
  stop = true;
  world.RunFor(absl::Seconds(2));
  EXPECT_EQ(world.status().state, State::kRunning);
  EXPECT_EQ(world.outbox().leased(), 0u);
  const std::size_t before = world.sent().size();
  world.RunFor(absl::Minutes(5));
  EXPECT_EQ(world.sent().size(), before);
  stop = false;
  ASSERT_TRUE(world.RunUntilDelivered(absl::Minutes(6)));
}

TEST(LaneFlow, LeasesABoundedNumberAhead) {
  LaneOptions options = LaneWorld::Options();
  options.objects_max = 1;
  LaneWorld world(options);
  world.lease_delay = absl::Seconds(2);
  world.AddMany(20'000);
  world.RunFor(absl::Seconds(20));
  for (const LeaseRequest& lease : world.leases()) {
    EXPECT_LE(lease.batches_max, limits::kLeaseAheadBatchesMax);
  }
  EXPECT_LE(world.outbox().leased(), 400u + 2 * limits::kLeaseAheadBatchesMax);
}

TEST(LaneFlow, GivesBackWhatItLeasedAheadWhenItPauses) {
  LaneWorld world;
  world.lease_delay = absl::Milliseconds(50);
  bool denied = false;
  world.braze = [&](const SentRequest&) { return Reply{denied ? Answered(401) : Accepted()}; };
  world.AddMany(75 * 3'000);
  world.RunFor(absl::Seconds(1));
  denied = true;
  world.RunFor(absl::Seconds(2));
  EXPECT_EQ(world.status().state, State::kPaused);
  EXPECT_EQ(world.outbox().leased(), 0u);
}

TEST(LaneFlow, IsAtTheRateWithinASecondFromTheStart) {
  LaneOptions options = LaneWorld::Options();
  options.objects_max = 1;
  options.pace.share = 1;
  LaneWorld world(options);
  world.AddMany(3'000);
  world.RunFor(absl::Seconds(1));
  EXPECT_GE(world.sent().size(), 900u);
  EXPECT_GE(world.in_flight_max(), 380);
}

// One probe, then a few at a time, and within seconds as many as before.
TEST(LaneFlow, GoesOnGentlyAfterAnOutage) {
  LaneOptions options = LaneWorld::Options();
  options.objects_max = 1;
  LaneWorld world(options);
  bool down = false;
  world.braze = [&](const SentRequest&) { return Reply{down ? Answered(503) : Accepted()}; };
  world.AddMany(60'000);
  world.RunFor(absl::Seconds(2));
  down = true;
  world.RunFor(absl::Minutes(10));
  ASSERT_EQ(world.status().state, State::kBackingOff);
  down = false;
  const absl::Time next = *world.status().next_attempt;
  world.RunFor(next - world.now() + absl::Milliseconds(399));
  EXPECT_EQ(world.lane().requests_in_flight(), 1) << "one probe decides";
  ASSERT_EQ(world.status().state, State::kBackingOff);
  world.RunFor(absl::Seconds(1));
  EXPECT_EQ(world.status().state, State::kRunning);
  EXPECT_LE(MostInFlight(world, next, next + absl::Milliseconds(700)), 4);
  EXPECT_LE(MostInFlight(world, next, next + absl::Milliseconds(1'100)), 8);
  world.RunFor(absl::Seconds(10));
  EXPECT_GE(MostInFlight(world, world.now() - absl::Milliseconds(500), world.now()), 300);
}

TEST(LaneFlow, HalvesWhatIsInFlightOnOverload) {
  LaneOptions options = LaneWorld::Options();
  options.objects_max = 1;
  options.requests_in_flight_max = 40;
  LaneWorld world(options);
  // More than 30 at a time are too many for this Braze.
  world.braze = [&](const SentRequest&) {
    return Reply{world.lane().requests_in_flight() > 30 ? Answered(429) : Accepted()};
  };
  world.AddMany(3'000);
  ASSERT_TRUE(world.RunUntilDelivered(absl::Minutes(3)));
  const auto refused = std::ranges::count_if(world.reports(), [](const ExchangeReport& report) {
    return report.kind == Answer::Kind::kRateLimited;
  });
  EXPECT_LE(refused, 240) << "a few at each summit; one in four if nothing were learnt";
}

}  // namespace
}  // namespace peaksync::testing

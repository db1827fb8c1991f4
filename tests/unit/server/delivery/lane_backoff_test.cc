// Answers that pass by themselves: the lane waits and tries again.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "server/domain/concat.h"
#include "tests/unit/server/delivery/lane_world.h"

namespace peaksync::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using Kind = ObjectOutcome::Kind;
using State = DeliveryStatus::State;

HttpResult RateLimited(std::vector<std::pair<std::string, std::string>> headers = {}) {
  return Answered(429, "", std::move(headers));
}

// A Braze that gives these answers, and then accepts all.
LaneWorld::Braze First(std::vector<HttpResult> results) {
  return [results = std::move(results), next = std::size_t{0}](const SentRequest&) mutable {
    return Reply{next < results.size() ? results[next++] : Accepted()};
  };
}

TEST(LaneBackoff, WaitsAsLongAsBrazeAsks) {
  LaneWorld world;
  world.braze = First({RateLimited({{"x-ratelimit-retry-after", "90"}})});
  world.AddMany(75);
  world.RunFor(absl::Seconds(1));
  EXPECT_EQ(world.status().state, State::kBackingOff);
  EXPECT_THAT(world.status().reason, HasSubstr("429"));
  EXPECT_EQ(*world.status().next_attempt, world.status().since + absl::Seconds(90));
  EXPECT_EQ(world.Count(Kind::kUnsent), 75);
  world.RunFor(absl::Seconds(89));
  EXPECT_THAT(world.sent(), SizeIs(1));
  ASSERT_TRUE(world.RunUntilDelivered(absl::Seconds(3)));
  EXPECT_EQ(world.Count(Kind::kConfirmed), 75);
  EXPECT_EQ(world.status().state, State::kRunning);
}

TEST(LaneBackoff, BacksOffWhenBrazeDoesNotSayHowLong) {
  LaneWorld world;
  world.braze = First({RateLimited()});
  world.AddMany(75);
  world.RunFor(absl::Milliseconds(500));
  EXPECT_EQ(*world.status().next_attempt, world.status().since + absl::Milliseconds(250));
  ASSERT_TRUE(world.RunUntilDelivered(absl::Seconds(3)));
}

// A reset time that has just passed, by clocks that differ, is no leave to hammer.
TEST(LaneBackoff, DoesNotHammerWhenBrazeAsksForNoWait) {
  LaneWorld world;
  world.braze = [](const SentRequest&) {
    return Reply{RateLimited({{"x-ratelimit-retry-after", "0"}}), absl::ZeroDuration()};
  };
  world.AddMany(75);
  world.RunFor(absl::Minutes(10));
  EXPECT_LE(world.sent().size(), 16u);
  EXPECT_EQ(world.status().state, State::kBackingOff);
}

// A pause is probed once a minute, but not against what Braze asks.
TEST(LaneBackoff, WaitsAsLongAsBrazeAsksAlsoWhilePaused) {
  LaneWorld world;
  world.braze = First({Answered(401), RateLimited({{"retry-after", "600"}})});
  world.AddMany(75);
  world.RunFor(absl::Minutes(10));
  EXPECT_THAT(world.sent(), SizeIs(2));
  ASSERT_TRUE(world.RunUntilDelivered(absl::Minutes(2)));
}

TEST(LaneBackoff, TellsWhatIsUnsentFromWhatMayHaveArrived) {
  const struct {
    HttpResult result;
    Kind kind;
    absl::Duration wait;  // Before the customer's next request.
  } cases[] = {
      {Answered(429), Kind::kUnsent, {}},
      {NotSent(), Kind::kUnsent, {}},
      {Answered(503), Kind::kReturned, {}},
      {Answered(408), Kind::kReturned, {}},
      {Answered(504), Kind::kReturned, absl::Seconds(10)},
      {Lost(), Kind::kReturned, absl::Seconds(10)},
  };
  for (const auto& [result, kind, wait] : cases) {
    LaneWorld world;
    world.braze = First({result});
    world.Add("anna");
    world.RunFor(absl::Milliseconds(620));
    ASSERT_THAT(world.settled(), SizeIs(1));
    EXPECT_EQ(world.settled()[0].outcome.kind, kind) << result.response.status;
    EXPECT_EQ(world.settled()[0].outcome.not_before,
              wait > absl::ZeroDuration() ? world.settled()[0].time + wait : absl::InfinitePast());
    ASSERT_TRUE(world.RunUntilDelivered(absl::Seconds(15)));
    EXPECT_GE(world.sent().at(1).time - world.sent().at(0).time, wait);
    EXPECT_EQ(world.confirmed().size(), 1u);
  }
}

// A customer of a lost request waits; the others do not wait for it.
TEST(LaneBackoff, HoldsBackOnlyTheCustomersOfTheLostRequest) {
  LaneWorld world;
  world.braze = First({Lost()});
  world.Add("anna");
  world.RunFor(absl::Milliseconds(500));
  world.Add("bert");
  world.RunFor(absl::Seconds(3));
  EXPECT_TRUE(world.confirmed().contains("bert"));
  EXPECT_FALSE(world.confirmed().contains("anna"));
  EXPECT_EQ(world.status().state, State::kRunning);
  ASSERT_TRUE(world.RunUntilDelivered(absl::Seconds(9)));
  EXPECT_TRUE(world.confirmed().contains("anna"));
}

TEST(LaneBackoff, CarriesTheNewestWithTheRetry) {
  LaneWorld world;
  world.random = [] { return 0.99; };
  world.braze = First({Answered(503)});
  world.Add("anna", "1");
  world.RunFor(absl::Milliseconds(700));
  world.Add("anna", "2");
  ASSERT_TRUE(world.RunUntilDelivered(absl::Seconds(5)));
  EXPECT_THAT(world.sent(), SizeIs(2));
  EXPECT_EQ(world.confirmed().at("anna"), "2");
}

TEST(LaneBackoff, ProbesWithOneRequestAtEachAttempt) {
  LaneWorld world;
  world.random = [] { return 0.999; };
  world.braze = [](const SentRequest&) { return Reply{Answered(503)}; };
  world.AddMany(75 * 10);
  world.RunFor(absl::Milliseconds(500));
  EXPECT_THAT(world.sent(), SizeIs(10));
  world.RunFor(absl::Minutes(30));
  // 0.5, 1, 2 … 256 s, then every five minutes.
  EXPECT_LE(world.sent().size(), 10u + 16u);
  EXPECT_GE(world.sent().size(), 10u + 12u);
  const absl::Duration last =
      world.sent().back().time - world.sent().at(world.sent().size() - 2).time;
  EXPECT_LE(last, absl::Minutes(5) + absl::Seconds(2));
  EXPECT_GE(last, absl::Minutes(4));
}

TEST(LaneBackoff, BeginsAnewAfterItIsOver) {
  LaneWorld world;
  world.random = [] { return 0.999; };
  world.braze = First({Answered(500), Answered(500), Answered(500), Accepted(), Answered(500)});
  world.AddMany(75);
  ASSERT_TRUE(world.RunUntilDelivered(absl::Minutes(1)));
  world.AddMany(75);
  world.RunFor(absl::Milliseconds(450));
  EXPECT_EQ(world.status().state, State::kBackingOff);
  EXPECT_LE(*world.status().next_attempt - world.status().since, absl::Milliseconds(500));
}

TEST(LaneBackoff, CountsRequestsThatFailTogetherOnce) {
  for (const double random : {0.999, 0.0}) {
    LaneWorld world;
    world.random = [&] { return random; };
    // The answers come one after the other, longer than the first waits last.
    world.braze = [](const SentRequest& sent) {
      return Reply{Answered(503), absl::Milliseconds(100 * static_cast<int>(sent.id))};
    };
    world.AddMany(75 * 20);
    world.RunFor(absl::Milliseconds(2'100));
    world.braze = First({});
    EXPECT_LE(world.sent().size(), 21u);
    ASSERT_TRUE(world.RunUntilDelivered(absl::Seconds(6))) << random;
    EXPECT_EQ(world.Count(Kind::kConfirmed), 75 * 20);
  }
}

TEST(LaneBackoff, WaitsForTheLongestThatIsAsked) {
  LaneWorld world;
  world.braze = First({Answered(503), RateLimited({{"retry-after", "40"}}),
                       RateLimited({{"retry-after", "5"}}), Answered(503)});
  world.AddMany(75 * 4);
  world.RunFor(absl::Seconds(39));
  EXPECT_THAT(world.sent(), SizeIs(4));
  world.RunFor(absl::Seconds(4));
  EXPECT_EQ(world.Count(Kind::kConfirmed), 75 * 4);
}

TEST(LaneBackoff, TurnsIntoAPauseWhenTheProbeIsDenied) {
  LaneWorld world;
  world.braze = First({Answered(503), Answered(401)});
  world.AddMany(75);
  world.RunFor(absl::Seconds(3));
  EXPECT_EQ(world.status().state, State::kPaused);
  ASSERT_TRUE(world.RunUntilDelivered(absl::Minutes(2)));
  EXPECT_EQ(world.status().state, State::kRunning);
}

// Parts of a refused request that are held go back too: they carry what is then the newest.
TEST(LaneBackoff, GivesBackThePartsThatItHolds) {
  LaneWorld world;
  world.random = [] { return 0.999; };
  world.braze = First({UnnamedError(), Answered(503)});
  world.AddMany(75);
  world.RunFor(absl::Milliseconds(1'000));
  EXPECT_EQ(world.status().state, State::kBackingOff);
  EXPECT_EQ(world.outbox().leased(), 0u);
  EXPECT_EQ(world.Count(Kind::kReturned), 75) << "all of them may stand in Braze";
  ASSERT_TRUE(world.RunUntilDelivered(absl::Seconds(5)));
}

}  // namespace
}  // namespace peaksync::testing

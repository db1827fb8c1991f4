// Answers that do not say which object is at fault: halves, suspects, and endpoints that answer
// nonsense (rules 6 and 7).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <string_view>

#include "server/domain/concat.h"
#include "tests/unit/server/delivery/lane_world.h"

namespace peaksync::testing {
namespace {

using ::testing::AnyOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;
using Kind = ObjectOutcome::Kind;
using State = DeliveryStatus::State;

// A Braze that answers `refusal` to every request with one of these objects in it.
LaneWorld::Braze Poisoned(std::set<std::string> poison, HttpResult refusal) {
  return [poison = std::move(poison), refusal = std::move(refusal)](const SentRequest& sent) {
    return Reply{
        std::ranges::any_of(sent.customers, [&](const auto& id) { return poison.contains(id); })
            ? refusal
            : Accepted()};
  };
}

const Settled& Rejection(const LaneWorld& world) {
  return *std::ranges::find(world.settled(), Kind::kRejected,
                            [](const Settled& settled) { return settled.outcome.kind; });
}

TEST(LaneIsolation, ConfirmsNothingOfAnUnclearAnswer) {
  for (const HttpResult& unclear : {UnnamedError(), Html(), Answered(200, "")}) {
    LaneWorld world;
    int answers = 0;
    world.braze = [&](const SentRequest&) { return Reply{++answers == 1 ? unclear : Accepted()}; };
    world.AddMany(75);
    world.RunFor(absl::Milliseconds(401));
    EXPECT_THAT(world.settled(), IsEmpty());
    ASSERT_TRUE(world.RunUntilDelivered(absl::Seconds(5)));
    EXPECT_THAT(world.SentSizes(), ElementsAre(75, 38, 37));
    EXPECT_EQ(world.Count(Kind::kConfirmed), 75);
  }
}

class LaneIsolationPlace : public ::testing::TestWithParam<int> {};

TEST_P(LaneIsolationPlace, FindsTheOneThatABareRefusalIsAbout) {
  LaneWorld world;
  const std::string poison = Concat("c", GetParam());
  world.braze = Poisoned({poison}, BareRefusal());
  world.AddMany(75);
  ASSERT_TRUE(world.RunUntilDelivered(absl::Seconds(30)));
  EXPECT_THAT(world.CustomersOf(Kind::kRejected), ElementsAre(poison));
  EXPECT_EQ(world.Count(Kind::kConfirmed), 74);
  EXPECT_EQ(Rejection(world).outcome.reason, "that is no good");
  EXPECT_FALSE(Rejection(world).outcome.may_have_been_applied);
  // 75, two halves of each of the seven that it is in, and once more after a witness.
  EXPECT_LE(world.sent().size(), 17u);
  EXPECT_THAT(world.statuses(), SizeIs(1)) << "the lane went on";
  int rejected = 0;
  for (const ExchangeReport& report : world.reports()) rejected += report.rejected;
  EXPECT_EQ(rejected, 1);
}

TEST_P(LaneIsolationPlace, FindsTheOneThatAnUnclearAnswerIsAbout) {
  LaneWorld world;
  const std::string poison = Concat("c", GetParam());
  world.braze = Poisoned({poison}, UnnamedError());
  world.AddMany(75);
  ASSERT_TRUE(world.RunUntilDelivered(absl::Seconds(30)));
  EXPECT_THAT(world.CustomersOf(Kind::kRejected), ElementsAre(poison));
  EXPECT_EQ(world.Count(Kind::kConfirmed), 74);
  EXPECT_EQ(Rejection(world).outcome.reason, "SOMETHING_BAD");
  EXPECT_TRUE(Rejection(world).outcome.may_have_been_applied);
  EXPECT_LE(world.sent().size(), 18u);  // Alone it is asked three times.
  const auto alone = std::ranges::count_if(world.sent(), [&](const SentRequest& sent) {
    return sent.customers == std::vector<std::string>{poison};
  });
  EXPECT_EQ(alone, 3);
}

INSTANTIATE_TEST_SUITE_P(Places, LaneIsolationPlace, ::testing::Values(0, 1, 37, 38, 50, 73, 74));

TEST(LaneIsolation, FindsTwoInOneBatch) {
  const std::set<std::string> cases[] = {
      {"c0", "c74"}, {"c0", "c1"}, {"c73", "c74"}, {"c10", "c40"}, {"c37", "c38"}};
  for (const HttpResult& refusal : {BareRefusal(), UnnamedError()}) {
    for (const std::set<std::string>& poison : cases) {
      LaneWorld world;
      world.braze = Poisoned(poison, refusal);
      world.AddMany(75);
      ASSERT_TRUE(world.RunUntilDelivered(absl::Seconds(60))) << *poison.begin();
      EXPECT_THAT(world.CustomersOf(Kind::kRejected),
                  UnorderedElementsAre(*poison.begin(), *poison.rbegin()));
      EXPECT_EQ(world.Count(Kind::kConfirmed), 73);
      EXPECT_LE(world.sent().size(), 34u);
      EXPECT_THAT(world.statuses(), SizeIs(1));
    }
  }
}

// Other requests go on while one is looked into.
TEST(LaneIsolation, DoesNotHoldUpTheOtherBatches) {
  LaneWorld world;
  world.braze = Poisoned({"c30"}, BareRefusal());
  world.AddMany(75 * 200);
  world.RunFor(absl::Seconds(2));
  EXPECT_GE(world.Count(Kind::kConfirmed), 75 * 199);
  ASSERT_TRUE(world.RunUntilDelivered(absl::Seconds(10)));
  EXPECT_THAT(world.CustomersOf(Kind::kRejected), ElementsAre("c30"));
}

TEST(LaneIsolation, JudgesALoneObjectByTheNextRequestOfTheLane) {
  LaneWorld world;
  world.braze = Poisoned({"bad"}, BareRefusal());
  world.Add("bad");
  world.RunFor(absl::Milliseconds(700));
  EXPECT_THAT(world.settled(), IsEmpty());
  world.Add("good");
  ASSERT_TRUE(world.RunUntilDelivered(absl::Seconds(3)));
  EXPECT_THAT(world.CustomersOf(Kind::kRejected), ElementsAre("bad"));
  EXPECT_THAT(world.CustomersOf(Kind::kConfirmed), ElementsAre("good"));
  EXPECT_THAT(world.statuses(), SizeIs(1));
}

TEST(LaneIsolation, PausesOverALoneObjectAndRejectsItOnceNeighboursAreAccepted) {
  LaneWorld world;
  world.braze = Poisoned({"bad"}, BareRefusal());
  world.Add("bad");
  world.RunFor(absl::Seconds(10));
  EXPECT_EQ(world.status().state, State::kPaused);
  EXPECT_THAT(world.status().reason, HasSubstr("accepts no object"));
  EXPECT_THAT(world.status().reason, Not(HasSubstr("that is no good"))) << "Braze's own text";
  EXPECT_THAT(world.sent(), SizeIs(3));
  EXPECT_THAT(world.CustomersOf(Kind::kUnsent), ElementsAre("bad"));
  world.RunFor(absl::Minutes(10));
  EXPECT_LE(world.sent().size(), 3u + 10u);
  EXPECT_EQ(world.Count(Kind::kRejected), 0);

  world.AddMany(10);
  ASSERT_TRUE(world.RunUntilDelivered(absl::Minutes(5)));
  EXPECT_THAT(world.CustomersOf(Kind::kRejected), ElementsAre("bad"));
  EXPECT_EQ(world.Count(Kind::kConfirmed), 10);
  EXPECT_EQ(world.status().state, State::kRunning);
}

// What an endpoint answers to everything.
class LaneNonsense : public ::testing::TestWithParam<const char*> {
 protected:
  static HttpResult Nonsense() {
    const std::string_view name = GetParam();
    return name == "Html" ? Html() : name == "BareRefusal" ? BareRefusal() : UnnamedError();
  }
};

TEST_P(LaneNonsense, OfTheEndpointRejectsNothing) {
  LaneWorld world;
  bool nonsense = true;
  world.braze = [&](const SentRequest&) { return Reply{nonsense ? Nonsense() : Accepted()}; };
  world.AddMany(75);
  world.RunFor(absl::Minutes(10));
  EXPECT_LE(world.sent().size(), 30u);
  EXPECT_GE(world.sent().size(), 15u);
  EXPECT_EQ(world.Count(Kind::kRejected), 0);
  EXPECT_EQ(world.Count(Kind::kConfirmed), 0);
  EXPECT_EQ(world.status().state, State::kPaused);
  EXPECT_THAT(world.status().reason, HasSubstr("accepts no object"));
  EXPECT_EQ(world.outbox().leased(), 0u) << "what waits carries what is then the newest";

  nonsense = false;
  ASSERT_TRUE(world.RunUntilDelivered(absl::Minutes(2)));
  EXPECT_EQ(world.Count(Kind::kConfirmed), 75);
  EXPECT_EQ(world.Count(Kind::kRejected), 0);
  EXPECT_EQ(world.status().state, State::kRunning);
}

// It breaks while the lane looks for a poison object, and one half was accepted before: the objects
// of the other half must not pay for it.
TEST_P(LaneNonsense, InTheMiddleOfASearchRejectsNothing) {
  LaneWorld world;
  world.braze = [&](const SentRequest& sent) {
    const bool healthy = sent.customers.size() == 38;
    return Reply{healthy ? Accepted() : Nonsense()};
  };
  world.AddMany(75);
  world.RunFor(absl::Minutes(10));
  EXPECT_EQ(world.Count(Kind::kConfirmed), 38);
  EXPECT_EQ(world.Count(Kind::kRejected), 0);
  EXPECT_EQ(world.status().state, State::kPaused);
  EXPECT_LE(world.sent().size(), 30u);
}

// As long as nobody knows whether the endpoint or objects are at fault, one request at a time.
TEST_P(LaneNonsense, IsAnsweredWithOneRequestAtATime) {
  LaneWorld world;
  world.braze = [&](const SentRequest&) { return Reply{Nonsense()}; };
  world.AddMany(75);
  world.RunFor(absl::Milliseconds(100));
  world.AddMany(75 * 20);
  world.RunFor(absl::Milliseconds(300));
  const std::size_t before = world.sent().size();
  world.RunFor(absl::Minutes(10));
  EXPECT_LE(world.sent().size() - before, 75u);
  EXPECT_EQ(world.Count(Kind::kRejected), 0);
}

INSTANTIATE_TEST_SUITE_P(Answers, LaneNonsense,
                         ::testing::Values("Html", "BareRefusal", "UnnamedError"));

// The probe of such a pause is one object, so that at most one is refused a minute.
TEST(LaneIsolation, ProbesANonsensicalEndpointWithOneObject) {
  LaneWorld world;
  world.braze = [](const SentRequest&) { return Reply{Html()}; };
  world.AddMany(75);
  world.RunFor(absl::Minutes(1));
  const std::size_t before = world.sent().size();
  world.RunFor(absl::Minutes(5));
  EXPECT_THAT(world.sent().size() - before, AnyOf(4, 5));
  for (std::size_t i = before; i < world.sent().size(); ++i) {
    EXPECT_THAT(world.sent()[i].customers, SizeIs(1));
  }
}

// Many at once, side by side: none of the good ones is lost and the lane does not stand still for
// good.
TEST(LaneIsolation, GetsThroughManyNeighboursThatArePoison) {
  LaneWorld world;
  std::set<std::string> poison;
  for (int i = 20; i < 26; ++i) poison.insert(Concat("c", i));
  world.braze = Poisoned(poison, BareRefusal());
  for (int round = 0; round < 30 && world.Count(Kind::kRejected) < 6; ++round) {
    world.AddMany(75);
    world.RunFor(absl::Minutes(10));
  }
  EXPECT_THAT(world.CustomersOf(Kind::kRejected), ::testing::UnorderedElementsAreArray(poison));
}

}  // namespace
}  // namespace peaksync::testing

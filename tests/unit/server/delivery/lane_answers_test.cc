// Answers that say all there is to know: accepted, refused by name, too large.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "server/domain/concat.h"
#include "tests/unit/server/delivery/lane_world.h"

namespace peaksync::testing {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using Kind = ObjectOutcome::Kind;

const Settled& Only(const LaneWorld& world, Kind kind) {
  const auto found = std::ranges::find(world.settled(), kind,
                                       [](const Settled& settled) { return settled.outcome.kind; });
  return *found;
}

bool Holds(const SentRequest& sent, const std::string& customer) {
  return std::ranges::find(sent.customers, customer) != sent.customers.end();
}

TEST(LaneAnswers, ConfirmsAllOfAnAcceptedRequest) {
  for (const char* body : {R"({"message":"success"})", R"({"message":"success","errors":[]})",
                           R"({"attributes_processed":75,"message":"success"})"}) {
    LaneWorld world;
    world.braze = [&](const SentRequest&) { return Reply{Answered(201, body)}; };
    world.AddMany(75);
    ASSERT_TRUE(world.RunUntilDelivered(absl::Seconds(5)));
    EXPECT_EQ(world.Count(Kind::kConfirmed), 75);
    EXPECT_THAT(world.sent(), SizeIs(1));
    EXPECT_EQ(world.reports().at(0).confirmed, 75);
    EXPECT_EQ(world.reports().at(0).duration, absl::Milliseconds(400));
  }
}

TEST(LaneAnswers, ConfirmsNothingBeforeTheAnswer) {
  LaneWorld world;
  world.AddMany(75);
  world.RunFor(absl::Milliseconds(390));
  EXPECT_THAT(world.sent(), SizeIs(1));
  EXPECT_THAT(world.settled(), IsEmpty());
}

TEST(LaneAnswers, ConfirmsWhatMaintenanceQueued) {
  LaneWorld world;
  world.braze = [](const SentRequest&) { return Reply{Answered(202, R"({"message":"queued"})")}; };
  world.AddMany(3);
  ASSERT_TRUE(world.RunUntilDelivered(absl::Seconds(5)));
  EXPECT_EQ(world.Count(Kind::kConfirmed), 3);
}

TEST(LaneAnswers, RejectsThoseThatASuccessNamesAndConfirmsTheOthers) {
  LaneWorld world;
  world.braze = [](const SentRequest&) {
    return Reply{AcceptedWithErrors(Concat(NamedError(1), ",", NamedError(4)))};
  };
  world.AddMany(5);
  ASSERT_TRUE(world.RunUntilDelivered(absl::Seconds(5)));
  EXPECT_THAT(world.CustomersOf(Kind::kRejected), ElementsAre("c1", "c4"));
  EXPECT_THAT(world.CustomersOf(Kind::kConfirmed), ElementsAre("c0", "c2", "c3"));
  EXPECT_EQ(Only(world, Kind::kRejected).outcome.reason, "EMAIL_BAD_FORMAT");
  EXPECT_FALSE(Only(world, Kind::kRejected).outcome.may_have_been_applied);
  EXPECT_EQ(world.reports().at(0).rejected, 2);
  EXPECT_EQ(world.reports().at(0).confirmed, 3);
}

TEST(LaneAnswers, RejectsAllWhenASuccessNamesAll) {
  LaneWorld world;
  world.braze = [](const SentRequest&) { return Reply{AcceptedWithErrors(NamedError(0))}; };
  world.Add("anna");
  ASSERT_TRUE(world.RunUntilDelivered(absl::Seconds(5)));
  EXPECT_THAT(world.CustomersOf(Kind::kRejected), ElementsAre("anna"));
  EXPECT_EQ(world.Count(Kind::kConfirmed), 0);
}

TEST(LaneAnswers, ResendsThoseThatARefusalDoesNotName) {
  LaneWorld world;
  world.braze = [](const SentRequest& sent) {
    return Reply{Holds(sent, "c2") ? RefusedNaming(2) : Accepted()};
  };
  world.AddMany(5);
  ASSERT_TRUE(world.RunUntilDelivered(absl::Seconds(5)));
  EXPECT_THAT(world.SentSizes(), ElementsAre(5, 4));
  EXPECT_THAT(world.CustomersOf(Kind::kRejected), ElementsAre("c2"));
  EXPECT_THAT(world.CustomersOf(Kind::kConfirmed), ElementsAre("c0", "c1", "c3", "c4"));
}

// The body of the resent part is made anew, without those that are rejected.
TEST(LaneAnswers, SendsEachOthersObjectsUnchangedAfterARefusal) {
  LaneWorld world;
  world.braze = [](const SentRequest& sent) {
    return Reply{Holds(sent, "a") ? RefusedNaming(0) : Accepted()};
  };
  world.Add("a", "1");
  world.Add("b", R"({"x":[1,2]})");
  ASSERT_TRUE(world.RunUntilDelivered(absl::Seconds(5)));
  EXPECT_EQ(world.sent().at(1).http.body,
            R"({"attributes":[{"external_id":"b","plan":{"x":[1,2]}}]})");
}

HttpResult TooLarge() { return Answered(413); }

TEST(LaneAnswers, HalvesWhatIsTooLargeAndSendsNothingLargerAfterwards) {
  for (const HttpResult& refusal :
       {TooLarge(), Answered(400, R"({"message":"Max Input Length Exceeded"})")}) {
    LaneWorld world;
    world.braze = [&](const SentRequest& sent) {
      return Reply{sent.customers.size() > 20 ? refusal : Accepted()};
    };
    world.AddMany(75);
    ASSERT_TRUE(world.RunUntilDelivered(absl::Seconds(10)));
    EXPECT_EQ(world.Count(Kind::kConfirmed), 75);
    const std::size_t before = world.sent().size();
    EXPECT_LE(before, 7u);
    world.AddMany(200);
    ASSERT_TRUE(world.RunUntilDelivered(absl::Seconds(10)));
    for (std::size_t i = before; i < world.sent().size(); ++i) {
      EXPECT_LE(world.sent()[i].customers.size(), 20u);
    }
    EXPECT_EQ(world.Count(Kind::kRejected), 0);
  }
}

// The cap follows what was refused; requests of the old size that were refused beside it do not
// push it further.
TEST(LaneAnswers, HalvesTheCapOnceForRequestsThatWereRefusedTogether) {
  LaneWorld world;
  world.braze = [](const SentRequest& sent) {
    return Reply{sent.customers.size() > 50 ? TooLarge() : Accepted()};
  };
  world.AddMany(10 * 75);
  ASSERT_TRUE(world.RunUntilDelivered(absl::Seconds(10)));
  world.AddMany(38);
  world.RunFor(absl::Milliseconds(5));
  EXPECT_EQ(world.sent().back().customers.size(), 38u);
}

TEST(LaneAnswers, RejectsAnObjectThatIsTooLargeAlone) {
  LaneWorld world;
  world.braze = [](const SentRequest& sent) {
    return Reply{Holds(sent, "c7") ? TooLarge() : Accepted()};
  };
  world.AddMany(75);
  ASSERT_TRUE(world.RunUntilDelivered(absl::Seconds(10)));
  EXPECT_THAT(world.CustomersOf(Kind::kRejected), ElementsAre("c7"));
  EXPECT_FALSE(Only(world, Kind::kRejected).outcome.reason.empty());
  EXPECT_EQ(world.Count(Kind::kConfirmed), 74);
  // It harms itself only (rule 7): its neighbours of tomorrow go in full batches again.
  world.AddMany(75);
  world.RunFor(absl::Milliseconds(5));
  EXPECT_EQ(world.sent().back().customers.size(), 75u);
}

}  // namespace
}  // namespace peaksync::testing

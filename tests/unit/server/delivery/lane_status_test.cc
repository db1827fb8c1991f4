// A delivery that does not run says why, in a closed set, and what ends it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "server/delivery/remedy.h"
#include "tests/unit/server/delivery/lane_world.h"

namespace peaksync::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using Cause = DeliveryStatus::Cause;
using State = DeliveryStatus::State;

struct Case {
  HttpResult result;
  State state;
  Cause cause;
  std::string remedy;  // A part of it.
};

TEST(LaneStatus, NamesCauseAndRemedyOfEveryAnswerThatStopsIt) {
  const Case cases[] = {
      {Answered(401), State::kPaused, Cause::kKeyRefused, "key file"},
      {Answered(403), State::kPaused, Cause::kAccessDenied, "users.track"},
      {Answered(404), State::kPaused, Cause::kAddressUnknown, "endpoint"},
      {Answered(302), State::kPaused, Cause::kRedirect, "SIGHUP"},
      {Answered(418), State::kPaused, Cause::kUnexpectedStatus, "endpoint"},
      {Html(), State::kPaused, Cause::kAcceptsNothing, "by itself"},
      {BareRefusal(), State::kPaused, Cause::kAcceptsNothing, "by itself"},
      {Answered(429), State::kBackingOff, Cause::kRateLimited, "by itself"},
      {Answered(503), State::kBackingOff, Cause::kServerError, "by itself"},
      {Answered(408), State::kBackingOff, Cause::kServerError, "by itself"},
      {NotSent(), State::kBackingOff, Cause::kUnreachable, "by itself"},
      {Lost(), State::kBackingOff, Cause::kNoAnswer, "by itself"},
  };
  for (const Case& test : cases) {
    LaneWorld world;
    bool broken = true;
    world.braze = [&](const SentRequest&) { return Reply{broken ? test.result : Accepted()}; };
    world.Add("anna");
    for (int i = 0; i < 300 && world.status().state == State::kRunning; ++i) {
      world.RunFor(absl::Milliseconds(100));
    }
    SCOPED_TRACE(NameOf(test.cause));
    EXPECT_EQ(world.status().state, test.state);
    EXPECT_EQ(world.status().cause, test.cause);
    EXPECT_THAT(world.status().remedy, HasSubstr(test.remedy));
    EXPECT_TRUE(world.status().next_attempt.has_value());
    broken = false;
    ASSERT_TRUE(world.RunUntilDelivered(absl::Minutes(5)));
    EXPECT_EQ(world.status().cause, Cause::kNone);
    EXPECT_EQ(world.status().remedy, "");
    EXPECT_EQ(world.status().reason, "");
  }
}

TEST(LaneStatus, NamesThePermissionOfTheRoute) {
  LaneOptions options = LaneWorld::Options();
  options.route.bulk_endpoint = true;
  LaneWorld world(options);
  world.braze = [](const SentRequest&) { return Reply{Answered(403)}; };
  world.Add("anna");
  world.RunFor(absl::Seconds(1));
  EXPECT_THAT(world.status().remedy, HasSubstr("users.track.bulk"));
}

TEST(LaneStatus, TellsOfAKeyThatCannotBeRead) {
  LaneWorld world;
  world.key = absl::NotFoundError("/etc/acme.key cannot be read");
  world.lane();
  EXPECT_EQ(world.status().cause, Cause::kKeyUnreadable);
  EXPECT_THAT(world.status().remedy, HasSubstr("key file"));
}

TEST(LaneStatus, TellsHowTheGuardOfTheWorkspaceIsSatisfied) {
  LaneOptions options = LaneWorld::Options();
  options.tenant = "acme";
  options.blocked = "ledger of acme belongs to acme-staging";
  LaneWorld world(options);
  world.lane();
  EXPECT_EQ(world.status().cause, Cause::kOtherWorkspace);
  EXPECT_THAT(world.status().remedy,
              AllOf(HasSubstr("peaksyncd ledger rebind --tenant acme"), HasSubstr("correct")));
  EXPECT_EQ(world.status().next_attempt, std::nullopt);
}

TEST(LaneStatus, HasANameAndARemedyForEveryCause) {
  std::set<std::string_view> names;
  for (int i = 0; i <= static_cast<int>(Cause::kNoAnswer); ++i) {
    const auto cause = static_cast<Cause>(i);
    EXPECT_TRUE(names.insert(NameOf(cause)).second) << NameOf(cause);
    EXPECT_EQ(RemedyOf(cause, {}, "acme").empty(), cause == Cause::kNone) << NameOf(cause);
  }
}

}  // namespace
}  // namespace peaksync::testing

// Answers that need a person: the lane pauses with a reason, and probes once a minute.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "server/domain/concat.h"
#include "tests/unit/server/delivery/lane_world.h"

namespace peaksync::testing {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using Kind = ObjectOutcome::Kind;
using State = DeliveryStatus::State;

HttpResult Denied(int status) {
  return Answered(status, R"({"message":"Invalid API key: key-1"})", {{"location", "https://x"}});
}

class LanePauseStatus : public ::testing::TestWithParam<int> {};

TEST_P(LanePauseStatus, PausesProbesOnceAMinuteAndHeals) {
  LaneWorld world;
  bool denied = true;
  world.braze = [&](const SentRequest&) { return Reply{denied ? Denied(GetParam()) : Accepted()}; };
  world.AddMany(100);
  world.RunFor(absl::Seconds(2));  // A full batch, and the rest.
  EXPECT_THAT(world.sent(), SizeIs(2));
  EXPECT_EQ(world.status().state, State::kPaused);
  EXPECT_THAT(world.status().reason, AllOf(HasSubstr(Concat(GetParam())), Not(HasSubstr("key-1")),
                                           Not(HasSubstr("Invalid"))));
  EXPECT_EQ(world.outbox().leased(), 0u);
  EXPECT_EQ(world.Count(Kind::kUnsent), 100);
  EXPECT_EQ(world.Count(Kind::kReturned), 0);
  const std::size_t before = world.sent().size();
  const int reads = world.key_reads();
  world.RunFor(absl::Minutes(10));
  EXPECT_EQ(world.sent().size() - before, 9u) << "one a minute and a round trip";
  EXPECT_EQ(world.key_reads() - reads, 9);
  for (std::size_t i = before + 1; i < world.sent().size(); ++i) {
    EXPECT_GE(world.sent()[i].time - world.sent()[i - 1].time, absl::Minutes(1));
  }

  denied = false;
  ASSERT_TRUE(world.RunUntilDelivered(absl::Minutes(2)));
  EXPECT_EQ(world.Count(Kind::kConfirmed), 100);
  EXPECT_EQ(world.Count(Kind::kRejected), 0);
  EXPECT_EQ(world.status().state, State::kRunning);
  EXPECT_EQ(world.status().reason, "");
  EXPECT_EQ(world.status().next_attempt, std::nullopt);
}

INSTANTIATE_TEST_SUITE_P(Answers, LanePauseStatus, ::testing::Values(301, 302, 401, 403, 404));

TEST(LanePause, HealsWhenTheKeyIsMended) {
  LaneWorld world;
  world.braze = [](const SentRequest& sent) {
    const bool good = sent.http.headers.at(0) == "Authorization: Bearer key-2";
    return Reply{good ? Accepted() : Denied(401)};
  };
  world.AddMany(10);
  world.RunFor(absl::Minutes(3));
  EXPECT_EQ(world.Count(Kind::kConfirmed), 0);
  world.key = std::string("key-2");
  ASSERT_TRUE(world.RunUntilDelivered(absl::Minutes(2)));
  EXPECT_EQ(world.Count(Kind::kConfirmed), 10);
}

TEST(LanePause, WaitsForAKeyThatCannotBeRead) {
  LaneWorld world;
  world.key = absl::NotFoundError("/etc/acme.key cannot be read: no such file");
  world.AddMany(100);
  world.RunFor(absl::Minutes(5));
  EXPECT_EQ(world.status().state, State::kPaused);
  EXPECT_THAT(world.status().reason, HasSubstr("/etc/acme.key"));
  EXPECT_EQ(world.status().since, world.now() - world.elapsed());
  EXPECT_THAT(world.sent(), IsEmpty());
  EXPECT_LE(world.key_reads(), 6);
  EXPECT_GE(world.key_reads(), 5);
  world.key = std::string("key-1");
  ASSERT_TRUE(world.RunUntilDelivered(absl::Minutes(2)));
  EXPECT_EQ(world.Count(Kind::kConfirmed), 100);
}

TEST(LanePause, TellsWhenTheKeyIsGoneWhileItProbes) {
  LaneWorld world;
  world.braze = [](const SentRequest&) { return Reply{Denied(401)}; };
  world.AddMany(10);
  world.RunFor(absl::Seconds(30));
  world.key = absl::NotFoundError("/etc/acme.key cannot be read: no such file");
  world.RunFor(absl::Minutes(1));
  EXPECT_THAT(world.status().reason, HasSubstr("/etc/acme.key"));
  EXPECT_THAT(world.sent(), SizeIs(1));
  world.key = std::string("key-1");
  world.RunFor(absl::Minutes(1));
  EXPECT_THAT(world.status().reason, HasSubstr("401"));
}

TEST(LanePause, NamesTheEndpointAgainAfterTheKeyWasGone) {
  LaneWorld world;
  world.braze = [](const SentRequest&) { return Reply{Html()}; };
  world.AddMany(10);
  world.RunFor(absl::Seconds(30));
  ASSERT_THAT(world.status().reason, HasSubstr("accepts no object"));
  world.key = absl::NotFoundError("/etc/acme.key cannot be read: no such file");
  world.RunFor(absl::Minutes(1));
  ASSERT_THAT(world.status().reason, HasSubstr("/etc/acme.key"));
  world.key = std::string("key-1");
  world.RunFor(absl::Minutes(2));
  EXPECT_THAT(world.status().reason, HasSubstr("accepts no object"));
}

TEST(LanePause, KeepsABlockedLaneFromEverything) {
  LaneOptions options = LaneWorld::Options();
  options.blocked = "ledger of acme belongs to acme-staging";
  LaneWorld world(options);
  world.AddMany(200);
  world.Flush();
  world.RunFor(absl::Hours(3));
  EXPECT_THAT(world.sent(), IsEmpty());
  EXPECT_THAT(world.leases(), IsEmpty());
  EXPECT_THAT(world.statuses(), SizeIs(1));
  EXPECT_EQ(world.status().state, State::kPaused);
  EXPECT_EQ(world.status().reason, "ledger of acme belongs to acme-staging");
  EXPECT_EQ(world.status().next_attempt, std::nullopt);
}

TEST(LanePause, ShowsEachTransitionOnce) {
  LaneWorld world;
  bool denied = true;
  world.braze = [&](const SentRequest&) { return Reply{denied ? Denied(401) : Accepted()}; };
  world.AddMany(10);
  world.RunFor(absl::Minutes(3));
  denied = false;
  ASSERT_TRUE(world.RunUntilDelivered(absl::Minutes(2)));
  std::vector<State> transitions;
  std::vector<absl::Time> since;
  for (const DeliveryStatus& status : world.statuses()) {
    if (!transitions.empty() && transitions.back() == status.state) {
      EXPECT_EQ(since.back(), status.since) << "the same state, since another time";
      continue;
    }
    transitions.push_back(status.state);
    since.push_back(status.since);
    EXPECT_EQ(status.next_attempt.has_value(), status.state == State::kPaused);
  }
  EXPECT_THAT(transitions, ElementsAre(State::kRunning, State::kPaused, State::kRunning));
  // Running, paused, one more for each probe that was refused, running.
  EXPECT_LE(world.statuses().size(), 3u + 3u);
  const DeliveryStatus& paused = world.statuses().at(1);
  EXPECT_EQ(*paused.next_attempt, paused.since + absl::Minutes(1));
}

TEST(LanePause, SleepsWithoutWorkAndProbesWhenThereIsSome) {
  LaneWorld world;
  world.key = absl::NotFoundError("no key");
  world.RunFor(absl::Hours(1));
  EXPECT_EQ(world.key_reads(), 1);
  world.key = std::string("key-1");
  world.Add("anna");
  ASSERT_TRUE(world.RunUntilDelivered(absl::Seconds(2)));
  EXPECT_EQ(world.status().state, State::kRunning);
}

// Requests that were started before the pause still count, and do not end it.
TEST(LanePause, TakesAnswersOfRequestsFromBefore) {
  LaneWorld world;
  world.braze = [](const SentRequest& sent) {
    switch (sent.id) {
      case 1:
        return Reply{Denied(401), absl::Milliseconds(100)};
      case 2:
        return Reply{Accepted(), absl::Milliseconds(200)};
      case 3:
        return Reply{BareRefusal(), absl::Milliseconds(300)};
      case 4:
        return Reply{RefusedNaming(0), absl::Milliseconds(400)};
      case 5:
        return Reply{Answered(413), absl::Milliseconds(500)};
      case 6:
        return Reply{Lost(), absl::Milliseconds(250)};
      default:
        return Reply{Accepted()};
    }
  };
  world.AddMany(6 * 75);
  world.RunFor(absl::Seconds(50));
  EXPECT_THAT(world.sent(), SizeIs(6));
  EXPECT_EQ(world.status().state, State::kPaused);
  EXPECT_THAT(world.status().reason, HasSubstr("401"));
  EXPECT_EQ(world.Count(Kind::kConfirmed), 75);
  EXPECT_EQ(world.Count(Kind::kRejected), 1);
  EXPECT_EQ(world.outbox().leased(), 0u) << "what was not clear goes back to wait";
  ASSERT_TRUE(world.RunUntilDelivered(absl::Minutes(2)));
  EXPECT_EQ(world.Count(Kind::kConfirmed), 6 * 75 - 1);
}

// Lone objects that were refused before the pause, and an acceptance after it: still paused.
TEST(LanePause, EndsByAProbeOnly) {
  LaneOptions options = LaneWorld::Options();
  options.objects_max = 1;
  LaneWorld world(options);
  world.braze = [](const SentRequest& sent) {
    switch (sent.id) {
      case 1:
        return Reply{Denied(403), absl::Milliseconds(100)};
      case 2:
        return Reply{BareRefusal(), absl::Milliseconds(200)};
      case 3:
        return Reply{Accepted(), absl::Milliseconds(300)};
      default:
        return Reply{Accepted()};
    }
  };
  world.AddMany(3);
  world.RunFor(absl::Seconds(50));
  EXPECT_EQ(world.status().state, State::kPaused);
  EXPECT_THAT(world.status().reason, HasSubstr("403"));
  EXPECT_THAT(world.sent(), SizeIs(3));
  ASSERT_TRUE(world.RunUntilDelivered(absl::Minutes(2)));
  EXPECT_EQ(world.Count(Kind::kConfirmed), 3);
}

TEST(LanePause, GivesBackWhatIsLeasedAfterIt) {
  LaneWorld world;
  world.lease_delay = absl::Milliseconds(300);
  world.braze = [](const SentRequest&) { return Reply{Denied(401)}; };
  world.AddMany(75);
  world.RunFor(absl::Milliseconds(600));
  world.AddMany(75);
  world.RunFor(absl::Milliseconds(500));
  EXPECT_THAT(world.leases(), SizeIs(2));
  EXPECT_THAT(world.sent(), SizeIs(1));
  EXPECT_EQ(world.outbox().leased(), 0u);
  EXPECT_EQ(world.Count(Kind::kUnsent), 150);
  EXPECT_EQ(world.status().state, State::kPaused);
}

}  // namespace
}  // namespace peaksync::testing

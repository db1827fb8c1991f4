// Endpoints that answer nonsense to everything, from the start or from some moment on: nothing that
// Braze has nothing against is rejected, and few requests are wasted (rules 6 and 7).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <random>
#include <set>
#include <string>

#include "server/domain/concat.h"
#include "tests/unit/server/delivery/lane_world.h"

namespace peaksync::testing {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using Kind = ObjectOutcome::Kind;
using State = DeliveryStatus::State;

HttpResult TooLarge() { return Answered(413); }

// A name for failures, and what every request is answered after so long.
struct Nonsense {
  const char* name;
  HttpResult (*first)();
  HttpResult (*then)();
};

class LaneBreak : public ::testing::TestWithParam<Nonsense> {};

TEST_P(LaneBreak, OfAnEndpointRejectsNothingAndCostsThirtyRequests) {
  LaneWorld world;
  bool broken = true;
  world.braze = [&](const SentRequest&) {
    if (!broken) return Reply{Accepted()};
    return Reply{world.elapsed() < absl::Minutes(5) ? GetParam().first() : GetParam().then()};
  };
  world.AddMany(1'000);
  world.RunFor(absl::Minutes(10));
  EXPECT_LE(world.sent().size(), 30u);
  EXPECT_EQ(world.Count(Kind::kRejected), 0);
  EXPECT_EQ(world.Count(Kind::kConfirmed), 0);
  EXPECT_EQ(world.status().state, State::kPaused);
  EXPECT_EQ(world.status().cause, DeliveryStatus::Cause::kAcceptsNothing);
  EXPECT_EQ(world.outbox().leased(), 0u);

  broken = false;
  ASSERT_TRUE(world.RunUntilDelivered(absl::Minutes(2)));
  EXPECT_EQ(world.Count(Kind::kRejected), 0);
  EXPECT_EQ(world.Count(Kind::kConfirmed), 1'000);
  EXPECT_THAT(world.SentSizes(), Contains(75).Times(::testing::Ge(13 + 12)))
      << "its batches are full ones again";
}

INSTANTIATE_TEST_SUITE_P(Answers, LaneBreak,
                         ::testing::Values(Nonsense{"Html", Html, Html},
                                           Nonsense{"Bare", BareRefusal, BareRefusal},
                                           Nonsense{"HtmlThenBare", Html, BareRefusal},
                                           Nonsense{"Unnamed", UnnamedError, UnnamedError},
                                           Nonsense{"TooLarge", TooLarge, TooLarge}),
                         [](const auto& test) { return test.param.name; });

// Lone objects only, so that nothing is ever halved.
TEST(LaneBreakAlone, PausesOverThreeObjectsThatAreTooLargeInARow) {
  LaneOptions options = LaneWorld::Options();
  options.objects_max = 1;
  options.requests_in_flight_max = 1;
  LaneWorld world(options);
  world.braze = [](const SentRequest&) { return Reply{TooLarge()}; };
  world.AddMany(10);
  world.RunFor(absl::Seconds(30));
  EXPECT_EQ(world.sent().size(), 3u);
  EXPECT_EQ(world.status().state, State::kPaused);
  EXPECT_THAT(world.status().reason, HasSubstr("413"));
  EXPECT_EQ(world.Count(Kind::kRejected), 0);
  world.RunFor(absl::Minutes(10));
  EXPECT_EQ(world.status().state, State::kPaused) << "a probe that is too large ends nothing";
  EXPECT_EQ(world.Count(Kind::kRejected), 0);
}

// The endpoint breaks once, at any moment and for any time, while poison objects are looked for.
class Break {
 public:
  explicit Break(std::uint64_t seed) : random_(seed), world_(MakeOptions()) {
    from_ = absl::Milliseconds(Below(6'000));
    to_ = from_ + (Below(2) == 0 ? absl::Milliseconds(Below(6'000)) : absl::Seconds(Below(600)));
    nonsense_ = Below(4);
    poisonous_ = Below(4);
    customers_ = 1 + Below(600);
    const int poison = Below(5);
    for (int i = 0; i < poison; ++i) poison_.insert(Concat("c", Below(customers_)));
    world_.braze = [this](const SentRequest& sent) { return Answer(sent); };
  }

  void Run() {
    world_.AddMany(customers_);
    world_.RunFor(absl::Minutes(15));
    for (int minute = 0; minute < 60 && !world_.outbox().empty(); ++minute) {
      world_.AddMany(5);  // Poison that was alone needs neighbours.
      world_.RunFor(absl::Minutes(1));
    }
    EXPECT_TRUE(world_.RunUntilDelivered(absl::Minutes(10)));
    for (const std::string& id : world_.CustomersOf(Kind::kRejected)) {
      EXPECT_TRUE(poison_.contains(id)) << id << " is innocent";
    }
    EXPECT_EQ(world_.CustomersOf(Kind::kRejected).size(), poison_.size());
  }

 private:
  LaneOptions MakeOptions() {
    LaneOptions options = LaneWorld::Options();
    options.objects_max = 1 + Below(80);
    options.requests_in_flight_max = 1 + Below(10);
    return options;
  }

  Reply Answer(const SentRequest& sent) {
    const absl::Duration after = absl::Milliseconds(Below(4) == 0 ? Below(3'000) : 400);
    if (world_.elapsed() >= from_ && world_.elapsed() < to_) return {Bad(nonsense_), after};
    const bool poisoned =
        std::ranges::any_of(sent.customers, [&](const auto& id) { return poison_.contains(id); });
    return {poisoned ? Bad(poisonous_) : Accepted(), after};
  }

  static HttpResult Bad(int kind) {
    return kind == 0 ? Html() : kind == 1 ? BareRefusal() : kind == 2 ? UnnamedError() : TooLarge();
  }

  int Below(int end) { return std::uniform_int_distribution<int>(0, end - 1)(random_); }

  std::mt19937_64 random_;
  LaneWorld world_;
  absl::Duration from_;
  absl::Duration to_;
  int nonsense_ = 0;
  int poisonous_ = 0;
  int customers_ = 0;
  std::set<std::string> poison_;
};

// PEAKSYNC_SEED=N repeats one.
TEST(LaneBreakRandom, NeverRejectsAnInnocent) {
  constexpr int kBreaks = 400;
  const char* given = std::getenv("PEAKSYNC_SEED");
  const std::uint64_t first =
      given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
  for (std::uint64_t seed = first; seed < first + (given != nullptr ? 1 : kBreaks); ++seed) {
    SCOPED_TRACE(Concat("PEAKSYNC_SEED=", seed));
    Break(seed).Run();
    if (::testing::Test::HasFailure()) return;
  }
}

}  // namespace
}  // namespace peaksync::testing

#include "mockbraze/workspace/traffic.h"

#include <gtest/gtest.h>

#include "tests/unit/mockbraze/service_fixture.h"

namespace mockbraze {
namespace {

TEST(MockTraffic, CustomerInOneRequestTwiceIsInFlightOnce) {
  Traffic traffic;
  traffic.Begin({false, 3, {1, 2, 1}});
  EXPECT_EQ(traffic.counters().max_in_flight_per_customer, 1U);
  EXPECT_EQ(traffic.counters().max_in_flight, 1U);
}

TEST(MockTraffic, CustomerInTwoRequestsAtATimeIsNoticed) {
  Traffic traffic;
  const auto first = traffic.Begin({false, 2, {1, 2}});
  const auto second = traffic.Begin({false, 2, {2, 3}});
  EXPECT_EQ(traffic.counters().max_in_flight_per_customer, 2U);
  EXPECT_EQ(traffic.counters().max_in_flight, 2U);
  traffic.End(first, 201);
  traffic.End(second, 0);
  const auto third = traffic.Begin({true, 1, {2}});
  traffic.End(third, 201);
  const TrafficCounters counters = traffic.counters();
  EXPECT_EQ(counters.max_in_flight_per_customer, 2U);
  EXPECT_EQ(counters.in_flight, 0U);
  EXPECT_EQ(counters.requests, 3U);
  EXPECT_EQ(counters.unanswered, 1U);
  EXPECT_EQ(counters.requests_by_status.at(201), 2U);
  EXPECT_EQ(counters.bulk_header_requests, 1U);
}

using MockInFlight = ServiceFixture;

TEST_F(MockInFlight, LastsUntilTheDelayedAnswer) {
  Options options;
  options.settings.latency = std::chrono::milliseconds(400);
  Restart(options);
  const Headers headers = {{"authorization", "Bearer k"}};
  const std::string email = R"({"attributes":[{"email":"%@b.co","a":1}]})";
  auto spelled = [&](char c) { return std::string(email).replace(email.find('%'), 1, 1, c); };
  Begin("POST", "/users/track", spelled('a'), headers);
  Begin("POST", "/users/track", spelled('A'), headers);  // the same customer
  Begin("POST", "/users/track", spelled('b'), headers);
  EXPECT_EQ(Stat("in_flight"), 3);
  scheduler_.RunAll();
  EXPECT_EQ(Stat("in_flight"), 0);
  EXPECT_EQ(Stat("max_in_flight"), 3);
  EXPECT_EQ(Stat("max_in_flight_per_customer"), 2);
}

}  // namespace
}  // namespace mockbraze

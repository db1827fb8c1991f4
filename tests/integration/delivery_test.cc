// The whole way to Braze and back, with a Braze that misbehaves: nothing is ever lost, and nothing
// is confirmed that Braze did not accept.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "tests/integration/service.h"

namespace peaksync::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Pair;

std::vector<v1::CustomerUpdate> Customers(int count, const Attributes& attributes) {
  std::vector<v1::CustomerUpdate> updates;
  for (int i = 0; i < count; ++i) {
    updates.push_back(Client::Update("customer-" + std::to_string(i), attributes));
  }
  return updates;
}

TEST(Delivery, SendsEveryValueExactlyAsGiven) {
  Service service;
  const v1::SyncRun run =
      Client(service).Push({Client::Update("c", {{"big", "9007199254740993"},
                                                 {"float", "14.0"},
                                                 {"tenth", "0.1"},
                                                 {"text", R"("1")"},
                                                 {"flag", "true"},
                                                 {"empty", R"("")"},
                                                 {"zero", "0"},
                                                 {"list", R"([3,1,2])"},
                                                 {"object", R"({"b":1,"a":2.5})"}})});
  EXPECT_EQ(run.state(), v1::SYNC_RUN_STATE_COMPLETED);
  EXPECT_THAT(service.Customer("c"),
              ElementsAre(Pair("big", "9007199254740993"), Pair("empty", R"("")"),
                          Pair("flag", "true"), Pair("float", "14.0"), Pair("list", "[3,1,2]"),
                          Pair("object", R"({"a":2.5,"b":1})"), Pair("tenth", "0.1"),
                          Pair("text", R"("1")"), Pair("zero", "0")));
}

TEST(Delivery, BatchesUpTo75ObjectsWithTheBulkHeader) {
  Service service;
  Client(service).Push(Customers(151, {{"a", "1"}}));
  EXPECT_EQ(service.Stat("requests"), 3);
  EXPECT_EQ(service.Stat("bulk_header_requests"), 3);
  EXPECT_EQ(service.Stat("max_objects_per_request"), 75);
}

TEST(Delivery, RejectsOnlyTheObjectsThatBrazeNames) {
  Service service;
  service.SetFaults(R"(["object-error=EMAIL_BAD_FORMAT,external_id=customer-3"])");
  Client client(service);
  const v1::SyncRun run = client.Push(Customers(10, {{"a", "1"}}));
  EXPECT_EQ(run.state(), v1::SYNC_RUN_STATE_COMPLETED_WITH_REJECTIONS);
  EXPECT_EQ(run.values().confirmed(), 9);
  EXPECT_EQ(run.values().rejected(), 1);
  EXPECT_THAT(service.Customer("customer-3"), IsEmpty());

  // What was rejected is not "unchanged" the next time: it is sent again.
  service.SetFaults("[]");
  const v1::SyncRun again = client.Push(Customers(10, {{"a", "1"}}));
  EXPECT_EQ(again.values().unchanged(), 9);
  EXPECT_EQ(again.values().confirmed(), 1);
  EXPECT_THAT(service.Customer("customer-3"), Not(IsEmpty()));
}

// Each of these is over by itself after a few requests; then everything is there, and confirmed
// once.
class PassingFault : public ::testing::TestWithParam<const char*> {};

TEST_P(PassingFault, LosesNothing) {
  Service service;
  service.SetFaults(std::string("[\"") + GetParam() + "\"]");
  const v1::SyncRun run = Client(service).Push(Customers(20, {{"a", "1"}, {"b", "2"}}));
  EXPECT_EQ(run.state(), v1::SYNC_RUN_STATE_COMPLETED);
  EXPECT_EQ(run.values().confirmed(), 40);
  EXPECT_EQ(service.Stat("profiles"), 20);
  EXPECT_EQ(service.Stat("max_in_flight_per_customer"), 1);
}

INSTANTIATE_TEST_SUITE_P(Faults, PassingFault,
                         ::testing::Values("status=500,count=2", "status=503,count=1",
                                           "status=408,count=1", "status=429,count=1",
                                           "html,count=2", "empty,count=2", "not-json,count=2",
                                           "truncate,count=1", "unnamed-error,count=2",
                                           "status=413,count=1", "maintenance,count=1",
                                           "status=401,count=1", "status=403,count=1",
                                           "status=404,count=1", "status=302,count=1"));

TEST(Delivery, OnePoisonObjectHarmsItselfOnly) {
  Service service;
  service.SetFaults(R"(["status=400,external_id=customer-42"])");
  const v1::SyncRun run = Client(service).Push(Customers(75, {{"a", "1"}}));
  EXPECT_EQ(run.values().confirmed(), 74);
  EXPECT_EQ(run.values().rejected(), 1);
  EXPECT_EQ(service.Stat("profiles"), 74);
}

TEST(Delivery, PausesOnAWrongKeyAndHealsWhenItIsMended) {
  Service service;
  service.SetKeys({"another-key"});
  Client client(service);
  const std::string run_id = client.Send(Customers(5, {{"a", "1"}})).run_id();
  const v1::SyncRun paused = client.WaitForDelivery(run_id, v1::DeliveryStatus::STATE_PAUSED);
  EXPECT_EQ(paused.state(), v1::SYNC_RUN_STATE_RECEIVED);
  EXPECT_EQ(paused.values().pending(), 5);
  EXPECT_EQ(paused.delivery().waiting_values(), 5);
  EXPECT_THAT(paused.delivery().reason(), HasSubstr("401"));
  EXPECT_THAT(paused.delivery().reason(), Not(HasSubstr("acme-braze-key")));
  EXPECT_TRUE(paused.delivery().has_next_attempt_time());

  // Pushed again it is still not "unchanged": it joins what waits.
  const std::string again = client.Send(Customers(5, {{"a", "1"}})).run_id();
  EXPECT_EQ(client.Get(again).values().pending(), 5);

  service.WriteKey("acme", "another-key");
  EXPECT_EQ(client.Wait(run_id).values().confirmed(), 5);
  EXPECT_EQ(client.Wait(again).values().confirmed(), 5);
  EXPECT_EQ(service.Stat("attribute_values"), 5);  // Each once.
}

TEST(Delivery, HasOneRequestInFlightPerCustomerAndMergesWhatWaits) {
  mockbraze::Options slow;
  slow.settings.latency = std::chrono::milliseconds(40);
  Service service({ServiceTenant{}}, slow);
  Client client(service);
  std::vector<std::string> runs;
  for (int i = 1; i <= 12; ++i) {
    const std::string value = std::to_string(i);
    runs.push_back(
        client
            .Send({Client::Update("hot", {{"a", value}, {"b" + value, value}})}, "source-" + value)
            .run_id());
  }
  std::int64_t settled = 0;
  for (const std::string& run_id : runs) {
    const v1::ValueCounts values = client.Wait(run_id).values();
    settled += values.confirmed() + values.superseded();
  }
  EXPECT_EQ(settled, 24);
  EXPECT_EQ(service.Stat("max_in_flight_per_customer"), 1);
  EXPECT_LT(service.Stat("requests"), 12);
  EXPECT_EQ(service.Customer("hot").at("a"), "12");
  EXPECT_EQ(service.Customer("hot").size(), 13u);
}

TEST(Delivery, WhatWasAcknowledgedIsDeliveredAfterARestart) {
  Service service;
  service.SetFaults(R"(["status=503"])");
  std::string run_id;
  {
    Client client(service);
    run_id = client.Send(Customers(30, {{"a", "1"}})).run_id();
  }
  service.Stop();
  service.SetFaults("[]");
  service.Start();
  const v1::SyncRun run = Client(service).Wait(run_id);
  EXPECT_EQ(run.state(), v1::SYNC_RUN_STATE_COMPLETED);
  EXPECT_EQ(run.values().confirmed(), 30);
  EXPECT_EQ(service.Stat("profiles"), 30);
}

TEST(Delivery, StopsReadingATenantThatHasTooMuchWaiting) {
  ServiceTenant tenant;
  tenant.rules.max_waiting_bytes = 64 << 10;
  Service service({tenant});
  service.SetFaults(R"(["status=503"])");
  Client client(service);
  const std::string first = client.Send(Customers(200, {{"a", "1"}}), "one").run_id();
  // Accepted, since there was room when it came; the next one waits for room.
  EXPECT_EQ(client.Get(first).values().pending(), 200);
  std::thread second([&] {
    Client other(service);
    EXPECT_EQ(other.Push(Customers(10, {{"b", "1"}}), "two").values().confirmed(), 10);
  });
  EXPECT_EQ(client.WaitForDelivery(first, v1::DeliveryStatus::STATE_BACKING_OFF)
                .delivery()
                .waiting_values(),
            200);
  service.SetFaults("[]");
  second.join();
  EXPECT_EQ(client.Wait(first).values().confirmed(), 200);
}

TEST(Delivery, PausesWhenTheLedgerBelongsToAnotherWorkspace) {
  Service service;
  Client(service).Push(Customers(1, {{"a", "1"}}));
  service.Stop();
  service.config().tenants[0].braze.workspace = "acme-production";
  service.Start();
  Client client(service);
  const std::string run_id = client.Send(Customers(1, {{"a", "2"}})).run_id();
  const v1::SyncRun paused = client.WaitForDelivery(run_id, v1::DeliveryStatus::STATE_PAUSED);
  EXPECT_THAT(paused.delivery().reason(), HasSubstr("belongs to acme-test at "));
  EXPECT_EQ(service.Stat("requests"), 1);
}

TEST(Delivery, APausedTenantHarmsNobodyElse) {
  Service service({{.name = "acme", .key = "acme-key"}, {.name = "beta", .key = "beta-key"}});
  service.SetKeys({"beta-key"});
  Client acme(service, "acme");
  Client beta(service, "beta");
  const std::string stuck = acme.Send(Customers(3, {{"a", "1"}})).run_id();
  acme.WaitForDelivery(stuck, v1::DeliveryStatus::STATE_PAUSED);
  EXPECT_EQ(beta.Push(Customers(3, {{"a", "1"}})).values().confirmed(), 3);
  EXPECT_THAT(service.Metrics(),
              HasSubstr(R"(peaksync_delivery_state{state="paused",tenant="acme"} 1)"));
}

}  // namespace
}  // namespace peaksync::testing

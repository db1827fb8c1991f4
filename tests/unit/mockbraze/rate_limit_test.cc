#include <string>

#include "tests/unit/mockbraze/service_fixture.h"

namespace mockbraze {
namespace {

class MockRateLimit : public ServiceFixture {
 protected:
  void Configure(const std::string& settings) {
    const Response response = Control("/_mock/workspace", settings);
    EXPECT_EQ(response.status, 200) << response.body;
  }
  Response One() { return Track(ManyObjects(1)); }
  // The rate headers of an answer as one text.
  static std::string RateHeadersOf(const Response& response) {
    std::string text;
    for (const auto& [name, value] : response.headers) {
      if (name.starts_with("x-ratelimit-")) text += name.substr(12) + "=" + value + " ";
    }
    return text;
  }
};

TEST_F(MockRateLimit, Is3000RequestsIn3Seconds) {
  // Section 1.8: "3,000 requests per 3 seconds"; section 4.3: 429 "Rate Limited".
  for (int i = 0; i < 3000; ++i) ASSERT_EQ(One().status, 201) << i;
  const Response over = One();
  EXPECT_EQ(over.status, 429);
  EXPECT_EQ(over.body, R"({"message":"Rate Limited"})");
  EXPECT_EQ(Stat("attribute_objects"), 3000);
  clock_.Advance(std::chrono::seconds(2));
  EXPECT_EQ(One().status, 201);
}

TEST_F(MockRateLimit, ShowsAllThreeHeadersWithAnEpochAlsoOn429) {
  // Section 1.9, general: "epoch seconds of the reset", on every answer.
  Configure(R"({"rate_limit":{"limit":2,"window_s":3}})");
  EXPECT_EQ(RateHeadersOf(One()), "limit=2 remaining=1 reset=1788746403 ");
  One();
  EXPECT_EQ(RateHeadersOf(One()), "limit=2 remaining=0 reset=1788746403 ");
}

TEST_F(MockRateLimit, OfMauContractsIsHourlyOnTheClockHourWithABurst) {
  // Section 1.8: "Hourly windows reset on the clock hour"; section 1.9: "seconds left until it",
  // and on a 429 X-Ratelimit-Retry-After alone.
  Configure(R"({"rate_limit_mode":"mau","rate_limit":{"limit":2,"hourly":3}})");
  const std::int64_t hour_left = 3600 - 1'788'746'401 % 3600;
  EXPECT_EQ(RateHeadersOf(One()), "limit=3 remaining=2 reset=" + std::to_string(hour_left) + " ");
  One();
  const Response burst = One();
  EXPECT_EQ(burst.status, 429);
  EXPECT_EQ(RateHeadersOf(burst), "retry-after=2 ");
  clock_.Advance(std::chrono::seconds(3));
  EXPECT_EQ(One().status, 201);
  const Response hourly = One();
  EXPECT_EQ(hourly.status, 429);
  EXPECT_EQ(RateHeadersOf(hourly), "retry-after=" + std::to_string(hour_left - 3) + " ");
  clock_.Advance(std::chrono::seconds(hour_left - 3));
  EXPECT_EQ(One().status, 201);
}

TEST_F(MockRateLimit, HeadersComeInAllStylesThatWereSeen) {
  // Section 12, 2 and 3: the readings of reset and of a 429.
  const std::pair<const char*, const char*> styles[] = {
      {"epoch", "limit=1 remaining=0 reset=1788746403 "},
      {"delta", "limit=1 remaining=0 reset=2 "},
      {"retry-after", "retry-after=2 "},
      {"empty", "limit= remaining= reset= "},
      {"none", ""}};
  for (const auto& [style, expected] : styles) {
    Configure(R"({"rate_limit":{"limit":1,"remaining":0,"headers":")" + std::string(style) +
              "\"}}");
    const Response response = One();
    EXPECT_EQ(response.status, 429) << style;
    EXPECT_EQ(RateHeadersOf(response), expected) << style;
  }
}

TEST_F(MockRateLimit, RemainingLeavesSoMany) {
  Configure(R"({"rate_limit":{"remaining":1}})");
  EXPECT_EQ(One().status, 201);
  EXPECT_EQ(One().status, 429);
}

TEST_F(MockRateLimit, NotEnforcedOnlyCounts) {
  Configure(R"({"rate_limit":{"limit":1,"enforced":false}})");
  EXPECT_EQ(One().status, 201);
  const Response over = One();
  EXPECT_EQ(over.status, 201);
  EXPECT_EQ(Header(over, "x-ratelimit-remaining"), "0");
}

TEST_F(MockRateLimit, IsPerEndpoint) {
  // Section 11: "each has its own bucket".
  Configure(R"({"rate_limit":{"remaining":0}})");
  EXPECT_EQ(One().status, 429);
  const Headers key = {{"Authorization", "Bearer k"}};
  const Response delivered = Send("POST", "/users/delete", R"({"external_ids":["1"]})", key);
  EXPECT_EQ(delivered.status, 201);
  EXPECT_EQ(Header(delivered, "x-ratelimit-limit"), "20000");
}

TEST_F(MockRateLimit, RefusedKeysCostNothing) {
  Configure(R"({"keys":[{"key":"right"}],"rate_limit":{"limit":1}})");
  for (int i = 0; i < 5; ++i) EXPECT_EQ(Track(ManyObjects(1), "wrong").status, 401);
  EXPECT_EQ(Track(ManyObjects(1), "right").status, 201);
}

TEST_F(MockRateLimit, IsSharedByTheWorkspacesOfACompany) {
  // Section 1.8: MAU limits are "per company"; "the burst shared by all workspaces".
  Options options;
  options.workspace_per_key = true;
  options.settings.rate_limit.limit = 3;
  Restart(options);
  for (const char* key : {"a", "b"}) {
    Send("POST", "/_mock/workspace", R"({"company":"acme"})",
         {{"authorization", "Bearer " + std::string(key)}});
  }
  EXPECT_EQ(Track(ManyObjects(1), "a").status, 201);
  EXPECT_EQ(Track(ManyObjects(1), "b").status, 201);
  EXPECT_EQ(Track(ManyObjects(1), "a").status, 201);
  EXPECT_EQ(Track(ManyObjects(1), "b").status, 429);
  EXPECT_EQ(Track(ManyObjects(1), "of another company").status, 201);
}

}  // namespace
}  // namespace mockbraze

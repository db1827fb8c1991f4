// Clock, stubs, the filters of recorded requests, and waiting for a user.

#include <algorithm>
#include <string>

#include "tests/unit/mockbraze/service_fixture.h"

namespace mockbraze {
namespace {

class ControlState : public ServiceFixture {
 protected:
  Value Clock(const std::string& body) { return Parsed(Control("/_mock/clock", body).body); }
  std::string Now() { return *Parsed(Get("/_mock/clock").body).Find("now")->string(); }
  // The numbers of the requests that a query finds.
  std::string Found(const std::string& query) {
    const Value body = Parsed(Get("/_mock/requests" + query).body);
    std::string numbers;
    for (const Value& request : *body.Find("requests")->list()) {
      numbers += std::to_string(*request.Find("number")->integer()) + " ";
    }
    return numbers;
  }
};

TEST_F(ControlState, ClockRunsAndIsMoved) {
  EXPECT_EQ(Now(), "2026-09-07T02:00:01.000Z");
  EXPECT_EQ(*Clock(R"({"advance":"90s"})").Find("now"), Value("2026-09-07T02:01:31.000Z"));
  clock_.Advance(std::chrono::seconds(1));
  EXPECT_EQ(Now(), "2026-09-07T02:01:32.000Z");
  EXPECT_EQ(*Clock(R"({"now":"2027-01-01"})").Find("now"), Value("2027-01-01T00:00:00.000Z"));
}

TEST_F(ControlState, ClockIsStoppedAndGoesOn) {
  EXPECT_EQ(*Clock(R"({"stopped":true})").Find("stopped"), Value(true));
  clock_.Advance(std::chrono::hours(1));
  EXPECT_EQ(Now(), "2026-09-07T02:00:01.000Z");
  Clock(R"({"advance":"1h"})");
  EXPECT_EQ(Now(), "2026-09-07T03:00:01.000Z");
  EXPECT_EQ(*Clock(R"({"stopped":false})").Find("stopped"), Value(false));
  clock_.Advance(std::chrono::seconds(2));
  EXPECT_EQ(Now(), "2026-09-07T03:00:03.000Z");
  Clock(R"({"stopped":true,"now":"2026-01-01"})");
  Control("/_mock/reset", "{}");
  EXPECT_EQ(Get("/_mock/clock").body, "{\"now\":\"2026-09-07T03:00:03.000Z\",\"stopped\":false}\n");
}

TEST_F(ControlState, ClockRefusesWhatIsNoTimeAndChangesNothing) {
  for (const std::string body : {R"({"now":"soon"})", R"({"now":5})", R"({"advance":90})",
                                 R"({"advance":"1 day"})", R"({"now":"2026-01-01","advance":"1s"})",
                                 R"({"advance":"1h","stopped":1})", R"({"time":"2026-01-01"})"}) {
    EXPECT_EQ(Control("/_mock/clock", body).status, 400) << body;
  }
  EXPECT_EQ(Now(), "2026-09-07T02:00:01.000Z");
}

TEST_F(ControlState, ClockDecidesWhenAChangeShows) {
  Control("/_mock/workspace", R"({"processing_delay_ms":60000})");
  Set(R"("a":1)");
  EXPECT_EQ(Attributes(), "");
  Control("/_mock/clock", R"({"advance":"60s"})");
  EXPECT_EQ(Attributes(), R"({"a":1})");
}

TEST_F(ControlState, StubAnswersAPathThatIsNotKnown) {
  Control("/_mock/stubs", R"({"method":"GET","path":"/content_blocks/list","status":203,
      "headers":{"X-Mine":"yes"},"body":{"count":1}})");
  const Response response = Get("/content_blocks/list");
  EXPECT_EQ(response.status, 203);
  EXPECT_EQ(response.body, R"({"count":1})");
  EXPECT_EQ(Header(response, "x-mine"), "yes");
  EXPECT_EQ(Header(response, "content-type"), "application/json");
  EXPECT_EQ(Send("POST", "/content_blocks/list").status, 404);
}

TEST_F(ControlState, StubAnswersSoManyTimesAndTheNewestFirst) {
  Control("/_mock/stubs", R"({"path":"/x","body":"old"})");
  Control("/_mock/stubs", R"({"path":"/x","body":"new","times":2})");
  EXPECT_EQ(Send("POST", "/x").body, "new");
  const Value stubs = Parsed(Get("/_mock/stubs").body);
  EXPECT_TRUE((*stubs.Find("stubs")->list())[0].Find("times")->is_null());
  EXPECT_EQ(*(*stubs.Find("stubs")->list())[1].Find("times"), Value(1));
  EXPECT_EQ(Send("POST", "/x").body, "new");
  EXPECT_EQ(Send("POST", "/x").body, "old");
  EXPECT_EQ(Send("POST", "/x").body, "old");
}

TEST_F(ControlState, StubIsRefusedWithWhatIsWrong) {
  const auto refusal = [&](const std::string& body) {
    const Response response = Control("/_mock/stubs", body);
    EXPECT_EQ(response.status, 400) << body;
    const std::string text = *Parsed(response.body).Find("message")->string();
    return text.substr(text.rfind(": ") + 2);
  };
  EXPECT_TRUE(refusal(R"({})").starts_with("'path' must begin with /"));
  EXPECT_TRUE(refusal(R"({"path":"x"})").starts_with("'path' must begin with /"));
  EXPECT_EQ(refusal(R"({"path":"/x","status":99})"), "'status' must be from 200 to 599");
  EXPECT_EQ(refusal(R"({"path":"/x","times":0})"), "'times' must be a number from 1 on");
  EXPECT_EQ(refusal(R"({"path":"/x","repeat":2})"), "unknown 'repeat'");
  for (const std::string headers : {R"({"a":"b\r\nc: d"})", R"({"a\nb":"c"})", R"({"a":1})"}) {
    EXPECT_TRUE(
        refusal(R"({"path":"/x","headers":)" + headers + "}").starts_with("'headers' must "));
  }
  EXPECT_EQ(Get("/_mock/stubs").body, "{\"stubs\":[]}\n");
}

TEST_F(ControlState, RequestsAreFilteredByPathCustomerAndTime) {
  Track(R"({"attributes":[{"external_id":"ada","a":1},{"external_id":"bob","a":1}]})");
  clock_.Advance(std::chrono::seconds(10));
  Track(R"({"events":[{"external_id":"ad\u0061","name":"e","time":"2026-09-01"}]})");
  Send("POST", "/users/export/ids", R"({"external_ids":["bob"]})");
  Send("POST", "/other", "ada");
  EXPECT_EQ(Found(""), "1 2 3 4 ");
  EXPECT_EQ(Found("?path=/users/track"), "1 2 ");
  EXPECT_EQ(Found("?external_id=ada"), "1 2 ");
  EXPECT_EQ(Found("?external_id=bob"), "1 3 ");
  EXPECT_EQ(Found("?external_id=ad"), "");
  EXPECT_EQ(Found("?since=2"), "3 4 ");
  EXPECT_EQ(Found("?since=2026-09-07T02:00:11Z"), "2 3 4 ");
  EXPECT_EQ(Found("?since=2&limit=1"), "4 ");
  EXPECT_EQ(Found("?external_id=bob&path=/users/export/ids&since=1"), "3 ");
  EXPECT_EQ(Get("/_mock/requests?since=yesterday").status, 400);
}

TEST_F(ControlState, RequestsShowTheirAnswers) {
  Track("{");
  const Value body = Parsed(Get("/_mock/requests").body);
  const Value& request = body.Find("requests")->list()->front();
  EXPECT_EQ(*request.Find("status"), Value(400));
  EXPECT_TRUE(request.Find("answer")->Find("message"));
}

TEST_F(ControlState, WaitAnswersWhenTheChangeIsThrough) {
  Control("/_mock/workspace", R"({"processing_delay_ms":20})");
  Set(R"("a":1)");
  const auto answer = Begin("GET", "/_mock/users?external_id=u&wait=2s");
  scheduler_.RunAll();
  EXPECT_FALSE(answer->has_value());
  clock_.Advance(std::chrono::milliseconds(20));
  scheduler_.RunAll();
  ASSERT_TRUE(answer->has_value());
  EXPECT_EQ((*answer)->status, 200);
  EXPECT_TRUE(scheduler_.delays().empty());
}

TEST_F(ControlState, WaitEndsWithoutTheChange) {
  Control("/_mock/workspace", R"({"processing_delay_ms":60000})");
  Set(R"("a":1)");
  const auto answer = Begin("GET", "/_mock/users?external_id=u&wait=20ms");
  int looks = 0;
  for (; !answer->has_value() && looks < 100; ++looks) scheduler_.RunAll();
  ASSERT_TRUE(answer->has_value());
  EXPECT_EQ((*answer)->status, 408);
  EXPECT_EQ(looks, 4);  // every 5 ms
}

TEST_F(ControlState, WaitHasNothingToWaitFor) {
  EXPECT_EQ(*Begin("GET", "/_mock/users?external_id=u&wait=60s")->value_or(Response{}).body.begin(),
            '{');
  EXPECT_EQ(Get("/_mock/users?external_id=u&wait=61s").status, 400);
  EXPECT_EQ(Get("/_mock/users?external_id=u&wait=x").status, 400);
}

using ControlMessage = ServiceFixture;

TEST_F(ControlMessage, SaysWhichMethodThePathTakes) {
  EXPECT_EQ(Get("/_mock/reset").body, "{\"message\":\"GET /_mock/reset: there is POST\"}\n");
  EXPECT_EQ(Send("HEAD", "/_mock/health").status, 200);
  EXPECT_EQ(Get("/users/track").body,
            R"({"message":"Not Found: GET /users/track; this path takes POST"})");
}

TEST_F(ControlMessage, StubThatCouldNeverAnswerIsRefused) {
  for (const char* stub :
       {R"({"path":"/users/track"})", R"({"path":"/_mock/health"})", R"({"path":"/a?b=1"})",
        R"({"path":"/a","headers":{"content-length":"3"}})",
        R"({"path":"/a","headers":{"a b":"c"}})"}) {
    EXPECT_EQ(Control("/_mock/stubs", stub).status, 400) << stub;
  }
  Control("/_mock/stubs",
          R"({"method":"get","path":"/a","status":429,"headers":{"X-RateLimit-Remaining":"7"}})");
  const Response answer = Get("/a");
  EXPECT_EQ(answer.status, 429);
  EXPECT_EQ(std::ranges::count_if(
                answer.headers,
                [](const auto& header) { return header.first.starts_with("x-ratelimit-"); }),
            1);
}

TEST_F(ControlMessage, RequestThatWaitsForItsAnswerIsNotUnanswered) {
  Options options;
  options.settings.latency = std::chrono::milliseconds(400);
  options.faults = ParseFaults({"maintenance,count=1", "reset,count=1"}).value();
  Restart(options);
  const auto last = [&](const char* member) {
    // Not Get, which would let the answers go.
    const Value seen = Parsed(Begin("GET", "/_mock/requests")->value_or(Response{}).body);
    return ToJson(*seen.Find("requests")->list()->back().Find(member));
  };
  Begin("POST", "/users/track", ManyObjects(1), {{"authorization", "Bearer k"}});
  EXPECT_EQ(last("status") + last("unanswered"), "nullfalse");
  scheduler_.RunAll();
  EXPECT_EQ(last("status") + last("unanswered"), "202false");
  Begin("POST", "/users/track", ManyObjects(1), {{"authorization", "Bearer k"}});
  scheduler_.RunAll();
  EXPECT_EQ(last("status") + last("unanswered"), "nulltrue");
}

TEST_F(ControlMessage, ConnectionFaultsOfAKeyAreRefused) {
  Options options;
  options.workspace_per_key = true;
  Restart(options);
  EXPECT_EQ(Send("POST", "/_mock/faults", R"({"faults":["tls-failure"]})",
                 {{"authorization", "Bearer k"}})
                .status,
            400);
}

TEST(MockJson, ParserKeepsNoLargeTextsInMemory) {
  const std::string large = "[" + std::string(std::size_t{8} << 20, ' ') + "1]";
  EXPECT_TRUE(ParseJson(large).ok());
  EXPECT_TRUE(ParseJson("[1]").ok());
  EXPECT_FALSE(ParseJson(large + "x").ok());
  EXPECT_TRUE(ParseJson(R"({"a":[1]})").ok());
}

}  // namespace
}  // namespace mockbraze

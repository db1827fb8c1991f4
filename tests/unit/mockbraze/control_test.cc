#include <string>

#include "mockbraze/workspace/recorder.h"
#include "tests/unit/mockbraze/service_fixture.h"

namespace mockbraze {
namespace {

using ControlEndpoint = ServiceFixture;

TEST_F(ControlEndpoint, HealthSaysOk) {
  EXPECT_EQ(Get("/_mock/health").body, "{\"status\":\"ok\"}\n");
}

TEST_F(ControlEndpoint, StatsCountBrazePathsOnly) {
  Track(ManyObjects(3));
  Track("{");
  Send("POST", "/nowhere");
  Get("/_mock/health");
  Get("/_mock/nowhere");
  EXPECT_EQ(Stat("requests"), 3);
  EXPECT_EQ(ToJson(*Stats().Find("requests_by_status")), R"({"201":1,"400":1,"404":1})");
  EXPECT_EQ(Stat("attribute_objects"), 3);
  EXPECT_EQ(Stat("attribute_values"), 3);
  EXPECT_EQ(Stat("profiles"), 3);
  EXPECT_EQ(Stat("max_objects_per_request"), 3);
}

TEST_F(ControlEndpoint, UsersNeedOneIdentifier) {
  EXPECT_EQ(Get("/_mock/users?external_id=nobody").status, 404);
  EXPECT_EQ(Get("/_mock/users?external_id=a&email=b").status, 400);
  EXPECT_EQ(Get("/_mock/users?alias_name=a").status, 400);
  EXPECT_EQ(Get("/_mock/users?alias_label=a").status, 400);
  EXPECT_EQ(Get("/_mock/users?extrenal_id=a").status, 400);
  EXPECT_EQ(Get("/_mock/users?limit=0").status, 400);
  EXPECT_EQ(Get("/_mock/users?limit=1&external_id=a").status, 400);
}

TEST_F(ControlEndpoint, UsersAreFoundByAnEncodedId) {
  Track(R"({"attributes":[{"external_id":"a b&c=ü%"}]})");
  EXPECT_EQ(Get("/_mock/users?external_id=a%20b%26c%3D%C3%BC%25").status, 200);
}

TEST_F(ControlEndpoint, RequestsShowTheLatestNewestLast) {
  Send("POST", "/users/track?x=1", R"({"attributes":[{"external_id":"1","n":14.0}]})",
       {{"Authorization", "Bearer k"}, {"X-Braze-Bulk", "true"}, {"X-Two", "a"}, {"x-two", "b"}});
  Send("POST", "/users/track", "not json \xFF", {});
  const Value body = Parsed(Get("/_mock/requests").body);
  const Value::List& requests = *body.Find("requests")->list();
  ASSERT_EQ(requests.size(), 2U);
  EXPECT_EQ(*requests[0].Find("method"), Value("POST"));
  EXPECT_EQ(*requests[0].Find("path"), Value("/users/track"));
  EXPECT_EQ(*requests[0].Find("query"), Value("x=1"));
  EXPECT_EQ(ToJson(*requests[0].Find("headers")),
            R"({"authorization":"Bearer k","x-braze-bulk":"true","x-two":"a, b"})");
  EXPECT_EQ(ToJson(*requests[0].Find("body")), R"({"attributes":[{"external_id":"1","n":14.0}]})");
  EXPECT_EQ(*requests[0].Find("status"), Value(201));
  EXPECT_TRUE(requests[0].Find("received_at")->string());
  EXPECT_TRUE(requests[0].Find("fault")->is_null());
  EXPECT_EQ(*requests[1].Find("body"), Value("not json \xEF\xBF\xBD"));
  EXPECT_EQ(*requests[1].Find("status"), Value(401));
}

TEST_F(ControlEndpoint, RequestsSayWhichFaultHit) {
  Control("/_mock/faults", R"({"faults":["reset"]})");
  Set(R"("a":1)");
  const Value body = Parsed(Get("/_mock/requests").body);
  const Value& request = body.Find("requests")->list()->back();
  EXPECT_EQ(*request.Find("fault"), Value("reset"));
  EXPECT_TRUE(request.Find("status")->is_null());
}

TEST_F(ControlEndpoint, RequestsHaveALimit) {
  for (int i = 0; i < 25; ++i) Send("POST", "/" + std::to_string(i));
  const auto paths = [&](const std::string& query) {
    const Value body = Parsed(Get("/_mock/requests" + query).body);
    const Value::List& list = *body.Find("requests")->list();
    return std::pair(list.size(), *list.back().Find("path")->string());
  };
  EXPECT_EQ(paths(""), std::pair(std::size_t{20}, std::string("/24")));
  EXPECT_EQ(paths("?limit=1000"), std::pair(std::size_t{25}, std::string("/24")));
  EXPECT_EQ(paths("?limit=1"), std::pair(std::size_t{1}, std::string("/24")));
  for (const std::string bad : {"?limit=0", "?limit=1001", "?limit=x", "?limit=", "?paht=/"}) {
    EXPECT_EQ(Get("/_mock/requests" + bad).status, 400) << bad;
  }
}

TEST_F(ControlEndpoint, WorkspaceSetsKeysLatencyAndDelay) {
  EXPECT_EQ(Control("/_mock/workspace",
                    R"({"keys":[{"key":"new","permissions":["users.track"]},{"key":"all"}]})")
                .status,
            200);
  EXPECT_EQ(Track(ManyObjects(1), "old").status, 401);
  EXPECT_EQ(Track(ManyObjects(1), "new").status, 201);
  EXPECT_EQ(Track(ManyObjects(1), "all").status, 201);
  const Value now =
      Parsed(Control("/_mock/workspace", R"({"latency_ms":400,"processing_delay_ms":7})").body);
  EXPECT_EQ(ToJson(*now.Find("keys")),
            R"([{"key":"new","permissions":["users.track"]},{"key":"all","permissions":[]}])");
  EXPECT_EQ(*now.Find("latency_ms"), Value(400));
  EXPECT_EQ(*now.Find("processing_delay_ms"), Value(7));
  Begin("POST", "/users/track");
  EXPECT_EQ(scheduler_.delays(), std::vector(1, std::chrono::milliseconds(400)));
}

TEST_F(ControlEndpoint, WorkspaceRefusesWhatItDoesNotKnowAndChangesNothing) {
  EXPECT_NE(Control("/_mock/workspace", R"({"latency_ms":1,"batch_limits":5})")
                .body.find("unknown 'batch_limits'"),
            std::string::npos);
  for (const std::string body :
       {R"({"keys":5})", R"({"keys":[{}]})", R"({"keys":[{"key":""}]})", R"({"keys":["k"]})",
        R"({"keys":[{"key":"k","scopes":[]}]})", R"({"keys":[{"key":"k","permissions":[1]}]})",
        R"({"latency_ms":-1})", R"({"latency_ms":1.5})", R"({"latency_ms":99999999999999})",
        R"({"keys":[{"key":"k"}],"latency_ms":"1"})"}) {
    EXPECT_EQ(Control("/_mock/workspace", body).status, 400) << body;
  }
  EXPECT_EQ(Track(ManyObjects(1), "any").status, 201);
  EXPECT_TRUE(scheduler_.delays().empty());
}

TEST_F(ControlEndpoint, ResetGoesBackToTheStateAfterStart) {
  Options options;
  options.settings.keys = {{"start", {}}};
  Restart(options);
  Control("/_mock/workspace", R"({"keys":[{"key":"other"}],"latency_ms":5})");
  Control("/_mock/faults", R"({"faults":["status=500,request=2"]})");
  Track(ManyObjects(3), "other");
  const auto in_flight =
      Begin("POST", "/users/track", ManyObjects(1), {{"authorization", "Bearer start"}});
  EXPECT_EQ(Control("/_mock/reset", "{}").status, 200);
  scheduler_.RunAll();  // an answer from before the reset
  EXPECT_TRUE(in_flight->has_value());
  EXPECT_EQ(ToJson(Stats()),
            R"({"requests":0,"requests_by_status":{},"unanswered":0,"bulk_header_requests":0,)"
            R"("max_objects_per_request":0,"in_flight":0,"max_in_flight":0,)"
            R"("max_in_flight_per_customer":0,"profiles":0,"attribute_objects":0,)"
            R"("attribute_values":0,"unchanged_values":0,"silent_drops":0,)"
            R"("silent_drops_by_reason":{},)"
            R"("lost_updates":0,"events":0,"purchases":0,"data_points":0})");
  EXPECT_EQ(Get("/_mock/requests").body, "{\"requests\":[]}\n");
  EXPECT_EQ(Get("/_mock/users").body, "{\"users\":[]}\n");
  EXPECT_EQ(Track(ManyObjects(1), "other").status, 401);
  EXPECT_EQ(Track(ManyObjects(1), "start").status, 201);
}

TEST_F(ControlEndpoint, UnknownPathNamesTheOnesThereAre) {
  for (const std::string path : {"/_mock", "/_mock/", "/_mock/nope"}) {
    const Response response = Get(path);
    EXPECT_EQ(response.status, 404) << path;
    EXPECT_NE(response.body.find("/_mock/stats"), std::string::npos);
  }
  EXPECT_NE(Send("POST", "/_mockery").body.find("/_mock/stubs"), std::string::npos);
}

TEST(MockRecorder, KeepsTheLatestWithinCountAndBytes) {
  const auto all = [](const RecordedRequest&) { return true; };
  Recorder recorder;
  Request large;
  large.body = std::string(std::size_t{4} << 20, 'x');
  for (int i = 0; i < 40; ++i) recorder.Add(large, {}, "");
  EXPECT_LT(recorder.Latest(1000, all).size(), 17U);
  EXPECT_EQ(recorder.Latest(1000, all).back().number, 40U);
  for (int i = 0; i < 1500; ++i) recorder.Add({}, {}, "hang");
  EXPECT_EQ(recorder.Latest(5000, all).size(), 1000U);
  Response answer;
  answer.status = 500;
  recorder.SetAnswer(1, &answer);  // long gone
  recorder.SetAnswer(1540, &answer);
  EXPECT_EQ(recorder.Latest(1, all).back().status, 500);
  EXPECT_EQ(recorder.Latest(1, all).back().fault, "hang");
}

}  // namespace
}  // namespace mockbraze

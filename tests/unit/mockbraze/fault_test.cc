#include "mockbraze/faults/fault.h"

#include <string>
#include <vector>

#include "mockbraze/workspace/options.h"
#include "tests/unit/mockbraze/service_fixture.h"

namespace mockbraze {
namespace {

TEST(MockFaultSpec, EveryKindAndKeyIsRead) {
  for (const std::string text :
       {"status=503", "object-error", "object-error=EMAIL_BAD_FORMAT", "unnamed-error",
        "reject-all", "reset", "reset-after", "truncate", "not-json", "html", "empty", "slow=200ms",
        "hang", "hang-after", "maintenance", "tls-failure,rate=0.5,count=1,request=2",
        "status=429,rate=0.25,count=3,request=7,external_id=a=b,path=/users/track"}) {
    const auto spec = ParseFault(text);
    ASSERT_TRUE(spec.ok()) << spec.error();
    EXPECT_EQ(spec.value().text, text);
  }
  const FaultSpec spec = ParseFault("slow=2s,rate=0.5,count=3,request=7,external_id=a=b").value();
  EXPECT_EQ(spec.duration, std::chrono::seconds(2));
  EXPECT_EQ(spec.rate, 0.5);
  EXPECT_EQ(spec.count, 3U);
  EXPECT_EQ(spec.request, 7U);
  EXPECT_EQ(spec.external_id, "a=b");
}

TEST(MockFaultSpec, WhatIsWrongIsNamed) {
  const auto why = [](const std::string& text) { return ParseFault(text).error(); };
  EXPECT_NE(why("explode").find("unknown kind 'explode'; there are status, "), std::string::npos);
  EXPECT_NE(why("status").find("status=NNN"), std::string::npos);
  EXPECT_NE(why("status=99").find("200 to 599"), std::string::npos);
  EXPECT_NE(why("slow").find("slow=DURATION"), std::string::npos);
  EXPECT_NE(why("slow=5").find("not a duration"), std::string::npos);
  EXPECT_NE(why("reset=1").find("takes no value"), std::string::npos);
  EXPECT_NE(why("reset,rate=2").find("rate must be from 0 to 1"), std::string::npos);
  EXPECT_NE(why("reset,rate=nan").find("rate must be"), std::string::npos);
  EXPECT_NE(why("reset,count=0").find("count must be"), std::string::npos);
  EXPECT_NE(why("reset,color=red").find("unknown key 'color'"), std::string::npos);
  EXPECT_NE(why("reset,path=users").find("path must begin with /"), std::string::npos);
  EXPECT_NE(why("tls-failure,external_id=a").find("has no external_id"), std::string::npos);
  EXPECT_NE(why("tls-failure,path=/a").find("has no path"), std::string::npos);
  EXPECT_NE(why("").find("unknown kind ''"), std::string::npos);
}

TEST(MockFaultPlan, TlsFailureCountsConnectionsAndHitsNoRequest) {
  FaultPlan plan(1);
  plan.Set({ParseFault("tls-failure,request=2").value()});
  EXPECT_FALSE(plan.ForRequest(2, "/users/track", true, nullptr));
  const auto pattern = [&](int n) {
    std::string hits;
    for (int i = 0; i < n; ++i) hits += plan.FailsNextConnection() ? 'X' : '.';
    return hits;
  };
  EXPECT_EQ(pattern(3), ".X.");
  plan.Set({ParseFault("tls-failure,count=2").value()});
  EXPECT_EQ(pattern(3), "XX.");
  plan.Set({ParseFault("tls-failure,rate=0.5").value()});
  const std::string drawn = pattern(64);
  EXPECT_GT(std::ranges::count(drawn, 'X'), 16);
  EXPECT_LT(std::ranges::count(drawn, 'X'), 48);
  plan.Set({ParseFault("tls-failure,rate=0.5").value()});
  EXPECT_EQ(pattern(64), drawn);
}

class MockFaults : public ServiceFixture {
 protected:
  void Use(const std::string& fault, std::uint64_t seed = 1) {
    Options options;
    options.seed = seed;
    options.faults = ParseFaults({fault}).value();
    Restart(options);
  }
  // The statuses of n requests, one letter each: '.' success, 'X' anything else.
  std::string Pattern(int n) {
    std::string pattern;
    for (int i = 0; i < n; ++i) pattern += Track(ManyObjects(1)).status < 300 ? '.' : 'X';
    return pattern;
  }
};

TEST_F(MockFaults, StatusKeepsTheRequestFromBeingProcessed) {
  Use("status=503");
  const Response response = Set(R"("a":1)");
  EXPECT_EQ(response.status, 503);
  EXPECT_EQ(response.body, R"({"message":"Service Unavailable"})");
  EXPECT_EQ(Stat("profiles"), 0);
}

TEST_F(MockFaults, StatusOfSuccessIsProcessed) {
  // Section 4.1: fixtures "also show 200 as success".
  Use("status=200");
  EXPECT_EQ(Set(R"("a":1)").status, 200);
  EXPECT_EQ(Attributes(), R"({"a":1})");
}

TEST_F(MockFaults, StatusesOfBrazeHaveTheirHeaders) {
  Use("status=429,count=1;status=401,count=1;status=302");
  EXPECT_EQ(Header(Set(R"("a":1)"), "x-ratelimit-remaining"), "0");
  EXPECT_EQ(Set(R"("a":1)").body, R"({"message":"Invalid API key: key"})");
  EXPECT_EQ(Header(Set(R"("a":1)"), "location"), "/redirected");
}

TEST_F(MockFaults, ObjectErrorNamesTheObjectAndKeepsTheOthers) {
  Use("object-error=EMAIL_BAD_FORMAT,external_id=1");
  const Response response = Track(ManyObjects(3));
  EXPECT_EQ(response.status, 201);
  EXPECT_EQ(response.body, R"({"attributes_processed":2,"message":"success","errors":[)"
                           R"({"type":"EMAIL_BAD_FORMAT","input_array":"attributes","index":1}]})");
  EXPECT_EQ(Attributes("1"), "");
  EXPECT_EQ(Attributes("2"), R"({"a":1})");
}

TEST_F(MockFaults, ObjectErrorWithARateHitsSomeObjects) {
  Use("object-error,rate=0.2");
  Track(ManyObjects(75));
  EXPECT_GT(Stat("profiles"), 45);
  EXPECT_LT(Stat("profiles"), 75);
}

TEST_F(MockFaults, UnnamedErrorNamesNoObject) {
  Use("unnamed-error,external_id=1");
  const Response response = Track(ManyObjects(3));
  EXPECT_EQ(response.status, 201);
  const Value body = Parsed(response.body);
  EXPECT_EQ(*body.Find("attributes_processed"), Value(2));
  EXPECT_FALSE((*body.Find("errors")->list())[0].Find("index"));
  EXPECT_EQ(Attributes("1"), "");
  EXPECT_EQ(Attributes("0"), R"({"a":1})");
  EXPECT_EQ(Track(R"({"attributes":[{"external_id":"1","a":1}]})").status, 201);
  EXPECT_EQ(Attributes("1"), "");
}

TEST_F(MockFaults, UnnamedErrorWithoutACustomerDropsTheFirstObject) {
  Use("unnamed-error");
  Track(ManyObjects(3));
  EXPECT_EQ(Attributes("0"), "");
  EXPECT_EQ(Stat("profiles"), 2);
}

TEST_F(MockFaults, UnnamedErrorHasTheFormsThatWereSeen) {
  // Section 4.2: "entries may lack index, lack type, or be bare strings".
  const std::pair<const char*, const char*> forms[] = {
      {"unnamed-error=no-index",
       R"([{"type":"an object of this request could not be processed"}])"},
      {"unnamed-error=no-type", R"([{"input_array":"attributes"}])"},
      {"unnamed-error=text", R"(["an object of this request could not be processed"])"}};
  for (const auto& [fault, errors] : forms) {
    Use(fault);
    EXPECT_EQ(ToJson(*Parsed(Track(ManyObjects(2)).body).Find("errors")), errors) << fault;
  }
}

TEST_F(MockFaults, FindTheirCustomerInTheBodyOfEveryEndpoint) {
  Use("status=503,external_id=7");
  const Headers key = {{"Authorization", "Bearer k"}};
  const auto status = [&](const char* path, const char* body) {
    return Send("POST", path, body, key).status;
  };
  EXPECT_EQ(status("/users/delete", R"({"external_ids":["1"]})"), 201);
  EXPECT_EQ(status("/users/delete", R"({"external_ids":["1","7"]})"), 503);
  EXPECT_EQ(status("/messages/send", R"({"recipients":[{"external_id":7}]})"), 503);
  EXPECT_EQ(status("/users/track/bulk", R"({"attributes":[{"external_id":"7"}]})"), 503);
  EXPECT_EQ(status("/users/track/bulk", R"({"attributes":[{"external_id":"70"}]})"), 201);
}

TEST_F(MockFaults, RejectAllNamesEveryObject) {
  // Section 4.3: all objects invalid.
  Use("reject-all");
  const Response response = Track(ManyObjects(3));
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(Parsed(response.body).Find("errors")->list()->size(), 3U);
  EXPECT_EQ(Stat("profiles"), 0);
}

TEST_F(MockFaults, OnTheWireAreProcessedOrNotAsTheirNameSays) {
  struct Case {
    const char* fault;
    Wire wire;
    bool processed;
  };
  for (const auto& [fault, wire, processed] :
       std::vector<Case>{{"reset", Wire::kReset, false},
                         {"reset-after", Wire::kReset, true},
                         {"hang", Wire::kHang, false},
                         {"hang-after", Wire::kHang, true},
                         {"truncate", Wire::kTruncate, true},
                         {"slow=200ms", Wire::kSlow, true}}) {
    Use(fault);
    EXPECT_EQ(Set(R"("a":1)").wire, wire) << fault;
    EXPECT_EQ(Attributes(), processed ? R"({"a":1})" : "") << fault;
    const bool answered = wire == Wire::kTruncate || wire == Wire::kSlow;
    EXPECT_EQ(Stat("unanswered"), answered ? 0 : 1) << fault;
    EXPECT_EQ(Stat("in_flight"), 0) << fault;
  }
}

TEST_F(MockFaults, BodiesThatAreNotTheContracts) {
  Use("not-json,count=1;empty,count=1;html");
  const Response not_json = Track(R"({"attributes":[{"external_id":"1"}]})");
  EXPECT_EQ(not_json.status, 201);
  EXPECT_FALSE(ParseJson(not_json.body).ok());
  const Response empty = Track(R"({"attributes":[{"external_id":"2"}]})");
  EXPECT_EQ(empty.status, 201);
  EXPECT_EQ(empty.body, "");
  const Response html = Track(R"({"attributes":[{"external_id":"3"}]})");
  EXPECT_EQ(html.status, 200);
  EXPECT_EQ(html.body.substr(0, 15), "<!DOCTYPE html>");
  EXPECT_EQ(Stat("profiles"), 2);  // html comes from a proxy: it never reached Braze
}

TEST_F(MockFaults, MaintenanceQueues) {
  // Section 4.4: HTTP 202 with {"message": "queued"}; "received and queued".
  Use("maintenance");
  const Response response = Set(R"("a":1)");
  EXPECT_EQ(response.status, 202);
  EXPECT_EQ(response.body, R"({"message":"queued"})");
  EXPECT_EQ(Attributes(), R"({"a":1})");
}

TEST_F(MockFaults, SpoilNoRefusal) {
  Use("maintenance");
  EXPECT_EQ(Track("{").status, 400);
  EXPECT_EQ(Track(ManyObjects(1), "").status, 401);
}

TEST_F(MockFaults, KeysSayWhichRequestsAreHit) {
  Use("status=500,count=2");
  EXPECT_EQ(Pattern(4), "XX..");
  Use("status=500,request=3");
  EXPECT_EQ(Pattern(4), "..X.");
  Use("status=500,external_id=0");
  EXPECT_EQ(Pattern(1), "X");
  EXPECT_EQ(Set(R"("a":1)").status, 201);
  Use("status=500,path=/elsewhere");
  EXPECT_EQ(Pattern(1), ".");
  EXPECT_EQ(Send("POST", "/elsewhere").status, 500);
}

TEST_F(MockFaults, FirstInTheListThatFitsWins) {
  Use("status=500,request=2;status=502,request=2;status=503,count=1");
  EXPECT_EQ(Set(R"("a":1)").status, 503);
  EXPECT_EQ(Set(R"("a":1)").status, 500);
  EXPECT_EQ(Set(R"("a":1)").status, 201);
}

TEST_F(MockFaults, RateIsRepeatableBySeed) {
  Use("status=500,rate=0.3", 7);
  const std::string first = Pattern(200);
  Use("status=500,rate=0.3", 7);
  EXPECT_EQ(Pattern(200), first);
  Use("status=500,rate=0.3", 8);
  EXPECT_NE(Pattern(200), first);
  const auto hits = std::ranges::count(first, 'X');
  EXPECT_GT(hits, 35);
  EXPECT_LT(hits, 85);
  Use("status=500,rate=0");
  EXPECT_EQ(Pattern(20), std::string(20, '.'));
}

TEST_F(MockFaults, AreReplacedAtRunTimeAndComeBackWithReset) {
  Use("status=500");
  EXPECT_EQ(Pattern(1), "X");
  const Response set = Control("/_mock/faults", R"({"faults":["status=503,request=2"]})");
  EXPECT_EQ(set.status, 200);
  EXPECT_EQ(set.body, "{\"faults\":[\"status=503,request=2\"],\"hits\":[0]}\n");
  EXPECT_EQ(Pattern(3), ".X.");  // numbers count from the new list on
  Control("/_mock/faults", R"({"faults":[]})");
  EXPECT_EQ(Pattern(2), "..");
  Control("/_mock/reset", "");
  EXPECT_EQ(Pattern(1), "X");
}

TEST_F(MockFaults, WrongListChangesNothingAndSaysWhy) {
  Use("status=500");
  for (const std::string body :
       {R"({"faults":["explode"]})", R"({"faults":"reset"})", R"({"faults":[5]})", R"({})",
        R"({"faults":[],"more":1})", "[]", "{"}) {
    EXPECT_EQ(Control("/_mock/faults", body).status, 400) << body;
  }
  EXPECT_EQ(Pattern(1), "X");
}

TEST_F(MockFaults, OfObjectsAreNotUsedUpByRequestsWithout) {
  Use("reject-all,count=1");
  const Headers key = {{"Authorization", "Bearer k"}};
  EXPECT_EQ(Send("POST", "/users/delete", R"({"external_ids":["1"]})", key).status, 201);
  EXPECT_EQ(Track(ManyObjects(1)).status, 400);
}

TEST_F(MockFaults, ShowHowOftenTheyHit) {
  Control("/_mock/faults", R"({"faults":["status=503,count=2","object-error,external_id=a;b"]})");
  for (int i = 0; i < 4; ++i) Track(R"({"attributes":[{"external_id":"a;b"}]})");
  EXPECT_EQ(Get("/_mock/faults").body,
            R"({"faults":["status=503,count=2","object-error,external_id=a;b"],"hits":[2,2]})"
            "\n");
}

TEST_F(MockFaults, OfObjectsAreRecordedToo) {
  Use("object-error,external_id=1");
  Track(ManyObjects(3));
  const Value seen = Parsed(Get("/_mock/requests").body);
  EXPECT_EQ(*seen.Find("requests")->list()->back().Find("fault"),
            Value("object-error,external_id=1"));
}

TEST_F(MockFaults, GiveEachKeyOnce) {
  EXPECT_NE(ParseFault("status=503,rate=0.1,rate=0.2").error().find("rate is given twice"),
            std::string::npos);
  EXPECT_NE(ParseFault("status=503, rate=0.1").error().find("without blanks"), std::string::npos);
}

}  // namespace
}  // namespace mockbraze

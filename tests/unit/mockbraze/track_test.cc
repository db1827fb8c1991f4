#include <string>

#include "mockbraze/base/limits.h"
#include "tests/unit/mockbraze/service_fixture.h"

namespace mockbraze {
namespace {

using TrackAnswer = ServiceFixture;

constexpr char no_valid_data[] =
    "Valid data must be provided in the 'attributes', 'events', or 'purchases' fields.";

TEST_F(TrackAnswer, Is201WithTheCountersOfTheArraysThatWereSent) {
  // Section 11: 201, members in the order attributes_processed, (events_processed,
  // purchases_processed,) message; "counters only for the arrays that were sent".
  const Response one = Track(R"({"attributes":[{"external_id":"1","plan":"pro"}]})");
  EXPECT_EQ(one.status, 201);
  EXPECT_EQ(one.body, R"({"attributes_processed":1,"message":"success"})");
  const Response all = Track(
      R"({"purchases":[{"external_id":"1","product_id":"p","currency":"EUR","price":1.5,
          "time":"2026-01-01T00:00:00Z"}],
          "events":[{"external_id":"1","name":"e","time":"2019-02-15 00:00:00 -0500"}],
          "attributes":[{"external_id":"1","a":1}]})");
  EXPECT_EQ(all.body, R"({"attributes_processed":1,"events_processed":1,"purchases_processed":1,)"
                      R"("message":"success"})");
}

TEST_F(TrackAnswer, CountsUsersWithAttributes) {
  // Section 4.1: "attributes_processed counts external_ids with attributes queued".
  EXPECT_EQ(Track(R"({"attributes":[{"external_id":"1","a":1},{"external_id":"1","b":2}]})").body,
            R"({"attributes_processed":1,"message":"success"})");
}

TEST_F(TrackAnswer, HasTheHeadersSeenOnTheWire) {
  // Section 11, headers of every answer.
  const Response response = Set(R"("a":1)");
  EXPECT_EQ(Header(response, "content-type"), "application/json");
  EXPECT_EQ(Header(response, "x-ratelimit-limit"), "3000");
  EXPECT_EQ(Header(response, "x-ratelimit-remaining"), "2999");
  EXPECT_EQ(Header(response, "x-ratelimit-reset"), "1788746403");
  EXPECT_EQ(Header(response, "etag").substr(0, 3), "W/\"");
  EXPECT_EQ(Header(response, "cache-control"), "max-age=0, private, must-revalidate");
  EXPECT_EQ(Header(response, "x-request-id").size(), 36U);
  EXPECT_NE(Header(response, "x-runtime"), "(none)");
  EXPECT_EQ(Header(response, "vary"), "Origin,Accept-Encoding");
  EXPECT_EQ(Header(Set(R"("a":1)"), "x-ratelimit-remaining"), "2998");
  clock_.Advance(std::chrono::seconds(3));
  EXPECT_EQ(Header(Set(R"("a":1)"), "x-ratelimit-remaining"), "2999");
}

TEST_F(TrackAnswer, NamesBadObjectsAndKeepsTheOthers) {
  // Section 4.2: a success status with errors; "everything not named by an error is processed".
  const Response response = Track(
      R"({"attributes":[{"plan":1},{"external_id":"u","plan":2},{"external_id":"v","email":"x"}],
          "events":[{"external_id":"u"}]})");
  EXPECT_EQ(response.status, 201);
  EXPECT_EQ(response.body,
            R"({"attributes_processed":1,"events_processed":0,"message":"success","errors":[)"
            R"({"type":"'external_id' or 'braze_id' or 'user_alias' is required",)"
            R"("input_array":"attributes","index":0},)"
            R"({"type":"EMAIL_BAD_FORMAT","input_array":"attributes","index":2},)"
            R"({"type":"'name' is required","input_array":"events","index":0}]})");
  EXPECT_EQ(Attributes("u"), R"({"plan":2})");
  EXPECT_EQ(Attributes("v"), "");
  EXPECT_EQ(Stat("attribute_objects"), 1);
}

TEST_F(TrackAnswer, AllObjectsInvalidIs400WithTheirErrors) {
  // Section 4.3: all objects invalid, the message "with the same per-object errors entries".
  const Response response = Track(R"({"attributes":[{"a":1},5]})");
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(response.body,
            std::string(R"({"message":")") + no_valid_data +
                R"(","errors":[{"type":"'external_id' or 'braze_id' or 'user_alias' is required",)"
                R"("input_array":"attributes","index":0},)"
                R"({"type":"must be an object","input_array":"attributes","index":1}]})");
}

TEST_F(TrackAnswer, NothingToDoIs400) {
  for (const std::string body : {"{}", R"({"attributes":[]})", R"({"attributes":null})"}) {
    const Response response = Track(body);
    EXPECT_EQ(response.status, 400) << body;
    EXPECT_EQ(response.body, std::string(R"({"message":")") + no_valid_data + "\"}");
  }
}

TEST_F(TrackAnswer, Takes75ObjectsAndNotMore) {
  // Section 1.6: "75 objects total, attributes + events + purchases together"; beyond it 400
  // "Max Input Length Exceeded".
  EXPECT_EQ(Track(ManyObjects(75)).body, R"({"attributes_processed":75,"message":"success"})");
  const Response over = Track(ManyObjects(76));
  EXPECT_EQ(over.status, 400);
  EXPECT_EQ(over.body, R"({"message":"Max Input Length Exceeded"})");
  std::string mixed = ManyObjects(75);
  mixed.pop_back();
  mixed += R"(,"events":[{"external_id":"1","name":"e","time":"2026-01-01"}]})";
  EXPECT_EQ(Track(mixed).status, 400);
  EXPECT_EQ(Track(ManyObjects(5000)).body, R"({"message":"Max Input Length Exceeded"})");
  EXPECT_EQ(Stat("profiles"), 75);
  EXPECT_EQ(Stat("max_objects_per_request"), 5000);
}

TEST_F(TrackAnswer, BodyBeyondFourMegabytesIs413) {
  // Section 1.7: "body up to 4 MB; beyond: 413 Request Entity Too Large".
  std::optional<Response> answer;
  Request request;
  request.method = "POST";
  request.path = "/users/track";
  request.too_large = true;
  service_->Handle(request, [&](Response response) { answer = std::move(response); });
  EXPECT_EQ(answer->status, 413);
  EXPECT_EQ(answer->body, R"({"message":"Request Entity Too Large"})");
}

TEST_F(TrackAnswer, BadSyntaxIs400) {
  // Section 4.3: 400 "Bad Request: bad syntax".
  for (const std::string& body :
       {std::string(), std::string("{x"), std::string("[]"), std::string("7"),
        std::string(R"({"attributes":{}})"), std::string(R"({"attributes":[{"a":"\xFF"}]})"),
        std::string("{\"attributes\":[{\"external_id\":\"\xC3\"}]}"), std::string(100'000, '['),
        std::string(R"({"attributes":[{"external_id":"u","n":99999999999999999999}]})")}) {
    const Response response = Track(body);
    EXPECT_EQ(response.status, 400) << body.substr(0, 60);
    EXPECT_TRUE(Parsed(response.body).Find("message")) << body.substr(0, 60);
  }
  EXPECT_EQ(Stat("profiles"), 0);
}

TEST_F(TrackAnswer, WrongPathOrMethodIs404) {
  // Section 4.3: 404 "Not Found: invalid URL".
  EXPECT_EQ(Send("POST", "/users/trakc").status, 404);
  EXPECT_EQ(Send("POST", "/").status, 404);
  EXPECT_EQ(Send("GET", "/users/track").status, 404);
  EXPECT_NE(Send("POST", "/users/trakc").body.find("/_mock/stubs"), std::string::npos);
}

TEST_F(TrackAnswer, AnyKeyDoesWithoutConfiguredKeysButNotNone) {
  EXPECT_EQ(Track(ManyObjects(1), "whatever").status, 201);
  EXPECT_EQ(Send("POST", "/users/track", ManyObjects(1)).status, 401);
  EXPECT_EQ(Track(ManyObjects(1), "").status, 401);
}

TEST_F(TrackAnswer, WrongKeyIs401WithTheKeyAndEmptyRateHeaders) {
  // Section 11: 401, body {"message":"Invalid API key: <the key sent>"}; "the three rate headers
  // are present but empty strings".
  Options options;
  options.settings.keys = {{"right", {}}};
  Restart(options);
  EXPECT_EQ(Track(ManyObjects(1), "right").status, 201);
  const Response response = Track(ManyObjects(1), "wr\"ong");
  EXPECT_EQ(response.status, 401);
  EXPECT_EQ(response.body, R"({"message":"Invalid API key: wr\"ong"})");
  for (const char* name : {"x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"}) {
    EXPECT_EQ(Header(response, name), "") << name;
  }
}

TEST_F(TrackAnswer, KeyInQuotesIs401) {
  // Section 1.2: "wrapping the key in single or double quotes gives 401".
  EXPECT_EQ(Track(ManyObjects(1), "\"key\"").status, 401);
  EXPECT_EQ(Track(ManyObjects(1), "'key'").status, 401);
}

TEST_F(TrackAnswer, MissingPermissionIs403) {
  // Section 1.4: missing scope, "403 Access Denied".
  Options options;
  options.settings.keys = {{"reader", {"users.export.ids"}}, {"writer", {"users.track"}}};
  Restart(options);
  EXPECT_EQ(Track(ManyObjects(1), "writer").status, 201);
  const Response response = Track(ManyObjects(1), "reader");
  EXPECT_EQ(response.status, 403);
  EXPECT_EQ(response.body, R"({"message":"Access Denied"})");
}

TEST_F(TrackAnswer, BulkHeaderIsRecordedAndChangesNothing) {
  // Section 1.3: the mock "accepts it, records it per request, and must not change limits or
  // answers because of it".
  const Headers headers = {{"authorization", "bearer key"}, {"X-Braze-Bulk", "true"}};
  EXPECT_EQ(Send("POST", "/users/track", ManyObjects(75), headers).body,
            R"({"attributes_processed":75,"message":"success"})");
  EXPECT_EQ(Send("POST", "/users/track", ManyObjects(76), headers).status, 400);
  Track(ManyObjects(1));
  EXPECT_EQ(Stat("bulk_header_requests"), 2);
}

TEST_F(TrackAnswer, LatencyDelaysBraze) {
  Options options;
  options.settings.latency = std::chrono::milliseconds(400);
  Restart(options);
  const auto first = Begin("POST", "/users/track", ManyObjects(1), {{"authorization", "Bearer k"}});
  const auto second = Begin("POST", "/other", "");
  EXPECT_FALSE(first->has_value());
  EXPECT_FALSE(second->has_value());
  EXPECT_EQ(scheduler_.delays(), std::vector(2, std::chrono::milliseconds(400)));
  EXPECT_EQ(Get("/_mock/health").status, 200);
  scheduler_.RunAll();
  EXPECT_EQ(first->value().status, 201);
  EXPECT_EQ(second->value().status, 404);
}

TEST_F(TrackAnswer, InvalidEventsAndPurchasesAreNamed) {
  // Section 3: required members of events and purchases; quantity "at most 100".
  const auto error = [&](const std::string& array, const std::string& members) {
    const Value body =
        Parsed(Track("{\"" + array + R"(":[{"external_id":"u")" + members + "}]}").body);
    const Value* errors = body.Find("errors");
    return errors ? *(*errors->list())[0].Find("type")->string() : std::string();
  };
  EXPECT_EQ(error("events", R"(,"name":"e","time":"2026-01-01","properties":{"a":1})"), "");
  EXPECT_EQ(error("events", R"(,"name":"e")"), "'time' is required");
  EXPECT_EQ(error("events", R"(,"name":"e","time":"2026-01-01","properties":5)"),
            "Invalid 'properties' field");
  const std::string bought = R"(,"product_id":"p","currency":"EUR","time":"2026-01-01")";
  EXPECT_EQ(error("purchases", bought + R"(,"price":2.5,"quantity":100)"), "");
  EXPECT_EQ(error("purchases", bought), "'price' is required");
  EXPECT_NE(error("purchases", bought + R"(,"price":2.5,"quantity":101)"), "");
  EXPECT_EQ(error("purchases", R"(,"price":2.5)"), "'product_id' is required");
  EXPECT_EQ(Stat("events"), 1);
  EXPECT_EQ(Stat("purchases"), 1);
  EXPECT_EQ(*Parsed(Get("/_mock/users?external_id=u").body).Find("total_revenue"), Value(250.0));
}

}  // namespace
}  // namespace mockbraze

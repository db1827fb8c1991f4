#include <string>

#include "tests/unit/mockbraze/service_fixture.h"

namespace mockbraze {
namespace {

class SyncAnswer : public ServiceFixture {
 protected:
  Response Sync(std::string body, std::string key = "key") {
    return Post("/users/track/sync", std::move(body), std::move(key));
  }
  // The answer to an attributes object of user "u".
  std::string SyncSet(const std::string& members) {
    return Sync(R"({"attributes":[{"external_id":"u",)" + members + "}]}").body;
  }
};

TEST_F(SyncAnswer, NamesTheUserAsSentAndOnlyWhatWasSent) {
  // Section 6: "{"users": [{<identifier>, "custom_attributes" | ...}], "message": "success"}"; only
  // things named in the request.
  Set(R"("old":1)");
  const Response response =
      Sync(R"({"attributes":[{"external_id":"u","plan":"pro","n":{"inc":2},"first_name":"Ada"}]})");
  EXPECT_EQ(response.status, 201);
  EXPECT_EQ(response.body,
            R"({"users":[{"external_id":"u","custom_attributes":{"plan":"pro","n":2}}],)"
            R"("message":"success"})");
  EXPECT_EQ(Sync(R"({"attributes":[{"external_id":7,"a":1}]})").body,
            R"({"users":[{"external_id":7,"custom_attributes":{"a":1}}],"message":"success"})");
  EXPECT_EQ(Sync(R"({"attributes":[{"email":"A@b.co","a":1}]})").body,
            R"({"users":[{"email":"A@b.co","custom_attributes":{"a":1}}],"message":"success"})");
}

TEST_F(SyncAnswer, IsCompletedWhateverTheProcessingDelay) {
  // Section 6: "201 means completed".
  Control("/_mock/workspace", R"({"processing_delay_ms":60000})");
  Set(R"("waits":1)");
  SyncSet(R"("now":1)");
  EXPECT_EQ(Attributes(), R"({"now":1})");
  clock_.Advance(std::chrono::seconds(60));
  EXPECT_EQ(Attributes(), R"({"now":1,"waits":1})");
}

TEST_F(SyncAnswer, EventsHaveFirstLastAndCount) {
  // Section 6: "Events have name, first, last, count".
  Track(R"({"events":[{"external_id":"u","name":"e","time":"2026-01-01"},
                      {"external_id":"u","name":"other","time":"2026-01-01"}]})");
  EXPECT_EQ(Sync(R"({"events":[{"external_id":"u","name":"e","time":"2026-01-02"}]})").body,
            R"({"users":[{"external_id":"u","custom_events":[{"name":"e","first":"2026-01-01",)"
            R"("last":"2026-01-02","count":2}]}],"message":"success"})");
}

TEST_F(SyncAnswer, PurchasesHaveTheProductId) {
  // Section 6: "purchases product_id in place of name".
  EXPECT_EQ(Sync(R"({"purchases":[{"external_id":"u","product_id":"p","currency":"EUR","price":2,
                                   "quantity":3,"time":"2026-01-03"}]})")
                .body,
            R"({"users":[{"external_id":"u","purchase_events":[{"product_id":"p",)"
            R"("first":"2026-01-03","last":"2026-01-03","count":3}]}],"message":"success"})");
}

TEST_F(SyncAnswer, UsersAreEmptyWhenNobodyMatched) {
  // Section 6: "users may be empty in update-only mode".
  const std::string nobody = R"({"users":[],"message":"success"})";
  EXPECT_EQ(SyncSet(R"("_update_existing_only":true,"a":1)"), nobody);
  EXPECT_EQ(
      Sync(R"({"attributes":[{"user_alias":{"alias_name":"n","alias_label":"l"},"a":1}]})").body,
      nobody);
  EXPECT_EQ(Stat("profiles"), 0);
}

TEST_F(SyncAnswer, ShowsAValueThatWasRefusedInSilence) {
  // Section 6: "A value that comes back different was refused in silence".
  const std::string tail = R"(}}],"message":"success"})";
  const std::string head = R"({"users":[{"external_id":"u","custom_attributes":{"a":)";
  const std::string too_long = R"("a":")" + std::string(256, 'x') + "\"";
  // What the profile does not hold is null: ours.
  EXPECT_EQ(SyncSet(too_long), head + "null" + tail);
  SyncSet(R"("a":"old")");
  EXPECT_EQ(SyncSet(too_long), head + R"("old")" + tail);
  EXPECT_EQ(SyncSet(R"("a":null)"), head + "null" + tail);
}

TEST_F(SyncAnswer, TakesExactlyOneObject) {
  // Section 6: "exactly one object"; what Braze answers to others is not stated: ours.
  const std::string event = R"({"external_id":"u","name":"e","time":"2026-01-01"})";
  for (const std::string& body :
       {std::string("{}"), std::string(R"({"attributes":[]})"), ManyObjects(2),
        R"({"attributes":[{"external_id":"u","a":1}],"events":[)" + event + "]}"}) {
    const Response response = Sync(body);
    EXPECT_EQ(response.status, 400) << body;
    EXPECT_TRUE(Parsed(response.body).Find("message")) << body;
  }
  EXPECT_EQ(Stat("profiles"), 0);
}

TEST_F(SyncAnswer, HasTheErrorsOfTrack) {
  // Section 4.3: all objects invalid, with errors as in 4.2.
  const Response response = Sync(R"({"attributes":[{"a":1}]})");
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(response.body, Track(R"({"attributes":[{"a":1}]})").body);
}

TEST_F(SyncAnswer, NeedsItsPermission) {
  // Section 1.4: "users.track.sync" opens "/users/track/sync"; a missing one is "403 Access
  // Denied".
  Control("/_mock/workspace", R"({"keys":[{"key":"track","permissions":["users.track"]},
                                          {"key":"sync","permissions":["users.track.sync"]}]})");
  EXPECT_EQ(Sync(ManyObjects(1), "track").body, R"({"message":"Access Denied"})");
  EXPECT_EQ(Sync(ManyObjects(1), "track").status, 403);
  EXPECT_EQ(Sync(ManyObjects(1), "sync").status, 201);
}

TEST_F(SyncAnswer, Takes500RequestsAMinute) {
  // Section 1.8: "/users/track/sync | 500 a minute".
  for (int i = 0; i < 500; ++i) ASSERT_EQ(Sync(ManyObjects(1)).status, 201) << i;
  EXPECT_EQ(Sync(ManyObjects(1)).status, 429);
  EXPECT_EQ(Track(ManyObjects(1)).status, 201);
  clock_.Advance(std::chrono::minutes(1));
  EXPECT_EQ(Sync(ManyObjects(1)).status, 201);
}

TEST_F(SyncAnswer, IsLostToARequestThatBeganBeforeIt) {
  // Section 1.10: "two simultaneous updates of different attributes of one user can overwrite each
  // other, since the later one began from the old profile".
  Control("/_mock/workspace", R"({"lost_updates":true,"latency_ms":400})");
  const Headers headers = {{"authorization", "Bearer k"}};
  Begin("POST", "/users/track", R"({"attributes":[{"external_id":"u","slow":1}]})", headers);
  Begin("POST", "/users/track/sync", R"({"attributes":[{"external_id":"u","fast":1}]})", headers);
  EXPECT_EQ(Attributes(), R"({"fast":1})");
  scheduler_.RunAll();
  EXPECT_EQ(Attributes(), R"({"slow":1})");
  EXPECT_EQ(Stat("lost_updates"), 1);
}

}  // namespace
}  // namespace mockbraze

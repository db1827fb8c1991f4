#include <string>

#include "mockbraze/base/limits.h"
#include "tests/unit/mockbraze/service_fixture.h"

namespace mockbraze {
namespace {

class BulkAnswer : public ServiceFixture {
 protected:
  Response Bulk(std::string body, std::string key = "key") {
    return Post("/users/track/bulk", std::move(body), std::move(key));
  }
  static std::string ManyOfOne(int n) {
    std::string list;
    for (int i = 0; i < n; ++i) list += (i > 0 ? "," : "") + std::string(R"({"external_id":"u"})");
    return R"({"attributes":[)" + list + "]}";
  }
};

TEST_F(BulkAnswer, IsThatOfTrack) {
  // Section 5: "Body and answers as /users/track".
  const std::string body =
      R"({"attributes":[{"external_id":"u","a":1},{"a":1},{"external_id":"v","email":"x"}],
          "events":[{"external_id":"u","name":"e","time":"2026-01-01"}]})";
  const Response track = Track(body);
  const Response bulk = Bulk(body);
  EXPECT_EQ(bulk.status, 201);
  EXPECT_EQ(bulk.body, track.body);
  EXPECT_EQ(Bulk("{}").body, Track("{}").body);
  EXPECT_EQ(Stat("events"), 2);
}

TEST_F(BulkAnswer, Takes1000ObjectsAndNotMore) {
  // Section 5: "up to 1,000 objects"; more is a 400 (section 12, 12: ours).
  EXPECT_EQ(Bulk(ManyObjects(1000)).body, R"({"attributes_processed":1000,"message":"success"})");
  const Response over = Bulk(ManyObjects(1001));
  EXPECT_EQ(over.status, 400);
  EXPECT_EQ(over.body, R"({"message":"Max Input Length Exceeded"})");
  EXPECT_EQ(Stat("attribute_objects"), 1000);
}

TEST_F(BulkAnswer, Takes100ObjectsOfOneUser) {
  // Section 5: "at most 100 per user"; more is a 400 (section 12, 12: ours).
  EXPECT_EQ(Bulk(ManyOfOne(100)).status, 201);
  EXPECT_EQ(Bulk(ManyOfOne(101)).status, 400);
}

TEST_F(BulkAnswer, BodyBeyondTwoMegabytesIs400) {
  // Section 1.7: "On /users/track/bulk 2 MB, else 400".
  std::string body = ManyObjects(1);
  body.resize(limits::bulk_body_bytes_max, ' ');
  EXPECT_EQ(Bulk(body).status, 201);
  const Response over = Bulk(body + " ");
  EXPECT_EQ(over.status, 400);
  EXPECT_EQ(Track(body + " ").status, 201);
}

TEST_F(BulkAnswer, NeedsItsPermissionUnlessForPartners) {
  // Section 1.4: "users.track.bulk | /users/track/bulk; for partners' keys users.track opens both".
  Control("/_mock/workspace", R"({"keys":[{"key":"track","permissions":["users.track"]},
                                          {"key":"bulk","permissions":["users.track.bulk"]}]})");
  EXPECT_EQ(Bulk(ManyObjects(1), "track").status, 403);
  EXPECT_EQ(Bulk(ManyObjects(1), "bulk").status, 201);
  EXPECT_EQ(Track(ManyObjects(1), "bulk").status, 403);
  Control("/_mock/workspace", R"({"bulk_permission_mode":"partner"})");
  EXPECT_EQ(Bulk(ManyObjects(1), "track").status, 201);
  EXPECT_EQ(Bulk(ManyObjects(1), "bulk").status, 201);
  EXPECT_EQ(Bulk(ManyObjects(1), "unknown").status, 401);
}

TEST_F(BulkAnswer, Takes50RequestsASecond) {
  // Section 5: "50 requests a second".
  for (int i = 0; i < 50; ++i) ASSERT_EQ(Bulk(ManyObjects(1)).status, 201) << i;
  EXPECT_EQ(Bulk(ManyObjects(1)).status, 429);
  EXPECT_EQ(Track(ManyObjects(1)).status, 201);
  clock_.Advance(std::chrono::seconds(1));
  EXPECT_EQ(Bulk(ManyObjects(1)).status, 201);
}

}  // namespace
}  // namespace mockbraze

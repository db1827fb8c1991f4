#include <string>

#include "tests/unit/mockbraze/service_fixture.h"

namespace mockbraze {
namespace {

class DeleteAnswer : public ServiceFixture {
 protected:
  Response Delete(std::string body, std::string key = "key") {
    return Post("/users/delete", std::move(body), std::move(key));
  }
  // Three users of one address, in the order of their updates: without, with, with external id.
  void MakeThreeOfOneEmail() {
    Track(R"({"attributes":[{"email":"a@b.co","a":1}]})");
    Track(R"({"attributes":[{"external_id":"old","email":"a@b.co"}]})");
    Track(R"({"attributes":[{"external_id":"new","email":"a@b.co"}]})");
  }
  void DeleteByEmail(const std::string& prioritization) {
    const Response response = Delete(R"({"email_addresses":[{"email":"A@b.co","prioritization":)" +
                                     prioritization + "}]}");
    EXPECT_EQ(response.body, R"({"deleted":1,"message":"success"})");
  }
};

TEST_F(DeleteAnswer, RemovesByEveryKindOfId) {
  // Section 7.2: "One of external_ids, user_aliases, braze_ids, email_addresses, phone_numbers".
  Track(R"({"attributes":[{"external_id":"a"},{"external_id":"b"},{"email":"a@b.co"},
      {"phone":"+15551234567"},{"external_id":"stays"},
      {"user_alias":{"alias_name":"n","alias_label":"l"},"_update_existing_only":false}]})");
  const Value user = Parsed(Get("/_mock/users?external_id=b").body);
  for (const std::string& ids :
       {std::string(R"("external_ids":["a"])"),
        R"("braze_ids":[)" + ToJson(*user.Find("braze_id")) + "]",
        std::string(R"("user_aliases":[{"alias_name":"n","alias_label":"l"}])"),
        std::string(R"("email_addresses":[{"email":"a@b.co","prioritization":["unidentified"]}])"),
        std::string(
            R"("phone_numbers":[{"phone":"+15551234567","prioritization":["unidentified"]}])")}) {
    EXPECT_EQ(Delete("{" + ids + "}").body, R"({"deleted":1,"message":"success"})") << ids;
  }
  EXPECT_EQ(Stat("profiles"), 1);
  EXPECT_EQ(Get("/_mock/users?external_id=stays").status, 200);
  EXPECT_EQ(Get("/_mock/users?external_id=b").status, 404);
}

TEST_F(DeleteAnswer, UserIsMadeAnewAfterwards) {
  Set(R"("a":1)");
  const Value before = Parsed(Get("/_mock/users?external_id=u").body);
  Delete(R"({"external_ids":["u"]})");
  Set(R"("b":1)");
  EXPECT_EQ(Attributes(), R"({"b":1})");
  EXPECT_NE(*Parsed(Get("/_mock/users?external_id=u").body).Find("braze_id"),
            *before.Find("braze_id"));
}

TEST_F(DeleteAnswer, PrioritizationChoosesOne) {
  // Section 7.6: "prioritization is an ordered array of identified or unidentified, and
  // most_recently_updated or least_recently_updated".
  MakeThreeOfOneEmail();
  DeleteByEmail(R"(["identified","most_recently_updated"])");
  EXPECT_EQ(Get("/_mock/users?external_id=new").status, 404);
  EXPECT_EQ(Stat("profiles"), 2);
  DeleteByEmail(R"(["least_recently_updated"])");
  EXPECT_EQ(Get("/_mock/users?external_id=old").status, 200);
  EXPECT_EQ(Stat("profiles"), 1);
  DeleteByEmail(R"(["unidentified"])");
  EXPECT_EQ(Stat("profiles"), 1);
}

TEST_F(DeleteAnswer, NobodyIsRemovedWhenSeveralAreLeft) {
  // Section 7.6: "when it leaves more than one, nothing happens".
  MakeThreeOfOneEmail();
  DeleteByEmail(R"(["identified"])");
  EXPECT_EQ(Stat("profiles"), 3);
}

TEST_F(DeleteAnswer, TakesOneKindOfUpTo50Ids) {
  // Section 1.6: "The max number of ids per request was exceeded"; the text for two kinds is ours.
  const auto ids = [](int n) {
    std::string list;
    for (int i = 0; i < n; ++i) list += (i > 0 ? ",\"" : "\"") + std::to_string(i) + "\"";
    return R"({"external_ids":[)" + list + "]}";
  };
  EXPECT_EQ(Delete(ids(50)).body, R"({"deleted":50,"message":"success"})");
  const Response over = Delete(ids(51));
  EXPECT_EQ(over.status, 400);
  EXPECT_EQ(over.body, R"({"message":"The max number of ids per request was exceeded"})");
  EXPECT_EQ(Delete(R"({"external_ids":["u"],"braze_ids":["x"]})").status, 400);
  EXPECT_EQ(Delete(R"({"external_ids":["u"],"braze_ids":[]})").status, 201);
}

TEST_F(DeleteAnswer, BadEntryIs400AndRemovesNobody) {
  Set(R"("a":1)");
  for (const char* body :
       {"{}", R"({"external_ids":[]})", R"({"external_ids":"u"})", R"({"external_ids":["u",{}]})",
        R"({"user_aliases":[{"alias_name":"n"}]})", R"({"email_addresses":["a@b.co"]})",
        R"({"email_addresses":[{"email":"a@b.co"}]})",
        R"({"email_addresses":[{"email":"a@b.co","prioritization":[]}]})",
        R"({"email_addresses":[{"email":"a@b.co","prioritization":["oldest"]}]})",
        R"({"phone_numbers":[{"phone":"+15551234567",
            "prioritization":["identified","unidentified"]}]})"}) {
    const Response response = Delete(body);
    EXPECT_EQ(response.status, 400) << body;
    EXPECT_EQ(Parsed(response.body).object()->size(), 1U) << body;
  }
  EXPECT_EQ(Stat("profiles"), 1);
}

using UserEndpoints = ServiceFixture;

TEST_F(UserEndpoints, NeedTheirPermissions) {
  // Section 1.4: "users.delete, users.identify, users.alias.new, ..., users.merge | of the same
  // name"; a missing one is "403 Access Denied".
  for (const std::string path : {"delete", "identify", "alias/new", "merge"}) {
    std::string permission = "users." + path;
    std::ranges::replace(permission, '/', '.');
    Control("/_mock/workspace", R"({"keys":[{"key":"other","permissions":["users.track"]},
                                            {"key":"right","permissions":[")" +
                                    permission + "\"]}]}");
    const Response refused = Post("/users/" + path, "{}", "other");
    EXPECT_EQ(refused.status, 403) << path;
    EXPECT_EQ(refused.body, R"({"message":"Access Denied"})") << path;
    EXPECT_EQ(Post("/users/" + path, "{}", "right").status, 400) << path;
  }
}

TEST_F(UserEndpoints, Share20000RequestsAMinute) {
  // Section 1.8: "/users/delete, /users/alias/new, ..., /users/identify, /users/merge | 20,000 a
  // minute, shared".
  std::string left;
  for (const std::string path : {"delete", "identify", "alias/new", "merge"}) {
    const Response response = Post("/users/" + path, "{}");
    EXPECT_EQ(Header(response, "x-ratelimit-limit"), "20000") << path;
    left += Header(response, "x-ratelimit-remaining") + " ";
  }
  EXPECT_EQ(left, "19999 19998 19997 19996 ");
  for (int i = 4; i < 20'000; ++i) Post("/users/delete", "{}");
  EXPECT_EQ(Post("/users/merge", "{}").status, 429);
  EXPECT_EQ(Track(ManyObjects(1)).status, 201);
  clock_.Advance(std::chrono::minutes(1));
  EXPECT_EQ(Post("/users/merge", "{}").status, 400);
}

}  // namespace
}  // namespace mockbraze

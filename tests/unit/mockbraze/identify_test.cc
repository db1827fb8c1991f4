#include <string>

#include "tests/unit/mockbraze/service_fixture.h"

namespace mockbraze {
namespace {

class IdentifyAnswer : public ServiceFixture {
 protected:
  static constexpr char one[] = R"({"aliases_processed":1,"message":"success"})";

  // Makes an alias-only user with these attributes.
  void MakeAlias(const std::string& name, const std::string& label, const std::string& members) {
    Track(R"({"attributes":[{"user_alias":{"alias_name":")" + name + R"(","alias_label":")" +
          label + R"("},"_update_existing_only":false,)" + members + "}]}");
  }
  Response IdentifyAlias(const std::string& name, const std::string& label) {
    return Post("/users/identify", R"({"aliases_to_identify":[{"external_id":"u","user_alias":)"
                                   R"({"alias_name":")" +
                                       name + R"(","alias_label":")" + label + R"("}}]})");
  }
  Value User() { return Parsed(Get("/_mock/users?external_id=u").body); }
};

TEST_F(IdentifyAnswer, MergesTheAliasIntoTheExternalIdAndRemovesIt) {
  // Section 7.4: "merges the profile into the external_id's and removes it".
  MakeAlias("n", "l", R"("a":1,"b":1)");
  Set(R"("b":2)");
  const Response response = IdentifyAlias("n", "l");
  EXPECT_EQ(response.status, 201);
  EXPECT_EQ(response.body, one);
  EXPECT_EQ(Stat("profiles"), 1);
  EXPECT_EQ(Attributes(), R"({"b":2,"a":1})");
  EXPECT_EQ(ToJson(*User().Find("user_aliases")), R"([{"alias_name":"n","alias_label":"l"}])");
  EXPECT_EQ(Get("/_mock/users?alias_name=n&alias_label=l").body,
            Get("/_mock/users?external_id=u").body);
}

TEST_F(IdentifyAnswer, GivesAnUnknownExternalIdToTheProfile) {
  // Section 7.4: "an unknown external_id is added to it".
  MakeAlias("n", "l", R"("a":1)");
  const Value before = Parsed(Get("/_mock/users?alias_name=n&alias_label=l").body);
  EXPECT_EQ(IdentifyAlias("n", "l").body, one);
  EXPECT_EQ(Attributes(), R"({"a":1})");
  EXPECT_EQ(*User().Find("braze_id"), *before.Find("braze_id"));
}

TEST_F(IdentifyAnswer, IsPreventedByAClashOfLabels) {
  // Section 7.4: "a clash of alias labels prevents it".
  MakeAlias("n", "l", R"("a":1)");
  MakeAlias("m", "l", R"("b":1)");
  IdentifyAlias("n", "l");
  EXPECT_EQ(IdentifyAlias("m", "l").body, one);
  EXPECT_EQ(Attributes(), R"({"a":1})");
  EXPECT_EQ(Stat("profiles"), 2);
}

TEST_F(IdentifyAnswer, DoesNothingToUnknownAndToIdentifiedUsers) {
  Set(R"("a":1)");
  EXPECT_EQ(IdentifyAlias("n", "l").body, one);
  Track(R"({"attributes":[{"external_id":"other","email":"a@b.co"}]})");
  EXPECT_EQ(Post("/users/identify", R"({"emails_to_identify":[{"external_id":"u",
                "email":"a@b.co","prioritization":["most_recently_updated"]}]})")
                .status,
            201);
  EXPECT_EQ(Stat("profiles"), 2);
}

TEST_F(IdentifyAnswer, FindsByEmailAndPhone) {
  // Section 7.4: "aliases_to_identify, emails_to_identify, phone_numbers_to_identify"; section 7.6:
  // "prioritization".
  Track(R"({"attributes":[{"email":"a@b.co","a":1},{"phone":"+15551234567","b":1}]})");
  Set(R"("c":1,"email":"a@b.co")");
  EXPECT_EQ(Post("/users/identify",
                 R"({"emails_to_identify":[{"external_id":"u","email":"a@b.co",
                      "prioritization":["unidentified","most_recently_updated"]}],
                     "phone_numbers_to_identify":[{"external_id":"u","phone":"+15551234567",
                      "prioritization":["unidentified","most_recently_updated"]}]})")
                .body,
            R"({"aliases_processed":2,"message":"success"})");
  EXPECT_EQ(Attributes(), R"({"c":1,"a":1,"b":1})");
  EXPECT_EQ(Stat("profiles"), 1);
  EXPECT_EQ(Get("/_mock/users?phone=%2B15551234567").status, 200);
}

TEST_F(IdentifyAnswer, TakesUpTo50) {
  // Section 7.4: "up to 50"; that they count together is ours.
  const std::string alias =
      R"({"external_id":"u","user_alias":{"alias_name":"n","alias_label":"l"}})";
  std::string entries = alias;
  for (int i = 1; i < 50; ++i) entries += "," + alias;
  const std::string head = R"({"aliases_to_identify":[)";
  EXPECT_EQ(Post("/users/identify", head + entries + "]}").status, 201);
  const Response over = Post("/users/identify", head + entries + "," + alias + "]}");
  EXPECT_EQ(over.status, 400);
  EXPECT_EQ(over.body,
            R"({"message":"The max number of external_ids and aliases per request was exceeded"})");
}

TEST_F(IdentifyAnswer, BadRequestIs400) {
  for (const char* body :
       {"{}", R"({"aliases_to_identify":[]})", R"({"aliases_to_identify":{}})",
        R"({"aliases_to_identify":[7]})", R"({"aliases_to_identify":[{"external_id":"u"}]})",
        R"({"aliases_to_identify":[{"user_alias":{"alias_name":"n","alias_label":"l"}}]})",
        R"({"emails_to_identify":[{"external_id":"u","email":"a@b.co"}]})",
        R"({"emails_to_identify":[{"external_id":"u","email":"a",
            "prioritization":["identified"]}]})"}) {
    EXPECT_EQ(Post("/users/identify", body).status, 400) << body;
  }
}

}  // namespace
}  // namespace mockbraze

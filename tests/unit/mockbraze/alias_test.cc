#include <string>

#include "tests/unit/mockbraze/service_fixture.h"

namespace mockbraze {
namespace {

class AliasAnswer : public ServiceFixture {
 protected:
  Response New(const std::string& entries) {
    return Post("/users/alias/new", R"({"user_aliases":[)" + entries + "]}");
  }
  std::string Aliases(const std::string& query) {
    const Response response = Get("/_mock/users?" + query);
    if (response.status == 404) return "none";
    return ToJson(*Parsed(response.body).Find("user_aliases"));
  }
};

TEST_F(AliasAnswer, GivesAKnownUserAnAlias) {
  // Section 7.3: "Up to 50 {external_id?, alias_name, alias_label}";
  // {"aliases_processed": 1, "message": "success"}.
  Set(R"("a":1)");
  const Response response = New(R"({"external_id":"u","alias_name":"n","alias_label":"l"})");
  EXPECT_EQ(response.status, 201);
  EXPECT_EQ(response.body, R"({"aliases_processed":1,"message":"success"})");
  EXPECT_EQ(Aliases("external_id=u"), R"([{"alias_name":"n","alias_label":"l"}])");
  Track(R"({"attributes":[{"user_alias":{"alias_name":"n","alias_label":"l"},"b":2}]})");
  EXPECT_EQ(Attributes(), R"({"a":1,"b":2})");
}

TEST_F(AliasAnswer, OfAnUnknownExternalIdIsNobodys) {
  // Section 7.3: "unknown external_id: nobody gets it".
  EXPECT_EQ(New(R"({"external_id":"u","alias_name":"n","alias_label":"l"})").status, 201);
  EXPECT_EQ(Stat("profiles"), 0);
}

TEST_F(AliasAnswer, WithoutExternalIdMakesAnAliasOnlyUser) {
  // Section 7.3: "none: an alias-only user".
  EXPECT_EQ(New(R"({"alias_name":"n","alias_label":"l"},{"alias_name":"m","alias_label":"l"},
                   {"alias_name":"n","alias_label":"l"})")
                .body,
            R"({"aliases_processed":3,"message":"success"})");
  EXPECT_EQ(Stat("profiles"), 2);
  EXPECT_EQ(Aliases("alias_name=m&alias_label=l"), R"([{"alias_name":"m","alias_label":"l"}])");
}

TEST_F(AliasAnswer, IsOnePerLabelAndUser) {
  // Section 2.1: "one name per label and user".
  Set(R"("a":1)");
  New(R"({"external_id":"u","alias_name":"n","alias_label":"l"},
         {"external_id":"u","alias_name":"m","alias_label":"l"},
         {"external_id":"u","alias_name":"n","alias_label":"k"})");
  EXPECT_EQ(Aliases("external_id=u"),
            R"([{"alias_name":"n","alias_label":"l"},{"alias_name":"n","alias_label":"k"}])");
}

TEST_F(AliasAnswer, OfAnotherUserStaysThere) {
  // Ours: what Braze does is not stated.
  Track(ManyObjects(2));
  New(R"({"external_id":"0","alias_name":"n","alias_label":"l"},
         {"external_id":"1","alias_name":"n","alias_label":"l"})");
  EXPECT_EQ(Aliases("external_id=0"), R"([{"alias_name":"n","alias_label":"l"}])");
  EXPECT_EQ(Aliases("external_id=1"), "[]");
}

TEST_F(AliasAnswer, TakesUpTo50) {
  // Section 7.3: "Up to 50".
  std::string entries = R"({"alias_name":"n","alias_label":"l"})";
  for (int i = 1; i < 50; ++i) entries += R"(,{"alias_name":"n","alias_label":"l"})";
  EXPECT_EQ(New(entries).body, R"({"aliases_processed":50,"message":"success"})");
  const Response over = New(entries + R"(,{"alias_name":"n","alias_label":"l"})");
  EXPECT_EQ(over.status, 400);
  EXPECT_EQ(over.body,
            R"({"message":"The max number of external_ids and aliases per request was exceeded"})");
}

TEST_F(AliasAnswer, BadEntryIs400AndChangesNothing) {
  const std::string good = R"({"alias_name":"n","alias_label":"l"})";
  EXPECT_EQ(New("").status, 400);
  EXPECT_EQ(Post("/users/alias/new", R"({"user_aliases":{}})").status, 400);
  for (const std::string& bad :
       {std::string("7"), std::string(R"({"alias_name":"n"})"),
        std::string(R"({"alias_name":"","alias_label":"l"})"),
        std::string(R"({"alias_name":"n","alias_label":"l","external_id":[]})"),
        R"({"alias_name":")" + std::string(237, 'x') + R"(","alias_label":"l"})"}) {
    EXPECT_EQ(New(good + "," + bad).status, 400) << bad;
  }
  EXPECT_EQ(Stat("profiles"), 0);
}

}  // namespace
}  // namespace mockbraze

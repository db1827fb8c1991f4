#include <string>

#include "tests/unit/mockbraze/service_fixture.h"

namespace mockbraze {
namespace {

using MockProfiles = ServiceFixture;

TEST_F(MockProfiles, HaveTheFormOfTheExport) {
  // Section 11, export/ids: created_at, external_id, user_aliases, appboy_id = braze_id (24 hex
  // digits), profile fields only where set, random_bucket, custom_attributes, total_revenue,
  // push_subscribe, email_subscribe.
  Track(R"({"attributes":[{"external_id":"u","first_name":"Ada","plan":"pro"}]})");
  const Value user = Parsed(Get("/_mock/users?external_id=u").body);
  std::string names;
  for (const Value::Member& member : *user.object()) names += member.name + " ";
  EXPECT_EQ(names,
            "created_at external_id user_aliases appboy_id braze_id first_name random_bucket "
            "custom_attributes total_revenue push_subscribe email_subscribe "
            "custom_attribute_types ");
  EXPECT_EQ(*user.Find("created_at"), Value("2026-09-07T02:00:01.000Z"));
  EXPECT_EQ(*user.Find("appboy_id"), *user.Find("braze_id"));
  EXPECT_EQ(user.Find("braze_id")->string()->size(), 24U);
  EXPECT_LT(*user.Find("random_bucket")->integer(), 10'000);
}

TEST_F(MockProfiles, AreFoundByBrazeIdWhichCreatesNobody) {
  // Section 2.1: braze_id "is assigned by Braze, cannot be edited, and cannot create users".
  Set(R"("a":1)");
  const std::string id = *Parsed(Get("/_mock/users?external_id=u").body).Find("braze_id")->string();
  Track(R"({"attributes":[{"braze_id":")" + id + R"(","a":2}]})");
  EXPECT_EQ(Attributes(), R"({"a":2})");
  EXPECT_EQ(Get("/_mock/users?braze_id=" + id).status, 200);
  const Response unknown =
      Track(R"({"attributes":[{"braze_id":"0123456789abcdef01234567","a":2}]})");
  EXPECT_EQ(unknown.status, 201);
  EXPECT_EQ(Stat("profiles"), 1);
  EXPECT_EQ(Stat("silent_drops"), 1);
}

TEST_F(MockProfiles, AreCreatedUnlessUpdateOnly) {
  // Section 2.2: _update_existing_only "true: never create".
  Set(R"("_update_existing_only":true,"a":1)");
  EXPECT_EQ(Stat("profiles"), 0);
  EXPECT_EQ(Stat("silent_drops"), 1);
  Set(R"("a":1)");
  Set(R"("_update_existing_only":true,"a":2)");
  EXPECT_EQ(Attributes(), R"({"a":2})");
}

TEST_F(MockProfiles, OfAliasesAreCreatedOnlyOnRequest) {
  // Section 2.2: with user_alias, update-only "defaults to true"; created "only with an explicit
  // false".
  const std::string alias = R"("user_alias":{"alias_name":"n","alias_label":"l"})";
  Track(R"({"attributes":[{)" + alias + R"(,"a":1}]})");
  EXPECT_EQ(Stat("profiles"), 0);
  Track(R"({"attributes":[{)" + alias + R"(,"a":1,"_update_existing_only":false}]})");
  Track(R"({"attributes":[{)" + alias + R"(,"a":2}]})");
  const Response user = Get("/_mock/users?alias_name=n&alias_label=l");
  ASSERT_EQ(user.status, 200);
  EXPECT_EQ(ToJson(*Parsed(user.body).Find("custom_attributes")), R"({"a":2})");
  EXPECT_EQ(ToJson(*Parsed(user.body).Find("user_aliases")),
            R"([{"alias_name":"n","alias_label":"l"}])");
}

TEST_F(MockProfiles, ByEmailPreferTheLatestWithAnExternalId) {
  // Section 2.1: "the most recently updated profile with an external ID wins; if none has one, the
  // most recently updated".
  Track(R"({"attributes":[{"email":"a@b.co","k":0}]})");
  Track(R"({"attributes":[{"external_id":"1","email":"A@b.co"},)"
        R"({"external_id":"2","email":"a@b.co"}]})");
  EXPECT_EQ(Stat("profiles"), 3);
  Track(R"({"attributes":[{"email":"a@b.co","k":1}]})");
  EXPECT_EQ(Attributes("2"), R"({"k":1})");
  Track(R"({"attributes":[{"external_id":"1","touched":true}]})");
  Track(R"({"attributes":[{"email":"a@b.co","k":2}]})");
  EXPECT_EQ(Attributes("1"), R"({"touched":true,"k":2})");
}

TEST_F(MockProfiles, ByEmailAreCreatedWithoutAliasAndFollowTheField) {
  // Section 2.1: "Lookup by email, no match: an email-only profile is created, no alias".
  Track(R"({"attributes":[{"email":"a@b.co","k":1}]})");
  EXPECT_EQ(Get("/_mock/users?email=A@b.co").status, 200);
  Track(R"({"attributes":[{"external_id":"1","email":"x@y.co"}]})");
  Track(R"({"attributes":[{"external_id":"1","email":"z@y.co"}]})");
  EXPECT_EQ(Get("/_mock/users?email=x@y.co").status, 404);
  EXPECT_EQ(Get("/_mock/users?email=z@y.co").status, 200);
}

TEST_F(MockProfiles, ByPhoneAreFoundAndCreated) {
  // Section 2.1: "By phone: works only with a valid phone number".
  Track(R"({"attributes":[{"phone":"+15551234567","k":1}]})");
  Track(R"({"attributes":[{"phone":"+15551234567","k":2}]})");
  EXPECT_EQ(Stat("profiles"), 1);
  EXPECT_EQ(Get("/_mock/users?phone=%2B15551234567").status, 200);
  EXPECT_EQ(Track(R"({"attributes":[{"phone":"5","k":2}]})").status, 400);
}

TEST_F(MockProfiles, CountEventsAndPurchases) {
  // Section 7.1: purchases and custom_events have name, first, last, count.
  Track(R"({"events":[{"external_id":"u","name":"e","time":"2026-01-01"},
                      {"external_id":"u","name":"e","time":"2026-01-02"}],
            "purchases":[{"external_id":"u","product_id":"p","currency":"EUR","price":2,
                          "quantity":3,"time":"2026-01-03"}]})");
  const Value user = Parsed(Get("/_mock/users?external_id=u").body);
  EXPECT_EQ(ToJson(*user.Find("custom_events")),
            R"([{"name":"e","first":"2026-01-01","last":"2026-01-02","count":2}])");
  EXPECT_EQ(ToJson(*user.Find("purchases")),
            R"([{"name":"p","first":"2026-01-03","last":"2026-01-03","count":3}])");
  EXPECT_EQ(*user.Find("total_revenue"), Value(6.0));
}

TEST_F(MockProfiles, ShowChangesOnlyAfterTheProcessingDelay) {
  // Section 11: read-your-writes "does not hold".
  Options options;
  options.settings.processing_delay = std::chrono::milliseconds(100);
  Restart(options);
  EXPECT_EQ(Set(R"("a":1)").status, 201);
  EXPECT_EQ(Attributes(), "");
  EXPECT_EQ(Stat("attribute_values"), 1);
  clock_.Advance(std::chrono::milliseconds(99));
  EXPECT_EQ(Attributes(), "");
  clock_.Advance(std::chrono::milliseconds(1));
  EXPECT_EQ(Attributes(), R"({"a":1})");
}

TEST_F(MockProfiles, KeepTheOrderWhenTheProcessingDelayIsTakenAway) {
  Control("/_mock/workspace", R"({"processing_delay_ms":100})");
  Set(R"("a":1)");
  Control("/_mock/workspace", R"({"processing_delay_ms":0})");
  Set(R"("a":2)");
  EXPECT_EQ(Attributes(), "");
  clock_.Advance(std::chrono::milliseconds(100));
  EXPECT_EQ(Attributes(), R"({"a":2})");
}

TEST_F(MockProfiles, AreListedInPagesInTheOrderOfTheirIds) {
  Track(R"({"attributes":[{"external_id":"b"},{"external_id":"a"},{"external_id":"c"},
                          {"email":"x@y.co"}]})");
  const auto page = [&](const std::string& query) {
    const Value body = Parsed(Get("/_mock/users" + query).body);
    std::string ids;
    for (const Value& user : *body.Find("users")->list()) {
      ids += *user.Find("external_id")->string();
    }
    const Value* next = body.Find("next_after");
    return ids + (next ? " then " + *next->string() : "");
  };
  EXPECT_EQ(page(""), "abc");
  EXPECT_EQ(page("?limit=2"), "ab then b");
  EXPECT_EQ(page("?limit=2&after=b"), "c");
  EXPECT_EQ(page("?after=c"), "");
  Track(R"({"attributes":[{"external_id":"bb"}]})");
  EXPECT_EQ(page("?after=b"), "bbc");
}

}  // namespace
}  // namespace mockbraze

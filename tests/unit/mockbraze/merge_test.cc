#include <string>

#include "tests/unit/mockbraze/service_fixture.h"

namespace mockbraze {
namespace {

class MergeAnswer : public ServiceFixture {
 protected:
  Response Merge(const std::string& from, const std::string& into) {
    return Post("/users/merge", R"({"merge_updates":[{"identifier_to_merge":)" + from +
                                    R"(,"identifier_to_keep":)" + into + "}]}");
  }
  Value User(const std::string& external_id) {
    return Parsed(Get("/_mock/users?external_id=" + external_id).body);
  }
};

TEST_F(MergeAnswer, Is202AndKeepsOneOfTheTwo) {
  // Section 7.5: "Up to 50 {identifier_to_merge, identifier_to_keep}; 202 {"message": "success"}".
  Track(R"({"attributes":[{"external_id":"gone","a":1},{"external_id":"kept","b":2}]})");
  const Response response = Merge(R"({"external_id":"gone"})", R"({"external_id":"kept"})");
  EXPECT_EQ(response.status, 202);
  EXPECT_EQ(response.body, R"({"message":"success"})");
  EXPECT_EQ(Attributes("gone"), "");
  EXPECT_EQ(Attributes("kept"), R"({"b":2,"a":1})");
  EXPECT_EQ(Stat("profiles"), 1);
}

TEST_F(MergeAnswer, TakesOverOnlyWhatIsMissing) {
  // Section 7.6: "fields and custom attributes that the kept profile has not; its own values stay".
  Track(R"({"attributes":[
      {"external_id":"gone","first_name":"Ada","last_name":"L","email":"gone@b.co","a":1,"b":1,
       "date_of_first_session":"2020-01-01","date_of_last_session":"2026-02-01"},
      {"external_id":"kept","first_name":"Eve","b":2,
       "date_of_first_session":"2021-01-01","date_of_last_session":"2026-01-01"}]})");
  Merge(R"({"external_id":"gone"})", R"({"external_id":"kept"})");
  const Value user = User("kept");
  EXPECT_EQ(*user.Find("first_name"), Value("Eve"));
  EXPECT_EQ(*user.Find("last_name"), Value("L"));
  EXPECT_EQ(*user.Find("date_of_first_session"), Value("2020-01-01"));
  EXPECT_EQ(*user.Find("date_of_last_session"), Value("2026-02-01"));
  EXPECT_EQ(Attributes("kept"), R"({"b":2,"a":1})");
  EXPECT_EQ(Parsed(Get("/_mock/users?email=gone@b.co").body), user);
}

TEST_F(MergeAnswer, AddsUpEventsPurchasesAndRevenue) {
  // Section 7.6: "events, purchases and revenue are added up, from the earlier first to the later
  // last time".
  Track(R"({"events":[{"external_id":"gone","name":"e","time":"2026-01-01"},
                      {"external_id":"gone","name":"e","time":"2026-01-05"},
                      {"external_id":"gone","name":"f","time":"2026-01-01"},
                      {"external_id":"kept","name":"e","time":"2026-01-03"}],
            "purchases":[{"external_id":"gone","product_id":"p","currency":"EUR","price":2,
                          "time":"2026-01-03"},
                         {"external_id":"kept","product_id":"p","currency":"EUR","price":3,
                          "quantity":2,"time":"2026-01-02"}]})");
  Merge(R"({"external_id":"gone"})", R"({"external_id":"kept"})");
  const Value user = User("kept");
  const Value::List& events = *user.Find("custom_events")->list();
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(*events[0].Find("count"), Value(3));
  EXPECT_EQ(events[0].Find("first")->string()->substr(0, 10), "2026-01-01");
  EXPECT_EQ(events[0].Find("last")->string()->substr(0, 10), "2026-01-05");
  EXPECT_EQ(*events[1].Find("name"), Value("f"));
  EXPECT_EQ(*(*user.Find("purchases")->list())[0].Find("count"), Value(3));
  EXPECT_EQ(*user.Find("total_revenue"), Value(8.0));
}

TEST_F(MergeAnswer, NamesUsersByAliasEmailAndPhone) {
  // Section 7.5: "'external_id' ..., 'user_alias' ..., 'email' ..., or 'phone'"; section 7.6:
  // "prioritization".
  Track(R"({"attributes":[{"external_id":"kept","email":"a@b.co"},{"email":"c@b.co","a":1},
      {"phone":"+15551234567","b":1},
      {"user_alias":{"alias_name":"n","alias_label":"l"},"_update_existing_only":false,"c":1}]})");
  const std::string kept = R"({"email":"a@b.co","prioritization":["identified"]})";
  Merge(R"({"user_alias":{"alias_name":"n","alias_label":"l"}})", kept);
  Merge(R"({"phone":"+15551234567","prioritization":["unidentified"]})", kept);
  Merge(R"({"email":"c@b.co","prioritization":["most_recently_updated"]})", kept);
  EXPECT_EQ(Attributes("kept"), R"({"c":1,"b":1,"a":1})");
  EXPECT_EQ(ToJson(*User("kept").Find("user_aliases")),
            R"([{"alias_name":"n","alias_label":"l"}])");
  EXPECT_EQ(Stat("profiles"), 1);
}

TEST_F(MergeAnswer, NothingHappensToUnknownUsersAndOneWithItself) {
  // Ours: what Braze does is not stated.
  Set(R"("a":1)");
  EXPECT_EQ(Merge(R"({"external_id":"x"})", R"({"external_id":"u"})").status, 202);
  EXPECT_EQ(Merge(R"({"external_id":"u"})", R"({"external_id":"x"})").status, 202);
  EXPECT_EQ(Merge(R"({"external_id":"u"})", R"({"external_id":"u"})").status, 202);
  EXPECT_EQ(Attributes(), R"({"a":1})");
}

TEST_F(MergeAnswer, HasTheLiteralErrors) {
  // Section 7.5: "Errors 400", with these four messages.
  const auto error = [&](const std::string& updates) {
    const Response response = Post("/users/merge", R"({"merge_updates":)" + updates + "}");
    EXPECT_EQ(response.status, 400) << updates;
    EXPECT_EQ(Parsed(response.body).object()->size(), 1U);
    return *Parsed(response.body).Find("message")->string();
  };
  const std::string array = "'merge_updates' must be an array of objects";
  EXPECT_EQ(error("null"), array);
  EXPECT_EQ(error("{}"), array);
  EXPECT_EQ(error("[7]"), array);
  const std::string pair =
      R"({"identifier_to_merge":{"external_id":"a"},"identifier_to_keep":{"external_id":"b"}})";
  std::string pairs = pair;
  for (int i = 1; i < 50; ++i) pairs += "," + pair;
  EXPECT_EQ(Post("/users/merge", R"({"merge_updates":[)" + pairs + "]}").status, 202);
  EXPECT_EQ(error("[" + pairs + "," + pair + "]"),
            "a single request may not contain more than 50 merge updates");
  const std::string identifiers =
      "identifiers must be objects with an 'external_id' property that is a string, 'user_alias' "
      "property that is an object, 'email' property that is a string, or 'phone' property that is "
      "a string";
  EXPECT_EQ(error("[{}]"), identifiers);
  EXPECT_EQ(error(R"([{"identifier_to_merge":{"external_id":"a"}}])"), identifiers);
  EXPECT_EQ(error(R"([{"identifier_to_merge":{"external_id":1},
                       "identifier_to_keep":{"external_id":"b"}}])"),
            identifiers);
  EXPECT_EQ(error(R"([{"identifier_to_merge":"a","identifier_to_keep":{"external_id":"b"}}])"),
            identifiers);
  EXPECT_EQ(error(R"([{"identifier_to_merge":{"external_id":"a"},"why":1,
                       "identifier_to_keep":{"external_id":"b"}}])"),
            "'merge_updates' must only have 'identifier_to_merge' and 'identifier_to_keep'");
}

TEST_F(MergeAnswer, EmailWithoutPrioritizationIs400) {
  // Section 7.6: "required with an email or a phone"; the text is ours.
  EXPECT_EQ(Merge(R"({"email":"a@b.co"})", R"({"external_id":"u"})").status, 400);
}

}  // namespace
}  // namespace mockbraze

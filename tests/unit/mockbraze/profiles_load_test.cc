#include <set>
#include <string>
#include <vector>

#include "tests/unit/mockbraze/service_fixture.h"

namespace mockbraze {
namespace {

class LoadedProfiles : public ServiceFixture {
 protected:
  // The error of a load of these profiles.
  std::string Refusal(const std::string& profiles) {
    const Response response = Control("/_mock/profiles", R"({"profiles":)" + profiles + "}");
    EXPECT_EQ(response.status, 400) << profiles;
    return *Parsed(response.body).Find("message")->string();
  }
  // All users of a page as they can be loaded again.
  std::string AllUsers() { return ToJson(*Parsed(Get("/_mock/users").body).Find("users")); }
  std::string Load(const std::string& profiles) {
    return Control("/_mock/profiles", R"({"profiles":)" + profiles + "}").body;
  }
};

TEST_F(LoadedProfiles, AreWhatWasExported) {
  Track(
      R"({"attributes":[{"external_id":"a","email":"A@x.org","phone":"+4912345678",
    "dob":"1990-01-02",
    "current_location":{"longitude":10.5,"latitude":48},"email_subscribe":"opted_in",
    "int":14,"float":14.0,"list":["x",1],"day":"2026-01-01","object":{"a":{"b":[true]}},
    "objects":[{"id":1},{"id":2}]},{"external_id":"b \" \\ ü"}],
    "events":[{"external_id":"a","name":"seen","time":"2026-09-01T00:00:00Z"},
              {"external_id":"a","name":"seen","time":"2026-09-02T00:00:00Z"}],
    "purchases":[{"external_id":"b \" \\ ü","product_id":"p","currency":"USD","price":2.5,
                  "quantity":3,"time":"2026-09-01T00:00:00Z"}]})");
  const std::string before = AllUsers();
  Restart({});
  clock_.Advance(std::chrono::hours(5));
  EXPECT_EQ(Load(before), "{\"profiles\":2}\n");
  EXPECT_EQ(AllUsers(), before);
  EXPECT_EQ(Load(before), "{\"profiles\":2}\n");
  EXPECT_EQ(AllUsers(), before);
  EXPECT_EQ(Stat("profiles"), 2);
}

TEST_F(LoadedProfiles, AreFoundByEachIdentifier) {
  Load(R"([{"external_id":"a","email":"A@x.org"},{"phone":"+4912345678"},
           {"user_aliases":[{"alias_name":"n","alias_label":"l"},
                            {"alias_name":"m","alias_label":"l"}]}])");
  EXPECT_EQ(Get("/_mock/users?external_id=a").status, 200);
  EXPECT_EQ(Get("/_mock/users?email=a@x.org").status, 200);
  EXPECT_EQ(Get("/_mock/users?phone=%2B4912345678").status, 200);
  EXPECT_EQ(Get("/_mock/users?alias_name=n&alias_label=l").status, 200);
  EXPECT_EQ(Get("/_mock/users?alias_name=m&alias_label=l").status, 200);
}

TEST_F(LoadedProfiles, ReplaceTheOnesThereAre) {
  Load(R"([{"external_id":"u","email":"old@x.org","custom_attributes":{"a":1,"b":2},
            "user_aliases":[{"alias_name":"old","alias_label":"l"}]},
           {"user_aliases":[{"alias_name":"n","alias_label":"l"}],"custom_attributes":{"c":1}}])");
  const Value before = Parsed(Get("/_mock/users?external_id=u").body);
  Load(R"([{"external_id":"u","custom_attributes":{"b":3}},
           {"user_aliases":[{"alias_name":"n","alias_label":"l"}]}])");
  EXPECT_EQ(Attributes(), R"({"b":3})");
  EXPECT_EQ(*Parsed(Get("/_mock/users?external_id=u").body).Find("braze_id"),
            *before.Find("braze_id"));
  EXPECT_EQ(Get("/_mock/users?email=old@x.org").status, 404);
  EXPECT_EQ(Get("/_mock/users?alias_name=old&alias_label=l").status, 404);
  EXPECT_EQ(
      ToJson(
          *Parsed(Get("/_mock/users?alias_name=n&alias_label=l").body).Find("custom_attributes")),
      "{}");
  EXPECT_EQ(Stat("profiles"), 2);
}

TEST_F(LoadedProfiles, MayHandAnAliasOn) {
  const std::string alias = R"("user_aliases":[{"alias_name":"n","alias_label":"l"}])";
  Load(R"([{"external_id":"a",)" + alias + R"(},{"external_id":"b"}])");
  EXPECT_EQ(Refusal(R"([{"external_id":"b",)" + alias + "}]"),
            "profiles[0]: 'user_aliases' has an alias of another user");
  Load(R"([{"external_id":"b",)" + alias + R"(},{"external_id":"a"}])");
  EXPECT_EQ(*Parsed(Get("/_mock/users?alias_name=n&alias_label=l").body).Find("external_id"),
            Value("b"));
}

TEST_F(LoadedProfiles, AreRefusedTogetherWithIndexAndMember) {
  const std::string good = R"({"external_id":"good"})";
  const auto second = [&](const std::string& profile) {
    return Refusal("[" + good + "," + profile + "]");
  };
  const auto starts = [&](const std::string& profile, const std::string& text) {
    const std::string refusal = second(profile);
    EXPECT_TRUE(refusal.starts_with("profiles[1]: " + text)) << refusal;
  };
  starts("5", "must be an object");
  starts("{}", "has none of 'external_id'");
  starts(R"({"external_id":5})", "'external_id' must be a text");
  starts(R"({"external_id":"x","plan":"pro"})", "'plan' is not a member of an exported profile");
  starts(R"({"external_id":"x","current_location":{}})", "'current_location' is not a member");
  starts(R"({"external_id":"x","created_at":"soon"})", "'created_at' must be a time");
  starts(R"({"external_id":"x","user_aliases":[{"alias_name":"n"}]})", "'user_aliases' must be");
  starts(R"({"external_id":"x","custom_attributes":[]})", "'custom_attributes' must be an object");
  starts(R"({"external_id":"x","custom_attributes":{"n":null}})", "'custom_attributes' 'n' has a");
  starts(R"({"external_id":"x","custom_attributes":{"n":{"inc":1}}})", "'custom_attributes' 'n' ");
  starts(R"({"external_id":"x","custom_attributes":{"n":[1,1]}})", "'custom_attributes' 'n' has a");
  starts(R"({"external_id":"x","custom_attributes":{"email":"a@b.c"}})",
         "'custom_attributes' 'email' is no custom attribute");
  starts(R"({"external_id":"x","custom_events":[{"name":"e"}]})", "'custom_events' must be a list");
  starts(R"({"external_id":"x","purchases":[{"name":"e","first":"","last":"","count":0}]})",
         "'purchases' must be a list");
  starts(R"({"external_id":"x","total_revenue":"1"})", "'total_revenue' must be a number");
  starts(R"({"external_id":"x","email":"none"})", "'email' has a value that Braze does not take");
  starts(R"({"external_id":"x","gender":"?"})", "'gender' has a value that Braze does not take");
  starts(R"({"external_id":"x","last_coordinates":[1]})", "'last_coordinates' must be [");
  starts(good, "has the identifier of another profile of the list");
  EXPECT_EQ(Stat("profiles"), 0);
}

TEST_F(LoadedProfiles, NeedAList) {
  for (const std::string body : {"{}", R"({"profiles":{}})", R"({"profiles":[],"x":1})", "[]"}) {
    EXPECT_EQ(Control("/_mock/profiles", body).status, 400) << body;
  }
}

TEST_F(LoadedProfiles, ByEmailAloneLeaveOthersWithThatEmailAlone) {
  Load(R"([{"external_id":"u","email":"a@x.org"},{"email":"a@x.org"}])");
  Load(R"([{"email":"A@x.org","first_name":"Ada"}])");
  EXPECT_EQ(Stat("profiles"), 2);
  EXPECT_FALSE(Parsed(Get("/_mock/users?external_id=u").body).Find("first_name"));
}

TEST_F(LoadedProfiles, AreListedByPrefix) {
  Load(R"([{"external_id":"b"},{"external_id":"ab"},{"external_id":"a"},{"external_id":"ac"},
           {"external_id":"aba"}])");
  const auto page = [&](const std::string& query) {
    const Value body = Parsed(Get("/_mock/users?" + query).body);
    std::string ids;
    for (const Value& user : *body.Find("users")->list()) {
      ids += *user.Find("external_id")->string() + " ";
    }
    const Value* next = body.Find("next_after");
    return ids + (next ? "> " + *next->string() : std::string());
  };
  EXPECT_EQ(page("prefix=a"), "a ab aba ac ");
  EXPECT_EQ(page("prefix=ab"), "ab aba ");
  EXPECT_EQ(page("prefix=ab&limit=1"), "ab > ab");
  EXPECT_EQ(page("prefix=ab&limit=1&after=ab"), "aba ");
  EXPECT_EQ(page("prefix=ab&after=ac"), "");
  EXPECT_EQ(page("prefix=z"), "");
  EXPECT_EQ(page("prefix="), "a ab aba ac b ");
  // Users that come after the list was first asked for.
  Load(R"([{"external_id":"zz"},{"external_id":"A"},{"external_id":"abb"},{"external_id":"ab"}])");
  EXPECT_EQ(page(""), "A a ab aba abb ac b zz ");
}

TEST_F(LoadedProfiles, AreListedInTheOrderOfTheirBytes) {
  std::vector<std::string> ids = {"", "\x7F", "\xC3\xBC", "12345678", "123456789", "1234567"};
  for (int i = 0; i < 300; ++i) ids.push_back(std::to_string(i * 7919 % 1000));
  std::set<std::string> expected;
  for (std::size_t round = 0; round < 3; ++round) {
    Value::List profiles;
    for (std::size_t i = round; i < ids.size(); i += 3) {
      if (!expected.insert("id-" + ids[i]).second) continue;
      profiles.push_back(Value::Object{{"external_id", "id-" + ids[i]}});
    }
    Load(ToJson(profiles));
    std::vector<std::string> listed;
    const Value body = Parsed(Get("/_mock/users").body);
    for (const Value& user : *body.Find("users")->list()) {
      listed.push_back(*user.Find("external_id")->string());
    }
    EXPECT_EQ(listed, std::vector<std::string>(expected.begin(), expected.end()));
  }
}

}  // namespace
}  // namespace mockbraze

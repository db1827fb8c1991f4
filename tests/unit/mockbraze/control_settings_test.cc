// GET and POST /_mock/workspace.

#include <fstream>
#include <iterator>
#include <map>
#include <string>

#include "tests/unit/mockbraze/service_fixture.h"

namespace mockbraze {
namespace {

class ControlSettings : public ServiceFixture {
 protected:
  Value Now() { return Parsed(Get("/_mock/workspace").body); }
  // A setting's name, and a value other than its default, as it is shown again.
  static const std::map<std::string, std::string>& Others() {
    static const std::map<std::string, std::string> others = {
        {"keys", R"([{"key":"k","permissions":["users.track"]}])"},
        {"account_active", "false"},
        {"maintenance", "true"},
        {"host", R"("rest.iad-01.braze.com")"},
        {"company", R"("acme")"},
        {"batch_limit", R"("legacy-75-per-array")"},
        {"rate_limit_mode", R"("mau")"},
        {"rate_limit", R"({"limit":5,"window_s":7,"hourly":9,"enforced":false,"headers":"delta"})"},
        {"latency_ms", "17"},
        {"processing_delay_ms", "18"},
        {"partial_processing", "true"},
        {"lost_updates", "true"},
        {"array_limit", "25"},
        {"array_overflow", R"("truncate")"},
        {"forced_types", R"({"score":"number","when":"date"})"},
        {"type_locking", "true"},
        {"blocklisted_attributes", R"(["a","b"])"},
        {"blocked_external_ids", R"(["x"])"},
        {"app_ids", R"(["app"])"},
        {"subscription_groups", R"(["group"])"},
        {"bulk_permission_mode", R"("partner")"},
        {"onboarded", R"("2020-01-31")"},
        {"error_style", R"("sentence")"},
        {"ecommerce_schema_checks", "true"},
        {"properties_bytes_max", "51200"},
        {"alias_update_only", "true"},
        {"unknown_key_status", "404"},
        {"oversize_status", "400"},
    };
    return others;
  }
};

TEST_F(ControlSettings, AreAllCoveredHere) {
  const Value now = Now();
  for (const Value::Member& setting : *now.object()) {
    EXPECT_TRUE(Others().contains(setting.name)) << setting.name;
  }
}

TEST_F(ControlSettings, AndCountersAreAllDocumented) {
  std::ifstream file(MOCKBRAZE_DOCS);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  ASSERT_FALSE(text.empty()) << MOCKBRAZE_DOCS;
  const Value now = Now();
  for (const Value::Member& setting : *now.object()) {
    EXPECT_NE(text.find("\n| `" + setting.name + "` |"), std::string::npos) << setting.name;
  }
  const Value stats = Stats();
  for (const Value::Member& counter : *stats.object()) {
    EXPECT_NE(text.find("`" + counter.name + "`"), std::string::npos) << counter.name;
  }
}

TEST_F(ControlSettings, AreSetOneByOneAndShownAgain) {
  for (const auto& [name, value] : Others()) {
    Restart({});
    const Value before = Now();
    const Response response = Control("/_mock/workspace", "{\"" + name + "\":" + value + "}");
    ASSERT_EQ(response.status, 200) << name << response.body;
    EXPECT_EQ(Parsed(response.body), Now()) << name;
    const Value after = Now();
    for (const Value::Member& setting : *after.object()) {
      // What is left of the limit stands in it, and follows it.
      Value shown = setting.value;
      if (setting.name == "rate_limit") {
        std::erase_if(*shown.object(), [](const auto& m) { return m.name == "remaining"; });
      }
      if (setting.name == name) {
        EXPECT_EQ(ToJson(shown), value) << name;
      } else if (setting.name != "rate_limit") {
        EXPECT_EQ(shown, *before.Find(setting.name)) << name << " changes " << setting.name;
      }
    }
  }
}

TEST_F(ControlSettings, AreTakenInTheFormInWhichTheyAreShown) {
  const Value before = Now();
  EXPECT_EQ(Control("/_mock/workspace", ToJson(before)).status, 200);
  EXPECT_EQ(Now(), before);
}

TEST_F(ControlSettings, RefuseWrongValuesByNameAndChangeNothing) {
  const Value before = Now();
  for (const auto& [name, value] : Others()) {
    // No setting is a list with a number in it.
    const Response response =
        Control("/_mock/workspace", R"({"maintenance":true,"latency_ms":5,")" + name + "\":[5]}");
    EXPECT_EQ(response.status, 400) << name;
    EXPECT_NE(response.body.find("'" + name + "' must be"), std::string::npos) << response.body;
    EXPECT_EQ(Now(), before) << name;
  }
}

TEST_F(ControlSettings, NameTheMemberOfTheRateLimitThatIsWrong) {
  const auto refusal = [&](const std::string& limit) {
    return Control("/_mock/workspace", R"({"rate_limit":)" + limit + "}").body;
  };
  EXPECT_NE(refusal(R"({"limit":0})").find("'rate_limit' 'limit' must be"), std::string::npos);
  EXPECT_NE(refusal(R"({"burst":1})").find("'rate_limit' 'burst' is unknown"), std::string::npos);
  EXPECT_NE(refusal(R"({"headers":"x"})").find("'headers' must be one of"), std::string::npos);
}

TEST_F(ControlSettings, LeaveSoManyRequestsOfTheLimit) {
  Control("/_mock/workspace", R"({"rate_limit":{"remaining":1}})");
  EXPECT_EQ(Track(ManyObjects(1)).status, 201);
  EXPECT_EQ(Track(ManyObjects(1)).status, 429);
  EXPECT_EQ(*Now().Find("rate_limit")->Find("remaining"), Value(0));
}

}  // namespace
}  // namespace mockbraze

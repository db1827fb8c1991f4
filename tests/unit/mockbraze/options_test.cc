#include "mockbraze/workspace/options.h"

#include <gtest/gtest.h>

#include <string>

#include "mockbraze/base/text.h"

namespace mockbraze {
namespace {

TEST(MockOptions, ListenIsHostAndPort) {
  EXPECT_EQ(ParseListen("127.0.0.1:0").value().port, 0);
  EXPECT_EQ(ParseListen("[::1]:80").value().host, "::1");
  for (const std::string bad : {"", "127.0.0.1", ":80", "host:", "host:65536", "host:x"}) {
    EXPECT_FALSE(ParseListen(bad).ok()) << bad;
  }
}

TEST(MockOptions, DurationHasAUnit) {
  using std::chrono::milliseconds;
  EXPECT_EQ(ParseDuration("200ms").value(), milliseconds(200));
  EXPECT_EQ(ParseDuration("30s").value(), milliseconds(30'000));
  EXPECT_EQ(ParseDuration("5m").value(), milliseconds(300'000));
  EXPECT_EQ(ParseDuration("1h").value(), milliseconds(3'600'000));
  EXPECT_EQ(ParseDuration("0").value(), milliseconds(0));
  for (const std::string bad :
       {"", "5", "ms", "-1s", "1.5s", "1 s", "1d", "99999999h", "18446744073709551616ms"}) {
    EXPECT_FALSE(ParseDuration(bad).ok()) << bad;
  }
}

TEST(MockOptions, ApiKeyHasScopes) {
  const auto keys = ParseApiKeys({"a;b:users.track,users.delete", "c"});
  ASSERT_TRUE(keys.ok()) << keys.error();
  ASSERT_EQ(keys.value().size(), 3U);
  EXPECT_EQ(keys.value()[1].key, "b");
  EXPECT_EQ(keys.value()[1].permissions, (std::vector<std::string>{"users.track", "users.delete"}));
  EXPECT_TRUE(keys.value()[2].permissions.empty());
  EXPECT_FALSE(ParseApiKeys({":users.track"}).ok());
  EXPECT_FALSE(ParseApiKeys({"key:"}).ok());
}

TEST(MockOptions, FaultsAreSeparatedBySemicolons) {
  const auto faults = ParseFaults({"reset,count=1;hang", "html"});
  ASSERT_TRUE(faults.ok()) << faults.error();
  EXPECT_EQ(faults.value().size(), 3U);
  EXPECT_FALSE(ParseFaults({"reset;nope"}).ok());
}

TEST(MockOptions, FaultFileHasASpecEachLine) {
  const auto faults = ParseFaultFile("# two of them\r\nstatus=503,count=2\r\n\nreset,rate=0.5  \n");
  ASSERT_TRUE(faults.ok()) << faults.error();
  ASSERT_EQ(faults.value().size(), 2U);
  EXPECT_EQ(faults.value()[0].text, "status=503,count=2");
  EXPECT_EQ(faults.value()[1].text, "reset,rate=0.5");
  EXPECT_NE(ParseFaultFile("status=503\nnonsense").error().find("'nonsense'"), std::string::npos);
}

TEST(MockOptions, ProfilesAreContracts) {
  EXPECT_FALSE(SettingsOf("current").value().batch_limit.per_array);
  EXPECT_TRUE(SettingsOf("legacy").value().batch_limit.per_array);
  EXPECT_EQ(SettingsOf("legacy").value().rules.array_limit, 25U);
  EXPECT_EQ(SettingsOf("mau").value().rate_limit_mode, RateLimitMode::kMau);
  EXPECT_NE(SettingsOf("new").error().find("current, legacy and mau"), std::string::npos);
}

TEST(MockOptions, SettingsComeFromJson) {
  EXPECT_EQ(ChangeByJson({}, R"({"array_limit":25})").value().rules.array_limit, 25U);
  EXPECT_NE(ChangeByJson({}, "{").error().find("not JSON"), std::string::npos);
  EXPECT_NE(ChangeByJson({}, R"({"arrays":1})").error().find("'arrays'"), std::string::npos);
}

TEST(MockOptions, EmptyAndQuotedKeysAreRefused) {
  // Section 1.2: "wrapping the key in single or double quotes gives 401".
  EXPECT_NE(ParseApiKeys({""}).error().find("empty"), std::string::npos);
  EXPECT_NE(ParseApiKeys({"\"secret\""}).error().find("in quotes"), std::string::npos);
  EXPECT_NE(ChangeByJson({}, R"({"keys":[{"key":"'k'"}]})").error().find("in quotes"),
            std::string::npos);
  EXPECT_FALSE(ParseFaults({""}).ok());
  EXPECT_TRUE(ParseApiKeys({"a;b;"}).ok());
}

TEST(MockOptions, FaultFileNamesTheLine) {
  EXPECT_TRUE(
      ParseFaultFile("# x\nreset\n\nexplode").error().starts_with("line 4: fault 'explode'"));
}

TEST(MockOptions, SettingsThatCannotWorkAreRefused) {
  for (const char* json : {R"({"rate_limit":{"remaining":1}})", R"({"onboarded":"09/07/2025"})",
                           R"({"host":"127.0.0.1:80"})"}) {
    EXPECT_FALSE(ChangeByJson({}, json).ok()) << json;
  }
}

}  // namespace
}  // namespace mockbraze

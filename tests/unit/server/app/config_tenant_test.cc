// One tenant's part of the configuration: its credentials, key and rules, and what happens to the
// other tenants when they are wrong.

#include <gmock/gmock.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "server/app/config.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/server/app/fake_inputs.h"

namespace peaksync {
namespace {

using ::peaksync::testing::FakeInputs;
using ::peaksync::testing::IsOk;
using ::peaksync::testing::Lines;
using ::peaksync::testing::StatusIs;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::Eq;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Optional;
using ::testing::SizeIs;

constexpr const char* kAcmeToken = "acme-token-0123456789";
constexpr const char* kZetaToken = "zeta-token-0123456789";

class ConfigTenantTest : public ::testing::Test {
 protected:
  ConfigTenantTest() {
    inputs_.files["/c/acme.tokens"] = kAcmeToken;
    inputs_.files["/c/acme.key"] = "acme-braze-key\n";
    inputs_.files["/c/zeta.tokens"] = absl::StrCat(kZetaToken, " push\n");
    inputs_.files["/c/zeta.key"] = "zeta-braze-key";
  }

  // Two tenants; `acme` is added to the first, which ends with its table of attributes.
  ConfigResult Load(const std::string& acme = "", const std::string& server = "") {
    inputs_.files["/c/peaksyncd.toml"] = absl::StrCat(server, R"(
[ledger]
path = "/l"
[tenants.zeta]
token_file = "zeta.tokens"
[tenants.zeta.braze]
workspace = "zeta"
endpoint = "https://rest.fra-01.braze.eu"
api_key_file = "zeta.key"
[tenants.acme.braze]
workspace = "acme"
endpoint = "https://rest.fra-01.braze.eu"
api_key_file = "acme.key"
[tenants.acme]
token_file = "acme.tokens"
)",
                                                      acme);
    return LoadConfig("/c/peaksyncd.toml", inputs_);
  }

  // That acme alone is off, for a reason like `reason`, and that the service runs.
  void ExpectAcmeIsOff(const ConfigResult& result, const std::string& reason) {
    EXPECT_TRUE(result.MayStart(false));
    EXPECT_FALSE(result.MayStart(true));
    ASSERT_THAT(result.config.tenants, SizeIs(2));
    EXPECT_THAT(result.config.tenants[0].fault, HasSubstr(reason));
    EXPECT_EQ(result.config.tenants[1].name, "zeta");
    EXPECT_EQ(result.config.tenants[1].fault, "");
    EXPECT_THAT(Lines(result), ElementsAre(AllOf(HasSubstr("/c/peaksyncd.toml:"),
                                                 HasSubstr("tenants.acme"), HasSubstr(reason))));
  }

  // The two tenants share a rate limit, of these sizes.
  ConfigResult LoadGroup(const std::string& acme, const std::string& zeta) {
    const std::string group = "\nrate_limit_group = \"eu\"\n";
    Load();
    std::string& text = inputs_.files["/c/peaksyncd.toml"];
    text = absl::StrReplaceAll(text, {{"api_key_file = \"acme.key\"",
                                       absl::StrCat("api_key_file = \"acme.key\"", group, acme)},
                                      {"api_key_file = \"zeta.key\"",
                                       absl::StrCat("api_key_file = \"zeta.key\"", group, zeta)}});
    return LoadConfig("/c/peaksyncd.toml", inputs_);
  }

  FakeInputs inputs_;
};

TEST_F(ConfigTenantTest, CredentialsLeadToTheirTenant) {
  const ConfigResult result = Load();
  EXPECT_THAT(Lines(result), IsEmpty());
  const TenantDirectory directory(CredentialsOf(result.config));
  EXPECT_THAT(directory.ByToken(kAcmeToken), Optional(Eq(Principal{"acme", Permission::kAll})));
  EXPECT_THAT(directory.ByToken(kZetaToken), Optional(Eq(Principal{"zeta", Permission::kPush})));
}

TEST_F(ConfigTenantTest, CredentialsOfAllKindsAddUp) {
  inputs_.variables["MORE"] = "from-the-environment push";
  inputs_.files["/c/x.pem"] = "pem";
  const ConfigResult result =
      Load(absl::StrCat("token_env = \"MORE\"\ntoken_sha256 = [\"", Sha256Hex("hashed"),
                        " push\"]\nclient_san = [\"spiffe://acme push\", \"acme.example\"]\n"),
           "[server]\ntls_cert = \"x.pem\"\ntls_key = \"x.pem\"\nclient_ca = \"x.pem\"\n");
  EXPECT_THAT(Lines(result), IsEmpty());
  const TenantDirectory directory(CredentialsOf(result.config));
  for (const auto& [token, permission] : {std::pair{kAcmeToken, Permission::kAll},
                                          std::pair{"from-the-environment", Permission::kPush},
                                          std::pair{"hashed", Permission::kPush}}) {
    EXPECT_THAT(directory.ByToken(token), Optional(Eq(Principal{"acme", permission}))) << token;
  }
  const std::vector<std::string> sans = {"spiffe://acme"};
  EXPECT_THAT(directory.ByCertificateSan(sans), Optional(Eq(Principal{"acme", Permission::kPush})));
}

TEST_F(ConfigTenantTest, AMissingTokenFileSwitchesOffItsTenantAlone) {
  inputs_.files.erase("/c/acme.tokens");
  ExpectAcmeIsOff(Load(), "token_file: cannot read /c/acme.tokens");
}

TEST_F(ConfigTenantTest, AnEmptyTokenFileSwitchesOffItsTenantAlone) {
  inputs_.files["/c/acme.tokens"] = "# none yet\n";
  ExpectAcmeIsOff(Load(), "/c/acme.tokens holds no token");
}

TEST_F(ConfigTenantTest, AWeakTokenSwitchesOffItsTenantAloneAndIsNotShown) {
  inputs_.files["/c/acme.tokens"] = "\nhunter2";
  const ConfigResult result = Load();
  ExpectAcmeIsOff(result, "/c/acme.tokens:2: the token has 7 characters");
  EXPECT_THAT(Lines(result), ElementsAre(Not(HasSubstr("hunter2"))));
}

TEST_F(ConfigTenantTest, ABadHashSwitchesOffItsTenantAlone) {
  ExpectAcmeIsOff(Load("token_sha256 = [\"acme-token-0123456789\"]\n"),
                  "token_sha256: entry 1 must be the SHA-256 of a token");
}

TEST_F(ConfigTenantTest, AMissingKeySwitchesOffItsTenantAlone) {
  inputs_.files.erase("/c/acme.key");
  ExpectAcmeIsOff(Load(), "braze.api_key_file: cannot read /c/acme.key");
}

TEST_F(ConfigTenantTest, AKeyThatCannotBeAHeaderSwitchesOffItsTenantAlone) {
  for (const char* key : {"", " \n", "one\ntwo", "one two"}) {
    inputs_.files["/c/acme.key"] = key;
    ExpectAcmeIsOff(Load(), "/c/acme.key");
  }
}

TEST_F(ConfigTenantTest, ABadRuleSwitchesOffItsTenantAlone) {
  ExpectAcmeIsOff(Load("[tenants.acme.attributes.churn]\ntype = \"doubel\"\n"),
                  "attributes.churn.type: must be bool");
  ExpectAcmeIsOff(Load("[tenants.acme.attributes.churn]\nrange = [1]\n"), "two numbers");
  ExpectAcmeIsOff(Load("[tenants.acme.attributes.churn]\nround = 16\n"), "round must be 0 to 15");
  ExpectAcmeIsOff(Load("[tenants.acme.attributes.churn]\nmin_change = 0\n"),
                  "min_change must be larger than 0");
}

TEST_F(ConfigTenantTest, ABadRuleStandsAtTheAttributesLine) {
  const ConfigResult result = Load(
      "[tenants.acme.attributes.a]\n"
      "[tenants.acme.attributes.b]\nrename = \"a\"\n");
  EXPECT_THAT(Lines(result),
              ElementsAre(HasSubstr("/c/peaksyncd.toml:17: tenants.acme.attributes.b:"
                                    " attribute b: ")));
}

TEST_F(ConfigTenantTest, WrongTypesInARuleAreFaultsOfTheForm) {
  const ConfigResult result =
      Load("[tenants.acme.attributes.churn]\nround = \"4\"\nroudn = 4\nrange = [\"a\", \"b\"]\n");
  EXPECT_THAT(Lines(result),
              ElementsAre(HasSubstr("churn.round: must be a whole number, not a string"),
                          HasSubstr("churn.roudn: unknown key; did you mean round?"),
                          HasSubstr("churn.range: entry 1 must be a number")));
  EXPECT_FALSE(result.MayStart(false));
}

TEST_F(ConfigTenantTest, ReadsRules) {
  const ConfigResult result = Load(
      "on_invalid = \"skip_attribute\"\nunlisted_attributes = \"reject\"\n"
      "create_profiles = false\nmax_invalid_percent = 12.5\nmax_rejections = 7\n"
      "max_waiting_bytes = \"64MiB\"\n"
      "[tenants.acme.attributes.\"model name\"]\nrename = \"churn\"\ntype = \"double\"\n"
      "range = [0, 1.5]\nround = 3\nmin_change = 0.01\nsource = \"churn-model\"\n");
  EXPECT_THAT(Lines(result), IsEmpty());
  const TenantRules& rules = result.config.tenants.at(0).rules;
  EXPECT_EQ(rules.on_invalid, TenantRules::OnInvalid::kSkipAttribute);
  EXPECT_FALSE(rules.accept_unlisted_attributes);
  EXPECT_FALSE(rules.create_profiles);
  EXPECT_EQ(rules.max_invalid_percent, 12.5);
  EXPECT_EQ(rules.max_rejections, 7);
  EXPECT_EQ(rules.max_waiting_bytes, 64 << 20);
  const AttributeRule& rule = rules.attributes.at("model name");
  EXPECT_EQ(rule.rename, "churn");
  EXPECT_EQ(rule.type, RuleType::kDouble);
  EXPECT_EQ(rule.range, (std::pair{0.0, 1.5}));
  EXPECT_EQ(rule.round, 3);
  EXPECT_EQ(rule.min_change, 0.01);
  EXPECT_EQ(rule.source, "churn-model");
}

TEST_F(ConfigTenantTest, ACredentialOfTwoTenantsBelongsToNeither) {
  inputs_.files["/c/zeta.tokens"] = absl::StrCat(kZetaToken, "\n", kAcmeToken, " push\n");
  const ConfigResult result = Load();
  EXPECT_TRUE(result.MayStart(false));
  EXPECT_THAT(result.config.tenants[0].fault, HasSubstr("shares a token or client_san with tenant "
                                                        "zeta"));
  EXPECT_THAT(result.config.tenants[1].fault, HasSubstr("with tenant acme"));
  const TenantDirectory directory(CredentialsOf(result.config));
  EXPECT_EQ(directory.ByToken(kAcmeToken), std::nullopt);
  EXPECT_THAT(directory.ByToken(kZetaToken), Optional(Eq(Principal{"zeta", Permission::kAll})));
}

TEST_F(ConfigTenantTest, ClientNamesNeedAnAuthority) {
  ExpectAcmeIsOff(Load("client_san = [\"spiffe://acme\"]\n"), "client_san needs client_ca");
}

TEST_F(ConfigTenantTest, WarnsOfSecretsThatOthersCanRead) {
  inputs_.exposed = {"/c/acme.key", "/c/zeta.tokens"};
  const ConfigResult result = Load();
  EXPECT_THAT(Lines(result),
              ElementsAre(HasSubstr("token_file: /c/zeta.tokens can be read by other users"),
                          HasSubstr("api_key_file: /c/acme.key can be read by other users")));
  EXPECT_TRUE(result.MayStart(false));
  EXPECT_FALSE(result.MayStart(true));
  EXPECT_EQ(result.config.tenants[0].fault, "");
}

TEST_F(ConfigTenantTest, TwoPlacesForTheKeyContradict) {
  inputs_.files["/c/x.toml"] = "";
  const ConfigResult result = Load(
      "[tenants.acme.attributes]\n[tenants.next]\ntoken_file = "
      "\"acme.tokens\"\n[tenants.next.braze]\napi_key_file = "
      "\"acme.key\"\napi_key_env = \"KEY\"\nworkspace = \"n\"\n"
      "endpoint = \"http://localhost:1\"\n");
  EXPECT_THAT(Lines(result), ::testing::Contains(HasSubstr("api_key_env: contradicts")));
  EXPECT_FALSE(result.MayStart(false));
}

TEST_F(ConfigTenantTest, ReadApiKeySeesANewKey) {
  const ConfigResult result = Load();
  const TenantConfig& acme = result.config.tenants.at(0);
  auto key = ReadApiKey(acme, inputs_);
  ASSERT_THAT(key, IsOk());
  EXPECT_EQ(key->Reveal(), "acme-braze-key");
  inputs_.files["/c/acme.key"] = "rotated";
  key = ReadApiKey(acme, inputs_);
  ASSERT_THAT(key, IsOk());
  EXPECT_EQ(key->Reveal(), "rotated");
  inputs_.files.erase("/c/acme.key");
  EXPECT_THAT(ReadApiKey(acme, inputs_),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("/c/acme.key")));
}

TEST_F(ConfigTenantTest, ReadApiKeyReadsTheEnvironment) {
  BrazeConfig braze;
  braze.api_key_env = "KEY";
  EXPECT_THAT(ReadApiKey(braze, inputs_),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("environment variable KEY is not")));
  inputs_.variables["KEY"] = "from-env";
  const auto key = ReadApiKey(braze, inputs_);
  ASSERT_THAT(key, IsOk());
  EXPECT_EQ(key->Reveal(), "from-env");
}

TEST_F(ConfigTenantTest, TenantsOfOneRateLimitMustAgreeOnItsSize) {
  EXPECT_THAT(Lines(LoadGroup("hourly_limit = 100", "hourly_limit = 100")), IsEmpty());
  const ConfigResult result = LoadGroup("hourly_limit = 100", "hourly_limit = 200");
  EXPECT_TRUE(result.MayStart(false));
  EXPECT_EQ(result.config.tenants.at(0).fault, "");
  EXPECT_THAT(result.config.tenants.at(1).fault, HasSubstr("shares the rate limit eu with tenant "
                                                           "acme"));
}

}  // namespace
}  // namespace peaksync

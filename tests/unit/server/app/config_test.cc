#include "server/app/config.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <cstdlib>
#include <fstream>
#include <string>

#include "absl/strings/str_cat.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/server/app/fake_inputs.h"

namespace peaksync {
namespace {

using ::peaksync::testing::FakeInputs;
using ::peaksync::testing::IsOk;
using ::peaksync::testing::Lines;
using ::peaksync::testing::TempDir;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::StartsWith;

constexpr const char* kPath = "/etc/peaksync/peaksyncd.toml";

std::string Tenant(const std::string& name, const std::string& workspace) {
  return absl::StrCat("[tenants.", name, "]\ntoken_sha256 = [\"", Sha256Hex(name), "\"]\n[tenants.",
                      name, ".braze]\nworkspace = \"", workspace,
                      "\"\nendpoint = \"https://rest.fra-01.braze.eu\"\napi_key_env = \"KEY\"\n");
}

class ConfigTest : public ::testing::Test {
 protected:
  ConfigTest() { inputs_.variables["KEY"] = "braze-key"; }

  ConfigResult Load(const std::string& text) {
    inputs_.files[kPath] = text;
    return LoadConfig(kPath, inputs_);
  }
  // A whole configuration around `text`.
  ConfigResult LoadWith(const std::string& text) {
    return Load(absl::StrCat("[ledger]\npath = \"/l\"\n", Tenant("acme", "w"), text));
  }

  FakeInputs inputs_;
};

TEST_F(ConfigTest, ReadsWhatIsThereAndDefaultsTheRest) {
  const ConfigResult result = LoadWith("");
  EXPECT_THAT(Lines(result), IsEmpty());
  EXPECT_TRUE(result.MayStart(true));
  EXPECT_EQ(result.config.server.listen, "127.0.0.1:7443");
  EXPECT_EQ(result.config.admin.listen, "127.0.0.1:9464");
  EXPECT_EQ(result.config.ledger.path, "/l");
  ASSERT_THAT(result.config.tenants, SizeIs(1));
  const TenantConfig& acme = result.config.tenants[0];
  EXPECT_EQ(acme.name, "acme");
  EXPECT_EQ(acme.fault, "");
  EXPECT_EQ(acme.braze.workspace, "w");
  EXPECT_EQ(acme.braze.batch_max_objects, 75);
  EXPECT_EQ(acme.braze.batch_max_bytes, 4'000'000);
  EXPECT_EQ(acme.braze.linger, absl::Milliseconds(200));
  EXPECT_EQ(acme.braze.rate_limit_requests, 3'000);
  EXPECT_EQ(acme.braze.rate_limit_per, absl::Seconds(3));
  EXPECT_EQ(acme.braze.rate_share, 0.8);
}

TEST_F(ConfigTest, ReportsEveryProblemAtOnceWithFileLineAndKey) {
  const ConfigResult result = Load(
      "[server]\n"                                     // 1
      "listen = \"nowhere\"\n"                         // 2
      "lisen = \"127.0.0.1:1\"\n"                      // 3
      "insecure = \"yes\"\n"                           // 4
      "[tenants.acme]\n"                               // 5
      "max_waiting_bytes = \"1GB\"\n"                  // 6
      "resend_after = \"5m\"\n"                        // 7
      "token_env = \"TOKENS\"\n"                       // 8
      "[tenants.acme.braze]\n"                         // 9
      "endpoint = \"http://rest.fra-01.braze.eu\"\n"   // 10
      "batch_max_objects = 2000\n"                     // 11
      "linger = 200\n"                                 // 12
      "rate_limit = { requests = 0, pre = \"3s\" }\n"  // 13
      "route = \"bulk\"\n");                           // 14
  EXPECT_THAT(
      Lines(result),
      ElementsAre(
          "/etc/peaksync/peaksyncd.toml:1: ledger.path: missing; name the folder for the ledgers: "
          "[ledger] path = \"/var/lib/peaksync\"",
          StartsWith(
              "/etc/peaksync/peaksyncd.toml:2: server.listen: \"nowhere\" is not an address"),
          "/etc/peaksync/peaksyncd.toml:3: server.lisen: unknown key; did you mean listen?",
          "/etc/peaksync/peaksyncd.toml:4: server.insecure: must be true or false, not a string in "
          "quotes",
          StartsWith("/etc/peaksync/peaksyncd.toml:6: tenants.acme.max_waiting_bytes: \"1GB\" is "
                     "not a size"),
          StartsWith("/etc/peaksync/peaksyncd.toml:7: tenants.acme.resend_after: must be 1h to"),
          "/etc/peaksync/peaksyncd.toml:8: tenants.acme.token_env: environment variable TOKENS "
          "holds no token",
          StartsWith("/etc/peaksync/peaksyncd.toml:9: tenants.acme.braze.workspace: missing"),
          StartsWith("/etc/peaksync/peaksyncd.toml:9: tenants.acme.braze.api_key_file: missing"),
          StartsWith("/etc/peaksync/peaksyncd.toml:10: tenants.acme.braze.endpoint: must be https"),
          "/etc/peaksync/peaksyncd.toml:11: tenants.acme.braze.batch_max_objects: must be 1 to "
          "1000, not 2000",
          "/etc/peaksync/peaksyncd.toml:12: tenants.acme.braze.linger: must be a string in quotes, "
          "not a whole number",
          StartsWith("/etc/peaksync/peaksyncd.toml:13: tenants.acme.braze.rate_limit.requests: "
                     "must be 1 to 1000000, not 0"),
          StartsWith("/etc/peaksync/peaksyncd.toml:13: tenants.acme.braze.rate_limit.per: missing"),
          "/etc/peaksync/peaksyncd.toml:13: tenants.acme.braze.rate_limit.pre: unknown key; did "
          "you mean per?",
          "/etc/peaksync/peaksyncd.toml:14: tenants.acme.braze.route: must be one of track, "
          "track_bulk, not \"bulk\""));
  EXPECT_FALSE(result.MayStart(false));
}

TEST_F(ConfigTest, PutsTheAdminSocketBesideTheLedgersUnlessItHasAPlace) {
  EXPECT_EQ(LoadWith("").config.admin.socket, "/l/admin.sock");
  EXPECT_EQ(LoadWith("[admin]\nsocket = \"/run/x.sock\"\n").config.admin.socket, "/run/x.sock");
  const ConfigResult result =
      LoadWith("[admin]\nsocket = \"/run/" + std::string(103, 'x') + "\"\n");
  EXPECT_THAT(Lines(result), ElementsAre(HasSubstr("admin.socket: has more than 107 bytes")));
}

TEST_F(ConfigTest, TheBulkRouteHasLimitsOfItsOwn) {
  const BrazeConfig bulk = LoadWith("route = \"track_bulk\"\n").config.tenants.at(0).braze;
  EXPECT_TRUE(bulk.track_bulk);
  EXPECT_EQ(bulk.batch_max_bytes, 2'000'000);
  EXPECT_THAT(Lines(LoadWith("route = \"track_bulk\"\nbatch_max_bytes = 3000000\n")),
              ElementsAre(HasSubstr("batch_max_bytes: must be 10000 to 2000000, not 3000000")));
}

TEST_F(ConfigTest, NamesTheLineOfASyntaxError) {
  const ConfigResult result = Load("[ledger]\npath = \"/l\"\n[server\n");
  EXPECT_THAT(Lines(result), ElementsAre(StartsWith("/etc/peaksync/peaksyncd.toml:3: not valid "
                                                    "TOML: ")));
  EXPECT_FALSE(result.MayStart(false));
}

TEST_F(ConfigTest, NamesAFileThatCannotBeRead) {
  const ConfigResult result = LoadConfig("/nowhere.toml", inputs_);
  EXPECT_THAT(Lines(result), ElementsAre(HasSubstr("/nowhere.toml: cannot read /nowhere.toml")));
  EXPECT_FALSE(result.MayStart(false));
}

TEST_F(ConfigTest, RequiresTlsOffLoopbackUnlessToldOtherwise) {
  for (const char* listen : {"0.0.0.0:7443", "[::]:7443", "sync.acme.example:7443"}) {
    const std::string server = absl::StrCat("[server]\nlisten = \"", listen, "\"\n");
    EXPECT_THAT(Lines(LoadWith(server)), ElementsAre(HasSubstr("TLS is required"))) << listen;
    EXPECT_THAT(Lines(LoadWith(server + "insecure = true\n")), IsEmpty()) << listen;
    inputs_.files["/etc/peaksync/c.pem"] = "cert";
    inputs_.files["/etc/peaksync/k.pem"] = "key";
    EXPECT_THAT(Lines(LoadWith(server + "tls_cert = \"c.pem\"\ntls_key = \"k.pem\"\n")), IsEmpty());
  }
  for (const char* listen : {"127.0.0.2:0", "[::1]:7443", "localhost:7443"}) {
    EXPECT_THAT(Lines(LoadWith(absl::StrCat("[server]\nlisten = \"", listen, "\"\n"))), IsEmpty());
  }
}

TEST_F(ConfigTest, KeepsTheAdminPortOnLoopbackUnlessToldOtherwise) {
  const std::string admin = "[admin]\nlisten = \"0.0.0.0:9464\"\n";
  const ConfigResult refused = LoadWith(admin);
  EXPECT_THAT(Lines(refused), ElementsAre(HasSubstr("admin.listen: 0.0.0.0:9464 is not loopback")));
  EXPECT_FALSE(refused.MayStart(false));
  EXPECT_THAT(Lines(LoadWith(admin + "insecure = true\n")), IsEmpty());
}

TEST_F(ConfigTest, WantsTlsFilesTogetherAndReadable) {
  EXPECT_THAT(
      Lines(LoadWith("[server]\ntls_cert = \"c.pem\"\ninsecure = true\n")),
      ElementsAre(HasSubstr("server.tls_key: missing"), HasSubstr("server.tls_cert: cannot"),
                  HasSubstr("server.insecure: contradicts")));
  EXPECT_THAT(Lines(LoadWith("[server]\nclient_ca = \"ca.pem\"\n")),
              ElementsAre(HasSubstr("cannot read /etc/peaksync/ca.pem"), HasSubstr("need TLS")));
}

TEST_F(ConfigTest, RefusesTwoTenantsWithOneWorkspace) {
  const ConfigResult result = LoadWith(Tenant("zeta", "w"));
  EXPECT_THAT(Lines(result), ElementsAre(HasSubstr(
                                 "tenants.zeta.braze.workspace: w at "
                                 "https://rest.fra-01.braze.eu belongs to tenant acme already")));
  EXPECT_FALSE(result.MayStart(false));
  EXPECT_THAT(Lines(LoadWith(Tenant("zeta", "another"))), IsEmpty());
}

TEST_F(ConfigTest, RefusesMoreTenantsThanAServiceHas) {
  std::string text = "[ledger]\npath = \"/l\"\n";
  for (int i = 0; i < limits::kTenantsMax; ++i) {
    text += Tenant(absl::StrCat("t", i), absl::StrCat("w", i));
  }
  EXPECT_THAT(Lines(Load(text)), IsEmpty());
  EXPECT_THAT(Lines(Load(text + Tenant("one-more", "x"))),
              ElementsAre(HasSubstr("there are 257 tenants; a service has at most 256")));
}

TEST_F(ConfigTest, RefusesABadTenantName) {
  for (const char* name : {"Acme", "-acme", "\"a.b\"", "\"\"", "a_b"}) {
    EXPECT_THAT(Lines(LoadWith(Tenant(name, "other"))), Contains(HasSubstr("a tenant's name is")))
        << name;
  }
}

TEST_F(ConfigTest, ReadsIncludedTenantsRelativeToTheFile) {
  inputs_.files["/etc/peaksync/tenants.d/b.toml"] = Tenant("bravo", "wb");
  inputs_.files["/etc/peaksync/tenants.d/a.toml"] =
      Tenant("alpha", "wa") + "[tenants.alpha.attributes.x]\nround = 4\n";
  const ConfigResult result = Load(absl::StrCat("include = \"tenants.d/*.toml\"\n[ledger]\n",
                                                "path = \"ledgers\"\n", Tenant("acme", "w")));
  EXPECT_THAT(Lines(result), IsEmpty());
  EXPECT_EQ(result.config.ledger.path, "/etc/peaksync/ledgers");
  ASSERT_THAT(result.config.tenants, SizeIs(3));
  EXPECT_EQ(result.config.tenants[1].name, "alpha");
  EXPECT_EQ(result.config.tenants[1].rules.attributes.at("x").round, 4);
}

TEST_F(ConfigTest, NamesTheIncludedFileOfAProblem) {
  inputs_.files["/etc/peaksync/tenants.d/a.toml"] = Tenant("acme", "wa") + "[server]\n";
  inputs_.files["/etc/peaksync/tenants.d/b.toml"] = "=\n";
  const ConfigResult result = Load(absl::StrCat("include = \"tenants.d/*.toml\"\n[ledger]\n",
                                                "path = \"/l\"\n", Tenant("acme", "w")));
  EXPECT_THAT(Lines(result),
              ElementsAre("/etc/peaksync/tenants.d/a.toml:1: tenants.acme: a second tenant of this "
                          "name; the first stands at /etc/peaksync/peaksyncd.toml:4",
                          HasSubstr("a.toml:7: server: unknown key; an included file may hold"),
                          HasSubstr("b.toml:1: not valid TOML")));
}

TEST_F(ConfigTest, WantsAnIncludedFileOnlyWhenItIsNamedInFull) {
  const std::string rest = absl::StrCat("[ledger]\npath = \"/l\"\n", Tenant("acme", "w"));
  EXPECT_THAT(Lines(Load("include = \"tenants.d/*.toml\"\n" + rest)), IsEmpty());
  EXPECT_THAT(Lines(Load("include = \"acme.toml\"\n" + rest)),
              ElementsAre(HasSubstr(":1: include: /etc/peaksync/acme.toml does not exist")));
}

TEST(SystemConfigInputs, ReadsTheMachinesFilesAndEnvironment) {
  const TempDir dir;
  ASSERT_EQ(mkdir(dir.File("tenants.d").c_str(), 0700), 0);
  std::ofstream(dir.File("peaksyncd.toml"))
      << "include = \"tenants.d/*.toml\"\n[ledger]\npath = \"/l\"\n";
  std::ofstream(dir.File("tenants.d/acme.toml")) << Tenant("acme", "w");
  ASSERT_EQ(setenv("KEY", "braze-key", 1), 0);
  const ConfigResult result = LoadConfig(dir.File("peaksyncd.toml"));
  EXPECT_THAT(Lines(result), IsEmpty());
  ASSERT_THAT(result.config.tenants, SizeIs(1));
  const auto key = ReadApiKey(result.config.tenants[0]);
  ASSERT_THAT(key, IsOk());
  EXPECT_EQ(key->Reveal(), "braze-key");
}

TEST_F(ConfigTest, WarnsWhenNobodyCanUseTheService) {
  const ConfigResult result = Load("[ledger]\npath = \"/l\"\n");
  EXPECT_THAT(Lines(result), ElementsAre(HasSubstr("no tenant is configured")));
  EXPECT_TRUE(result.MayStart(false));
  EXPECT_FALSE(result.MayStart(true));
}

}  // namespace
}  // namespace peaksync

#include "server/app/config_changes.h"

#include <gmock/gmock.h>

#include <string>

namespace peaksync {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TenantConfig Tenant(const std::string& name) {
  TenantConfig tenant;
  tenant.name = name;
  tenant.credentials = {name, {{Sha256(name), Permission::kAll}}, {}};
  tenant.braze.workspace = name + "-test";
  tenant.braze.endpoint = "https://rest.example";
  tenant.braze.api_key_file = name + ".key";
  return tenant;
}

Config TwoTenants() {
  Config config;
  config.ledger.path = "/l";
  config.tenants = {Tenant("acme"), Tenant("bolt")};
  return config;
}

// The only change, that of acme, after `edit`.
template <typename Edit>
TenantChange ChangeOf(Edit edit) {
  Config next = TwoTenants();
  edit(next.tenants[0]);
  const ConfigChanges changes = CompareConfigs(TwoTenants(), next);
  EXPECT_EQ(changes.changed.size(), 1U);
  EXPECT_THAT(changes.restart, IsEmpty());
  return changes.changed.empty() ? TenantChange() : changes.changed[0];
}

TEST(CompareConfigs, FindsNothingBetweenEqualOnes) {
  EXPECT_TRUE(CompareConfigs(TwoTenants(), TwoTenants()).empty());
}

TEST(CompareConfigs, NamesTenantsThatCameAndWent) {
  Config next = TwoTenants();
  next.tenants = {Tenant("bolt"), Tenant("core")};
  const ConfigChanges changes = CompareConfigs(TwoTenants(), next);
  EXPECT_THAT(changes.added, ElementsAre("core"));
  EXPECT_THAT(changes.removed, ElementsAre("acme"));
  EXPECT_THAT(changes.changed, IsEmpty());
}

TEST(CompareConfigs, TellsCredentialsFromRules) {
  EXPECT_EQ(ChangeOf([](TenantConfig& acme) {
              acme.credentials.tokens[0].permission = Permission::kPush;
            }),
            (TenantChange{.tenant = "acme", .credentials = true}));
  EXPECT_EQ(ChangeOf([](TenantConfig& acme) { acme.rules.attributes["plan"].round = 2; }),
            (TenantChange{.tenant = "acme", .rules = true}));
  EXPECT_EQ(ChangeOf([](TenantConfig& acme) { acme.rules.resend_after = absl::Hours(24); }),
            (TenantChange{.tenant = "acme", .rules = true}));
}

TEST(CompareConfigs, TellsTheWorkspaceFromHowItIsSentTo) {
  const TenantChange workspace{.tenant = "acme", .workspace = true};
  EXPECT_EQ(ChangeOf([](TenantConfig& acme) { acme.braze.workspace = "staging"; }), workspace);
  EXPECT_EQ(ChangeOf([](TenantConfig& acme) { acme.braze.endpoint = "https://other.example"; }),
            workspace);
  const TenantChange delivery{.tenant = "acme", .delivery = true};
  EXPECT_EQ(ChangeOf([](TenantConfig& acme) { acme.braze.api_key_file = "new.key"; }), delivery);
  EXPECT_EQ(ChangeOf([](TenantConfig& acme) { acme.braze.hourly_limit = 1; }), delivery);
  EXPECT_EQ(ChangeOf([](TenantConfig& acme) { acme.braze.track_bulk = true; }), delivery);
}

TEST(CompareConfigs, NoticesAFaultThatCameOrWasMended) {
  EXPECT_EQ(ChangeOf([](TenantConfig& acme) { acme.fault = "no key"; }),
            (TenantChange{.tenant = "acme", .fault = true}));
}

TEST(CompareConfigs, NamesEachKeyThatNeedsARestart) {
  Config next = TwoTenants();
  next.server = {"127.0.0.1:1", "c", "k", "a", true};
  next.admin = {"127.0.0.1:2", true, "/s"};
  next.ledger = {"/other", 1};
  EXPECT_THAT(CompareConfigs(TwoTenants(), next).restart,
              ElementsAre("server.listen", "server.tls_cert", "server.tls_key", "server.client_ca",
                          "server.insecure", "admin.listen", "admin.insecure", "admin.socket",
                          "ledger.path", "ledger.min_free_disk"));
}

}  // namespace
}  // namespace peaksync

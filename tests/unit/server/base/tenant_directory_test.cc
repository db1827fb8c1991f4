#include "server/base/tenant_directory.h"

#include <gmock/gmock.h>

#include <optional>
#include <string>
#include <vector>

namespace peaksync {
namespace {

using ::testing::Eq;
using ::testing::Optional;

TokenCredential Token(std::string_view token, Permission permission) {
  return {Sha256(token), permission};
}

TenantDirectory MakeDirectory() {
  return TenantDirectory({
      {"acme",
       {Token("acme-token-number-1", Permission::kPush),
        Token("acme-token-number-2", Permission::kAll)},
       {{"spiffe://acme/peak", Permission::kPush}, {"admin.acme.example", Permission::kAll}}},
      {"zeta",
       {Token("zeta-token-number-1", Permission::kAll)},
       {{"peak.zeta.example", Permission::kAll}}},
  });
}

TEST(TenantDirectory, FindsTheTenantOfEveryTokenWithItsPermission) {
  const TenantDirectory directory = MakeDirectory();
  EXPECT_THAT(directory.ByToken("acme-token-number-1"),
              Optional(Eq(Principal{"acme", Permission::kPush})));
  EXPECT_THAT(directory.ByToken("acme-token-number-2"),
              Optional(Eq(Principal{"acme", Permission::kAll})));
  EXPECT_THAT(directory.ByToken("zeta-token-number-1"),
              Optional(Eq(Principal{"zeta", Permission::kAll})));
}

TEST(TenantDirectory, KnowsNoOtherToken) {
  const TenantDirectory directory = MakeDirectory();
  EXPECT_EQ(directory.ByToken(""), std::nullopt);
  EXPECT_EQ(directory.ByToken("acme-token-number-"), std::nullopt);
  EXPECT_EQ(directory.ByToken("acme-token-number-11"), std::nullopt);
  EXPECT_EQ(directory.ByToken(Sha256Hex("acme-token-number-1")), std::nullopt);
  EXPECT_EQ(TenantDirectory({}).ByToken("acme-token-number-1"), std::nullopt);
}

TEST(TenantDirectory, FindsTheTenantOfACertificateByAnyOfItsNames) {
  const TenantDirectory directory = MakeDirectory();
  const std::vector<std::string> sans = {"10.0.0.1", "spiffe://acme/peak"};
  EXPECT_THAT(directory.ByCertificateSan(sans), Optional(Eq(Principal{"acme", Permission::kPush})));
  const std::vector<std::string> both = {"spiffe://acme/peak", "admin.acme.example"};
  EXPECT_THAT(directory.ByCertificateSan(both), Optional(Eq(Principal{"acme", Permission::kAll})));
  EXPECT_EQ(directory.ByCertificateSan({}), std::nullopt);
}

TEST(TenantDirectory, RefusesACertificateWithNamesOfTwoTenants) {
  const std::vector<std::string> sans = {"admin.acme.example", "peak.zeta.example"};
  EXPECT_EQ(MakeDirectory().ByCertificateSan(sans), std::nullopt);
}

}  // namespace
}  // namespace peaksync

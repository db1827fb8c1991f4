#include "server/api/tenant_registry.h"

#include <gmock/gmock.h>

#include <memory>
#include <string>

#include "tests/support/status_matchers.h"

namespace peaksync {
namespace {

using ::peaksync::testing::IsOk;
using ::peaksync::testing::StatusIs;
using ::testing::HasSubstr;
using ::testing::IsNull;

std::shared_ptr<const ApiTenant> Tenant(const std::string& name, absl::Status fault = {}) {
  ApiTenant tenant;
  tenant.name = name;
  tenant.fault = std::move(fault);
  return std::make_shared<const ApiTenant>(std::move(tenant));
}

TenantCredentials Token(const std::string& tenant, const std::string& token,
                        Permission permission = Permission::kAll) {
  return {tenant, {{Sha256(token), permission}}, {}};
}

CallCredential With(const std::string& token) { return {Sha256(token), {}}; }

class TenantRegistryTest : public ::testing::Test {
 protected:
  void SetUp() override {
    registry_.SetCredentials({Token("acme", "a"), Token("bolt", "b", Permission::kPush)});
    registry_.Set(Tenant("acme"));
    registry_.Set(Tenant("bolt"));
  }
  std::string NameOf(const CallCredential& credential, std::string_view method = "GetSyncRun") {
    const auto tenant = registry_.Authorize(credential, method);
    return tenant.ok() ? (*tenant)->name : std::string(tenant.status().message());
  }

  TenantRegistry registry_;
};

TEST_F(TenantRegistryTest, FindsTheTenantOfACredential) {
  EXPECT_EQ(NameOf(With("a")), "acme");
  EXPECT_EQ(NameOf(With("b")), "bolt");
  registry_.SetCredentials({{"acme", {}, {{"spiffe://acme", Permission::kAll}}}});
  EXPECT_EQ(NameOf({{}, {"spiffe://acme"}}), "acme");
}

TEST_F(TenantRegistryTest, TellsAnUnknownTokenFromNone) {
  EXPECT_THAT(registry_.Authorize(With("c"), "GetSyncRun"),
              StatusIs(absl::StatusCode::kUnauthenticated, HasSubstr("token is not known")));
  EXPECT_THAT(registry_.Authorize({}, "GetSyncRun"),
              StatusIs(absl::StatusCode::kUnauthenticated, HasSubstr("no credential")));
}

TEST_F(TenantRegistryTest, RefusesWhatThePermissionDoesNotAllow) {
  EXPECT_THAT(registry_.Authorize(With("b"), "Resync"),
              StatusIs(absl::StatusCode::kPermissionDenied, HasSubstr("Resync")));
  EXPECT_THAT(registry_.Authorize(With("a"), "Resync"), IsOk());
}

TEST_F(TenantRegistryTest, AnswersWithTheTenantsFault) {
  registry_.Set(Tenant("acme", absl::FailedPreconditionError("acme is misconfigured")));
  EXPECT_EQ(NameOf(With("a")), "acme is misconfigured");
  EXPECT_EQ(NameOf(With("b")), "bolt");
}

TEST_F(TenantRegistryTest, ACallKeepsTheTenantItBeganWith) {
  const auto begun = registry_.Authorize(With("a"), "GetSyncRun");
  ASSERT_THAT(begun, IsOk());
  registry_.Remove("acme");
  EXPECT_EQ((*begun)->name, "acme");
  EXPECT_THAT(registry_.Find("acme"), IsNull());
  EXPECT_THAT(registry_.Authorize(With("a"), "GetSyncRun"),
              StatusIs(absl::StatusCode::kUnauthenticated, HasSubstr("token")));
}

TEST_F(TenantRegistryTest, AStreamGoesOnWhileItsCredentialIsItsTenants) {
  EXPECT_THAT(registry_.Check(With("a"), "acme"), IsOk());
  registry_.SetCredentials({Token("acme", "a2"), Token("bolt", "b")});
  EXPECT_THAT(registry_.Check(With("a"), "acme"),
              StatusIs(absl::StatusCode::kUnauthenticated, HasSubstr("not valid any more")));
  EXPECT_THAT(registry_.Check(With("b"), "bolt"), IsOk());
  registry_.SetCredentials({Token("acme", "b")});  // Given to another tenant.
  EXPECT_THAT(registry_.Check(With("b"), "bolt"),
              StatusIs(absl::StatusCode::kUnauthenticated, HasSubstr("token")));
}

}  // namespace
}  // namespace peaksync

#include "server/api/permissions.h"

#include <gmock/gmock.h>

#include <set>
#include <string>

#include "peaksync/v1/sync_service.pb.h"
#include "tests/support/status_matchers.h"

namespace peaksync {
namespace {

using ::peaksync::testing::IsOk;
using ::peaksync::testing::StatusIs;
using ::testing::HasSubstr;

// All methods of the service that need no more than `permission`.
std::set<std::string> MethodsFor(Permission permission) {
  std::set<std::string> methods;
  const auto* service = v1::StreamStart::descriptor()->file()->service(0);
  for (int i = 0; i < service->method_count(); ++i) {
    const std::string& name = service->method(i)->name();
    if (PermissionFor(name) == permission) methods.insert(name);
  }
  return methods;
}

TEST(PermissionFor, PushMayStreamAndReadRunsAndNothingElse) {
  EXPECT_EQ(MethodsFor(Permission::kPush),
            (std::set<std::string>{"StreamUpdates", "GetSyncRun", "ListSyncRuns", "WatchSyncRun",
                                   "ListSources", "GetLastSync"}));
  EXPECT_TRUE(MethodsFor(Permission::kAll).contains("Resync"));
}

TEST(PermissionFor, AMethodThatNobodyThoughtOfNeedsAll) {
  EXPECT_EQ(PermissionFor("DeleteEverything"), Permission::kAll);
}

TEST(CheckPermission, SaysWhatTheMethodNeeds) {
  EXPECT_THAT(CheckPermission(Permission::kPush, "GetSyncRun"), IsOk());
  EXPECT_THAT(CheckPermission(Permission::kAll, "CancelSyncRun"), IsOk());
  EXPECT_THAT(CheckPermission(Permission::kPush, "CancelSyncRun"),
              StatusIs(absl::StatusCode::kPermissionDenied,
                       HasSubstr("may push only, and CancelSyncRun needs one that may do "
                                 "everything")));
}

}  // namespace
}  // namespace peaksync

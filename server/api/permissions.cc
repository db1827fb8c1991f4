#include "server/api/permissions.h"

#include <algorithm>
#include <iterator>

#include "server/domain/concat.h"

namespace peaksync {
namespace {

// Streams updates, and reads about runs. Nothing of it undoes what somebody else has sent.
constexpr std::string_view kPushMethods[] = {
    "StreamUpdates", "GetSyncRun", "ListSyncRuns", "WatchSyncRun", "ListSources", "GetLastSync",
};

}  // namespace

Permission PermissionFor(std::string_view method) {
  const bool push = std::ranges::find(kPushMethods, method) != std::end(kPushMethods);
  return push ? Permission::kPush : Permission::kAll;
}

absl::Status CheckPermission(Permission allowed, std::string_view method) {
  if (allowed == Permission::kAll || PermissionFor(method) == allowed) return absl::OkStatus();
  return absl::PermissionDeniedError(
      Concat("the credential may push only, and ", method,
             " needs one that may do everything (a line TOKEN all of the tenant's token file)"));
}

}  // namespace peaksync

#pragma once

#include <string_view>

#include "absl/status/status.h"
#include "server/base/tenant_directory.h"

namespace peaksync {

// What a credential must be allowed to call a method of SyncService, named as in the proto. One
// that is not listed needs kAll, so that a new method is never open to all by mistake.
Permission PermissionFor(std::string_view method);

// PERMISSION_DENIED when the credential does not allow the method; says what would.
absl::Status CheckPermission(Permission allowed, std::string_view method);

}  // namespace peaksync

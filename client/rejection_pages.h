#pragma once

#include <functional>

#include "absl/status/status.h"
#include "client/rpc_client.h"

namespace peaksync::client {

// Gives every rejection that matches to `take`, oldest first, page by page. Pages that are too
// large for a message are asked for again in smaller ones. Ends with the first error: the
// service's, or that of `take`.
absl::Status ForEachRejection(RpcClient& client, const v1::RejectionFilter& filter,
                              const std::function<absl::Status(const v1::Rejection&)>& take);

}  // namespace peaksync::client

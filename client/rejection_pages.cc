#include "client/rejection_pages.h"

#include <algorithm>

#include "client/limits.h"
#include "client/status_macros.h"

namespace peaksync::client {

absl::Status ForEachRejection(RpcClient& client, const v1::RejectionFilter& filter,
                              const std::function<absl::Status(const v1::Rejection&)>& take) {
  v1::ListRejectionsRequest request;
  *request.mutable_filter() = filter;
  request.set_page_size(limits::kRejectionsPageSize);
  for (;;) {
    const absl::StatusOr<v1::ListRejectionsResponse> page = client.ListRejections(request);
    // A value may have 100,000 bytes.
    if (absl::IsResourceExhausted(page.status()) && request.page_size() > 1) {
      request.set_page_size(std::max(1, request.page_size() / 8));
      continue;
    }
    PEAKSYNC_CLIENT_RETURN_IF_ERROR(page.status());
    for (const v1::Rejection& rejection : page->rejections()) {
      PEAKSYNC_CLIENT_RETURN_IF_ERROR(take(rejection));
    }
    if (page->next_page_token().empty()) return absl::OkStatus();
    request.set_page_token(page->next_page_token());
  }
}

}  // namespace peaksync::client

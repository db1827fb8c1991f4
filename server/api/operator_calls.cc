// What people ask for: canceling runs, rejections, resync, cursors.
#include <limits>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "server/api/decode.h"
#include "server/api/encode_value.h"
#include "server/api/page.h"
#include "server/api/reactors.h"
#include "server/api/run_message.h"
#include "server/base/status_macros.h"
#include "server/domain/concat.h"

namespace peaksync {
namespace {

absl::StatusOr<std::optional<Customer>> ReadCustomer(bool given, const v1::Customer& message) {
  if (!given) return std::nullopt;
  Customer customer;
  if (const auto reason = DecodeCustomer(message, &customer)) {
    return absl::InvalidArgumentError(Concat("customer: ", *reason));
  }
  return customer;
}

absl::StatusOr<RejectionFilter> ReadFilter(const v1::RejectionFilter& message) {
  RejectionFilter filter;
  filter.source = message.source();
  filter.run_id = message.run_id();
  filter.attribute = message.attribute();
  PEAKSYNC_ASSIGN_OR_RETURN(filter.customer,
                            ReadCustomer(message.has_customer(), message.customer()));
  switch (message.kind()) {
    case v1::REJECTION_KIND_UNSPECIFIED:
      return filter;
    case v1::REJECTION_KIND_VALIDATION:
      filter.kind = RejectionKind::kValidation;
      return filter;
    case v1::REJECTION_KIND_BRAZE:
      filter.kind = RejectionKind::kBraze;
      return filter;
    default:
      return absl::InvalidArgumentError("filter.kind is none that this service knows");
  }
}

void WriteRejection(const Rejection& rejection, v1::Rejection* message) {
  message->set_rejection_id(Concat(rejection.rejection_id));
  EncodeCustomer(rejection.customer, message->mutable_customer());
  message->mutable_attribute()->set_name(rejection.attribute);
  v1::Value value;
  if (EncodeValue(rejection.json, &value)) {
    *message->mutable_attribute()->mutable_value() = std::move(value);
  }
  WriteTimestamp(rejection.updated_at, message->mutable_updated_at());
  WriteTimestamp(rejection.reject_time, message->mutable_reject_time());
  message->set_kind(rejection.kind == RejectionKind::kBraze ? v1::REJECTION_KIND_BRAZE
                                                            : v1::REJECTION_KIND_VALIDATION);
  message->set_reason(rejection.reason);
  message->set_run_id(rejection.run_id);
  message->set_attempts(rejection.attempts);
}

absl::StatusOr<RetryRequest> ReadRetry(const v1::RetryRejectionsRequest& message) {
  RetryRequest request;
  PEAKSYNC_ASSIGN_OR_RETURN(request.filter, ReadFilter(message.filter()));
  if (message.page_token().empty()) return request;
  const std::vector<std::string> parts = absl::StrSplit(message.page_token(), ':');
  std::int64_t until = 0;
  if (parts.size() != 2 || !absl::SimpleAtoi(parts[0], &request.after) ||
      !absl::SimpleAtoi(parts[1], &until) || request.after < 1 || until < request.after) {
    return BadPage();
  }
  request.until = until;
  return request;
}

}  // namespace

grpc::ServerUnaryReactor* SyncServiceImpl::CancelSyncRun(Context* context,
                                                         const v1::CancelSyncRunRequest* request,
                                                         v1::CancelSyncRunResponse* response) {
  const absl::StatusOr<Caller> caller = Authorize(*context, "CancelSyncRun");
  if (!caller.ok()) return Answer(context, caller.status());
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  caller->tenant->ledger->CancelRun(
      request->run_id(), [=, tenant = caller->tenant](absl::StatusOr<RunView> view) {
        if (view.ok()) WriteRun(view->run, view->delivery, response->mutable_run());
        reactor->Finish(ToGrpc(view.status()));
      });
  return reactor;
}

grpc::ServerUnaryReactor* SyncServiceImpl::ListRejections(Context* context,
                                                          const v1::ListRejectionsRequest* request,
                                                          v1::ListRejectionsResponse* response) {
  const absl::StatusOr<Caller> caller = Authorize(*context, "ListRejections");
  if (!caller.ok()) return Answer(context, caller.status());
  absl::StatusOr<RejectionFilter> filter = ReadFilter(request->filter());
  if (!filter.ok()) return Answer(context, filter.status());
  const absl::StatusOr<std::int64_t> after = ReadPageToken(request->page_token());
  if (!after.ok()) return Answer(context, after.status());
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  caller->tenant->ledger->ListRejections(
      *std::move(filter), PageSize(request->page_size()), *after,
      [=, tenant = caller->tenant](absl::StatusOr<RejectionPage> page) {
        if (page.ok()) {
          for (const Rejection& rejection : page->rejections) {
            WriteRejection(rejection, response->add_rejections());
          }
          if (page->next_after) response->set_next_page_token(Concat(*page->next_after));
        }
        reactor->Finish(ToGrpc(page.status()));
      });
  return reactor;
}

grpc::ServerUnaryReactor* SyncServiceImpl::RetryRejections(
    Context* context, const v1::RetryRejectionsRequest* request,
    v1::RetryRejectionsResponse* response) {
  const absl::StatusOr<Caller> caller = Authorize(*context, "RetryRejections");
  if (!caller.ok()) return Answer(context, caller.status());
  absl::StatusOr<RetryRequest> retry = ReadRetry(*request);
  if (!retry.ok()) return Answer(context, retry.status());
  retry->catalog = caller->tenant->catalog;
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  caller->tenant->ledger->RetryRejections(
      *std::move(retry), [=, tenant = caller->tenant](absl::StatusOr<RetryResult> result) {
        if (result.ok()) {
          for (const Run& run : result->runs) {
            WriteRun(run, {}, response->add_runs());
            response->mutable_runs()->rbegin()->clear_delivery();  // WatchSyncRun tells it.
          }
          response->set_retried(result->retried);
          response->set_not_retriable(result->not_retriable);
          if (result->next_after) {
            response->set_next_page_token(Concat(*result->next_after, ":", result->until));
          }
        }
        reactor->Finish(ToGrpc(result.status()));
      });
  return reactor;
}

grpc::ServerUnaryReactor* SyncServiceImpl::DiscardRejections(
    Context* context, const v1::DiscardRejectionsRequest* request,
    v1::DiscardRejectionsResponse* response) {
  const absl::StatusOr<Caller> caller = Authorize(*context, "DiscardRejections");
  if (!caller.ok()) return Answer(context, caller.status());
  absl::StatusOr<RejectionFilter> filter = ReadFilter(request->filter());
  if (!filter.ok()) return Answer(context, filter.status());
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  caller->tenant->ledger->DiscardRejections(
      *std::move(filter), [=, tenant = caller->tenant](absl::StatusOr<std::int64_t> discarded) {
        if (discarded.ok()) response->set_discarded(*discarded);
        reactor->Finish(ToGrpc(discarded.status()));
      });
  return reactor;
}

grpc::ServerUnaryReactor* SyncServiceImpl::Resync(Context* context,
                                                  const v1::ResyncRequest* request,
                                                  v1::ResyncResponse* response) {
  const absl::StatusOr<Caller> caller = Authorize(*context, "Resync");
  if (!caller.ok()) return Answer(context, caller.status());
  ResyncRequest resync;
  resync.attribute = request->attribute();
  resync.validate_only = request->validate_only();
  absl::StatusOr<std::optional<Customer>> customer =
      ReadCustomer(request->has_customer(), request->customer());
  if (!customer.ok()) return Answer(context, customer.status());
  resync.customer = *std::move(customer);
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  caller->tenant->ledger->Resync(std::move(resync),
                                 [=, tenant = caller->tenant](absl::StatusOr<std::int64_t> values) {
                                   if (values.ok()) response->set_values(*values);
                                   reactor->Finish(ToGrpc(values.status()));
                                 });
  return reactor;
}

grpc::ServerUnaryReactor* SyncServiceImpl::SetSourceCursor(
    Context* context, const v1::SetSourceCursorRequest* request,
    v1::SetSourceCursorResponse* response) {
  const absl::StatusOr<Caller> caller = Authorize(*context, "SetSourceCursor");
  if (!caller.ok()) return Answer(context, caller.status());
  std::optional<UnixNanos> cursor;
  if (request->has_cursor()) {
    const absl::StatusOr<UnixNanos> time = ReadTimestamp(request->cursor());
    if (!time.ok()) {
      return Answer(context,
                    absl::InvalidArgumentError(Concat("cursor ", time.status().message())));
    }
    cursor = *time;
  }
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  caller->tenant->ledger->SetSourceCursor(
      request->source(), cursor, [=, tenant = caller->tenant](absl::StatusOr<SourceView> view) {
        if (view.ok()) WriteSource(view->source, view->delivery, response->mutable_source());
        reactor->Finish(ToGrpc(view.status()));
      });
  return reactor;
}

}  // namespace peaksync

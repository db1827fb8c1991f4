#include <algorithm>
#include <span>
#include <utility>
#include <vector>

#include "server/api/page.h"
#include "server/api/reactors.h"
#include "server/api/run_message.h"
#include "server/base/status_macros.h"
#include "server/domain/concat.h"

namespace peaksync {
namespace {

constexpr std::string_view kBearer = "Bearer ";

// A bidirectional call that is over before it began.
class RefusedStream final
    : public grpc::ServerBidiReactor<v1::StreamUpdatesRequest, v1::StreamUpdatesResponse> {
 public:
  explicit RefusedStream(const grpc::Status& status) { Finish(status); }
  void OnDone() override { delete this; }  // gRPC owns reactors until OnDone.
};

class RefusedWatch final : public grpc::ServerWriteReactor<v1::WatchSyncRunResponse> {
 public:
  explicit RefusedWatch(const grpc::Status& status) { Finish(status); }
  void OnDone() override { delete this; }
};

std::optional<std::string> BearerToken(const grpc::CallbackServerContext& context) {
  const auto range = context.client_metadata().equal_range("authorization");
  if (range.first == range.second || std::next(range.first) != range.second) return std::nullopt;
  const std::string_view value(range.first->second.data(), range.first->second.size());
  if (!value.starts_with(kBearer)) return std::nullopt;
  return std::string(value.substr(kBearer.size()));
}

std::vector<std::string> CertificateSans(const grpc::CallbackServerContext& context) {
  std::vector<std::string> sans;
  const auto auth = context.auth_context();
  if (auth == nullptr || !auth->IsPeerAuthenticated()) return sans;
  for (const grpc::string_ref& san : auth->FindPropertyValues("x509_subject_alternative_name")) {
    sans.emplace_back(san.data(), san.size());
  }
  return sans;
}

}  // namespace

grpc::ServerUnaryReactor* Answer(grpc::CallbackServerContext* context, const absl::Status& status) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  reactor->Finish(ToGrpc(status));
  return reactor;
}

absl::StatusOr<Caller> SyncServiceImpl::Authorize(const Context& context,
                                                  std::string_view method) const {
  CallCredential credential;
  if (const std::optional<std::string> token = BearerToken(context)) {
    credential.token = Sha256(*token);
  } else {
    credential.sans = CertificateSans(context);
  }
  PEAKSYNC_ASSIGN_OR_RETURN(std::shared_ptr<const ApiTenant> tenant,
                            tenants_.Authorize(credential, method));
  return Caller{std::move(tenant), std::move(credential)};
}

grpc::ServerBidiReactor<v1::StreamUpdatesRequest, v1::StreamUpdatesResponse>*
SyncServiceImpl::StreamUpdates(Context* context) {
  const absl::StatusOr<Caller> caller = Authorize(*context, "StreamUpdates");
  if (!caller.ok()) return new RefusedStream(ToGrpc(caller.status()));
  return StreamReactor::Start(context, *caller, tenants_, streams_, clock_);
}

grpc::ServerWriteReactor<v1::WatchSyncRunResponse>* SyncServiceImpl::WatchSyncRun(
    Context* context, const v1::WatchSyncRunRequest* request) {
  const absl::StatusOr<Caller> caller = Authorize(*context, "WatchSyncRun");
  if (!caller.ok()) return new RefusedWatch(ToGrpc(caller.status()));
  return WatchReactor::Start(context, *caller, streams_, request->run_id());
}

grpc::ServerUnaryReactor* SyncServiceImpl::GetSyncRun(Context* context,
                                                      const v1::GetSyncRunRequest* request,
                                                      v1::GetSyncRunResponse* response) {
  const absl::StatusOr<Caller> caller = Authorize(*context, "GetSyncRun");
  if (!caller.ok()) return Answer(context, caller.status());
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  caller->tenant->ledger->GetRun(request->run_id(),
                                 [=, tenant = caller->tenant](absl::StatusOr<RunView> view) {
                                   if (view.ok())
                                     WriteRun(view->run, view->delivery, response->mutable_run());
                                   reactor->Finish(ToGrpc(view.status()));
                                 });
  return reactor;
}

grpc::ServerUnaryReactor* SyncServiceImpl::ListSyncRuns(Context* context,
                                                        const v1::ListSyncRunsRequest* request,
                                                        v1::ListSyncRunsResponse* response) {
  const absl::StatusOr<Caller> caller = Authorize(*context, "ListSyncRuns");
  if (!caller.ok()) return Answer(context, caller.status());
  const absl::StatusOr<std::int64_t> token = ReadPageToken(request->page_token());
  if (!token.ok()) return Answer(context, token.status());
  const std::optional<std::int64_t> before = *token == 0 ? std::nullopt : std::optional(*token);
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  caller->tenant->ledger->ListRuns(request->source(), PageSize(request->page_size()), before,
                                   [=, tenant = caller->tenant](absl::StatusOr<RunPage> page) {
                                     if (page.ok()) {
                                       for (const Run& run : page->runs)
                                         WriteRun(run, page->delivery, response->add_runs());
                                       if (page->next_before)
                                         response->set_next_page_token(Concat(*page->next_before));
                                     }
                                     reactor->Finish(ToGrpc(page.status()));
                                   });
  return reactor;
}

grpc::ServerUnaryReactor* SyncServiceImpl::ListSources(Context* context,
                                                       const v1::ListSourcesRequest* request,
                                                       v1::ListSourcesResponse* response) {
  const absl::StatusOr<Caller> caller = Authorize(*context, "ListSources");
  if (!caller.ok()) return Answer(context, caller.status());
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  caller->tenant->ledger->ListSources(
      PageSize(request->page_size()), request->page_token(),
      [=, tenant = caller->tenant](absl::StatusOr<SourcePage> page) {
        if (page.ok()) {
          for (const Source& source : page->sources) {
            WriteSource(source, page->delivery, response->add_sources());
          }
          response->set_next_page_token(page->next_after);
          response->set_tenant(tenant->name);
          response->set_workspace(tenant->workspace);
          response->set_host(tenant->host);
        }
        reactor->Finish(ToGrpc(page.status()));
      });
  return reactor;
}

grpc::ServerUnaryReactor* SyncServiceImpl::GetLastSync(Context* context,
                                                       const v1::GetLastSyncRequest* request,
                                                       v1::GetLastSyncResponse* response) {
  const absl::StatusOr<Caller> caller = Authorize(*context, "GetLastSync");
  if (!caller.ok()) return Answer(context, caller.status());
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  caller->tenant->ledger->GetLastSync(
      request->source(), [=, tenant = caller->tenant](absl::StatusOr<LastSync> last) {
        if (last.ok()) {
          WriteRun(last->run, last->delivery, response->mutable_run());
          if (last->cursor) WriteTimestamp(*last->cursor, response->mutable_cursor());
        }
        reactor->Finish(ToGrpc(last.status()));
      });
  return reactor;
}

}  // namespace peaksync

// FakeService's part about rejections, cancelling and resync.
#include <google/protobuf/util/message_differencer.h>

#include <algorithm>

#include "client/exit_status.h"
#include "tests/unit/client/fake_service.h"

namespace peaksync::client {

const v1::SyncRun* FakeService::Find(const std::string& run_id) const {
  if (!run_.run_id().empty() && run_.run_id() == run_id) return &run_;
  const auto other = std::find_if(other_runs.begin(), other_runs.end(),
                                  [&](const auto& run) { return run.run_id() == run_id; });
  return other == other_runs.end() ? nullptr : &*other;
}

std::string FakeService::SourceOf(const v1::Rejection& rejection) const {
  const v1::SyncRun* const run = Find(rejection.run_id());
  return run == nullptr ? "churn" : run->source();
}

bool FakeService::Matches(const v1::RejectionFilter& filter, const v1::Rejection& rejection) const {
  using google::protobuf::util::MessageDifferencer;
  return (filter.source().empty() || filter.source() == SourceOf(rejection)) &&
         (filter.run_id().empty() || filter.run_id() == rejection.run_id()) &&
         (filter.attribute().empty() || filter.attribute() == rejection.attribute().name()) &&
         (!filter.has_customer() ||
          MessageDifferencer::Equals(filter.customer(), rejection.customer())) &&
         (filter.kind() == v1::REJECTION_KIND_UNSPECIFIED || filter.kind() == rejection.kind());
}

grpc::Status FakeService::Check(const v1::RejectionFilter& filter) const {
  if (filter.source() == "unknown") return {grpc::StatusCode::NOT_FOUND, "no such source"};
  if (!filter.run_id().empty() && Find(filter.run_id()) == nullptr) {
    return {grpc::StatusCode::NOT_FOUND, "no such run"};
  }
  return grpc::Status::OK;
}

grpc::Status FakeService::CancelSyncRun(grpc::ServerContext* /*context*/,
                                        const v1::CancelSyncRunRequest* request,
                                        v1::CancelSyncRunResponse* response) {
  const std::lock_guard lock(mutex_);
  if (request->run_id() != run_.run_id()) return {grpc::StatusCode::NOT_FOUND, "no such run"};
  v1::SyncRun& run = run_;
  if (IsFinal(run.state()) && run.state() != v1::SYNC_RUN_STATE_CANCELED) {
    return {grpc::StatusCode::FAILED_PRECONDITION, "the run has completed"};
  }
  // Of what waits all but one value, which another run has joined.
  v1::ValueCounts& values = *run.mutable_values();
  const std::int64_t joined = std::min<std::int64_t>(values.pending(), 1);
  values.set_discarded(values.discarded() + values.pending() - joined);
  values.set_pending(joined);
  run.set_state(v1::SYNC_RUN_STATE_CANCELED);
  *response->mutable_run() = run;
  return grpc::Status::OK;
}

// A page token is the number of the matching rejections before it.
grpc::Status FakeService::ListRejections(grpc::ServerContext* /*context*/,
                                         const v1::ListRejectionsRequest* request,
                                         v1::ListRejectionsResponse* response) {
  const std::lock_guard lock(mutex_);
  lists_.push_back(*request);
  if (const grpc::Status bad = Check(request->filter()); !bad.ok()) return bad;
  int at = 0;
  const int begin = request->page_token().empty() ? 0 : std::stoi(request->page_token());
  const int size = std::min(request->page_size() > 0 ? request->page_size() : 50, page_max);
  for (const v1::Rejection& rejection : rejections) {
    if (!Matches(request->filter(), rejection) || at++ < begin) continue;
    if (response->rejections_size() == size) {
      response->set_next_page_token(std::to_string(begin + size));
      break;
    }
    *response->add_rejections() = rejection;
  }
  if (response->ByteSizeLong() > (4U << 20)) {
    return {grpc::StatusCode::RESOURCE_EXHAUSTED, "the page is too large"};
  }
  return grpc::Status::OK;
}

v1::SyncRun& FakeService::RetryRunOf(const std::string& source,
                                     v1::RetryRejectionsResponse* response) {
  for (v1::SyncRun& run : *response->mutable_runs()) {
    if (run.source() == source) return run;
  }
  v1::SyncRun& run = *response->add_runs();
  run.set_run_id("RETRY" + std::to_string(++retry_runs_));
  run.set_source(source);
  run.set_kind(v1::SYNC_RUN_KIND_RETRY);
  run.set_state(v1::SYNC_RUN_STATE_RECEIVED);
  return run;
}

// The token says only that it is not the first page: what was looked at is gone from the list, or
// has no value.
grpc::Status FakeService::RetryRejections(grpc::ServerContext* /*context*/,
                                          const v1::RetryRejectionsRequest* request,
                                          v1::RetryRejectionsResponse* response) {
  const std::lock_guard lock(mutex_);
  retries_.push_back(*request);
  if (const grpc::Status bad = Check(request->filter()); !bad.ok()) return bad;
  if (!request->page_token().empty() && !retry_end.ok()) return retry_end;
  std::vector<v1::Rejection> kept;
  for (const v1::Rejection& rejection : rejections) {
    const bool matches = Matches(request->filter(), rejection);
    const bool is_first = request->page_token().empty();
    if (matches && !rejection.attribute().has_value() && is_first) {
      response->set_not_retriable(response->not_retriable() + 1);
    }
    if (!matches || !rejection.attribute().has_value() || response->retried() == page_max) {
      if (matches && rejection.attribute().has_value()) response->set_next_page_token("more");
      kept.push_back(rejection);
      continue;
    }
    response->set_retried(response->retried() + 1);
    v1::ValueCounts& values = *RetryRunOf(SourceOf(rejection), response).mutable_values();
    values.set_received(values.received() + 1);
    values.set_pending(values.pending() + 1);
  }
  rejections = kept;
  for (const v1::SyncRun& run : response->runs()) {
    v1::SyncRun& settled = other_runs.emplace_back(run);
    settled.set_state(v1::SYNC_RUN_STATE_COMPLETED);
    settled.mutable_values()->set_confirmed(settled.values().pending());
    settled.mutable_values()->set_pending(0);
    // What Braze refuses again.
    if (settled.source() != "stubborn") continue;
    settled.set_state(v1::SYNC_RUN_STATE_COMPLETED_WITH_REJECTIONS);
    settled.mutable_values()->set_rejected(settled.values().confirmed());
    settled.mutable_values()->set_confirmed(0);
  }
  return grpc::Status::OK;
}

grpc::Status FakeService::DiscardRejections(grpc::ServerContext* /*context*/,
                                            const v1::DiscardRejectionsRequest* request,
                                            v1::DiscardRejectionsResponse* response) {
  const std::lock_guard lock(mutex_);
  if (const grpc::Status bad = Check(request->filter()); !bad.ok()) return bad;
  const std::size_t before = rejections.size();
  std::erase_if(rejections, [&](const auto& one) { return Matches(request->filter(), one); });
  response->set_discarded(static_cast<std::int64_t>(before - rejections.size()));
  return grpc::Status::OK;
}

grpc::Status FakeService::Resync(grpc::ServerContext* /*context*/, const v1::ResyncRequest* request,
                                 v1::ResyncResponse* response) {
  const std::lock_guard lock(mutex_);
  resyncs_.push_back(*request);
  if (request->attribute() == "unknown") {
    return {grpc::StatusCode::NOT_FOUND, "nothing is known of attribute unknown"};
  }
  response->set_values(confirmed_values);
  if (!request->validate_only()) confirmed_values = 0;
  return grpc::Status::OK;
}

std::vector<v1::ListRejectionsRequest> FakeService::lists() const {
  const std::lock_guard lock(mutex_);
  return lists_;
}
std::vector<v1::RetryRejectionsRequest> FakeService::retries() const {
  const std::lock_guard lock(mutex_);
  return retries_;
}
std::vector<v1::ResyncRequest> FakeService::resyncs() const {
  const std::lock_guard lock(mutex_);
  return resyncs_;
}

}  // namespace peaksync::client

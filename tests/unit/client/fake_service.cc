#include "tests/unit/client/fake_service.h"

#include <chrono>
#include <thread>

namespace peaksync::client {

void FakeService::Start() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = false;
  }
  grpc::ServerBuilder builder;
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.AddListeningPort("127.0.0.1:" + std::to_string(port_), grpc::InsecureServerCredentials(),
                           &port_);
  builder.RegisterService(this);
  server_ = builder.BuildAndStart();
}

void FakeService::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  if (server_ == nullptr) return;
  server_->Shutdown(std::chrono::system_clock::now());
  server_->Wait();
  server_.reset();
}

std::string FakeService::address() const { return "127.0.0.1:" + std::to_string(port_); }

std::unique_ptr<Channel> FakeService::Connect(const std::string& token) const {
  ConnectionOptions options;
  options.server = address();
  options.token = token;
  return *Channel::Open(options);
}

StreamScript FakeService::NextScript() {
  const std::lock_guard lock(mutex_);
  const std::size_t index = streams_++;
  return index < scripts.size() ? scripts[index] : StreamScript();
}

v1::StreamUpdatesResponse FakeService::Open(const v1::StreamStart& start) {
  const std::lock_guard lock(mutex_);
  const bool known = start.run_id().empty()
                         ? !starts_.empty() && starts_[0].request_id() == start.request_id()
                         : start.run_id() == run_.run_id();
  if (!known) {
    run_.set_run_id("RUN" + std::to_string(starts_.size() + 1));
    run_.set_source(start.source());
    run_.set_state(v1::SYNC_RUN_STATE_OPEN);
  }
  starts_.push_back(start);
  v1::StreamUpdatesResponse response;
  response.mutable_started()->set_run_id(run_.run_id());
  response.mutable_started()->set_next_sequence(next_sequence_);
  response.mutable_started()->set_tenant("acme");
  response.mutable_started()->set_workspace("acme-production");
  response.mutable_started()->set_host("rest.example.com");
  return response;
}

void FakeService::Take(const v1::UpdateBatch& batch, v1::BatchAck* ack) {
  const std::lock_guard lock(mutex_);
  const bool is_new = batch.sequence() == next_sequence_;
  if (is_new) {
    ++next_sequence_;
    batch_sizes_.push_back(batch.updates_size());
    updates_.insert(updates_.end(), batch.updates().begin(), batch.updates().end());
  }
  for (int i = 0; i < batch.updates_size(); ++i) {
    bool is_bad = false;
    for (const v1::Attribute& attribute : batch.updates(i).attributes()) {
      if (attribute.name() != "bad") continue;
      is_bad = true;
      v1::InvalidUpdate* const invalid = ack->add_invalid();
      invalid->set_sequence(batch.sequence());
      invalid->set_index(i);
      invalid->set_field("bad");
      invalid->set_reason("is not allowed");
    }
    if (!is_new) continue;
    const int values = batch.updates(i).attributes_size();
    v1::ValueCounts* const counts = run_.mutable_values();
    v1::UpdateCounts* const updates = run_.mutable_updates();
    counts->set_received(counts->received() + values);
    updates->set_received(updates->received() + 1);
    if (is_bad) {
      counts->set_invalid(counts->invalid() + values);
      updates->set_invalid(updates->invalid() + 1);
    } else {
      counts->set_confirmed(counts->confirmed() + values);
      updates->set_changed(updates->changed() + 1);
    }
  }
  ack->set_sequence(batch.sequence());
  *ack->mutable_values() = run_.values();
  *ack->mutable_updates() = run_.updates();
}

v1::SyncRun FakeService::Receive(const v1::StreamFinish& finish) {
  const std::lock_guard lock(mutex_);
  ++finishes_;
  run_.set_state(v1::SYNC_RUN_STATE_RECEIVED);
  if (finish.has_cursor()) *run_.mutable_cursor() = finish.cursor();
  return run_;
}

grpc::Status FakeService::StreamUpdates(grpc::ServerContext* context, Stream* stream) {
  const auto token = context->client_metadata().find("authorization");
  if (token == context->client_metadata().end() || token->second != "Bearer tok") {
    return {grpc::StatusCode::UNAUTHENTICATED, "this token is not known"};
  }
  const StreamScript script = NextScript();
  if (script.refuse) return script.end;
  v1::StreamUpdatesRequest request;
  if (!stream->Read(&request) || !request.has_start()) {
    return {grpc::StatusCode::INVALID_ARGUMENT, "no start"};
  }
  if (!full_required.empty() && request.start().mode() != v1::SYNC_MODE_FULL) {
    return {grpc::StatusCode::FAILED_PRECONDITION, "the next run must be FULL: " + full_required};
  }
  const v1::StreamUpdatesResponse started = Open(request.start());
  if (script.lose_started) return script.end;
  stream->Write(started);
  v1::StreamUpdatesResponse response;
  for (int batches = 0; stream->Read(&request);) {
    if (request.has_finish()) {
      response.Clear();
      *response.mutable_finished()->mutable_run() = Receive(request.finish());
      if (script.lose_finished) return script.end;
      stream->Write(response);
      return grpc::Status::OK;
    }
    Take(request.batch(), response.mutable_ack());
    if (++batches == script.break_after_batches) return script.end;
    if (batches % script.ack_every != 0) continue;
    if (batches == 1) response.mutable_ack()->set_back_pressure(script.back_pressure);
    stream->Write(response);
    response.Clear();
  }
  return {grpc::StatusCode::INVALID_ARGUMENT, "stream ended before finish"};
}

grpc::Status FakeService::GetSyncRun(grpc::ServerContext* /*context*/,
                                     const v1::GetSyncRunRequest* request,
                                     v1::GetSyncRunResponse* response) {
  const std::lock_guard lock(mutex_);
  const v1::SyncRun* const run = Find(request->run_id());
  if (run == nullptr) return {grpc::StatusCode::NOT_FOUND, "no such run"};
  *response->mutable_run() = *run;
  if (run == &run_ && !watched.empty()) {
    response->mutable_run()->set_state(watched.back().state());
  }
  return grpc::Status::OK;
}

grpc::Status FakeService::ListSyncRuns(grpc::ServerContext* /*context*/,
                                       const v1::ListSyncRunsRequest* request,
                                       v1::ListSyncRunsResponse* response) {
  // Three pages of one run each.
  const int page = request->page_token().empty() ? 1 : std::stoi(request->page_token());
  response->add_runs()->set_run_id("PAGE" + std::to_string(page));
  if (page < 3) response->set_next_page_token(std::to_string(page + 1));
  return grpc::Status::OK;
}

grpc::Status FakeService::ListSources(grpc::ServerContext* /*context*/,
                                      const v1::ListSourcesRequest* /*request*/,
                                      v1::ListSourcesResponse* response) {
  v1::Source* const source = response->add_sources();
  source->set_name("churn");
  source->set_full_required(full_required);
  return grpc::Status::OK;
}

grpc::Status FakeService::GetLastSync(grpc::ServerContext* /*context*/,
                                      const v1::GetLastSyncRequest* request,
                                      v1::GetLastSyncResponse* response) {
  if (request->source() != "churn") return {grpc::StatusCode::NOT_FOUND, "no run has completed"};
  response->mutable_run()->set_run_id("LAST");
  response->mutable_run()->set_source("churn");
  return grpc::Status::OK;
}

grpc::Status FakeService::SetSourceCursor(grpc::ServerContext* /*context*/,
                                          const v1::SetSourceCursorRequest* request,
                                          v1::SetSourceCursorResponse* response) {
  if (request->source() != "churn") return {grpc::StatusCode::NOT_FOUND, "no such source"};
  response->mutable_source()->set_name("churn");
  if (request->has_cursor()) *response->mutable_source()->mutable_cursor() = request->cursor();
  return grpc::Status::OK;
}

grpc::Status FakeService::WatchSyncRun(grpc::ServerContext* context,
                                       const v1::WatchSyncRunRequest* request,
                                       grpc::ServerWriter<v1::WatchSyncRunResponse>* writer) {
  const auto is_left = [&] {
    const std::lock_guard lock(mutex_);
    return stopping_ || context->IsCancelled();
  };
  bool is_silent = false;
  {
    const std::lock_guard lock(mutex_);
    is_silent = watches_++ < silent_watches;
  }
  while (is_silent && !is_left()) std::this_thread::yield();
  if (request->run_id() != run().run_id()) {
    const std::lock_guard lock(mutex_);
    const v1::SyncRun* const other = Find(request->run_id());
    if (other == nullptr) return {grpc::StatusCode::NOT_FOUND, "no such run"};
    v1::WatchSyncRunResponse response;
    *response.mutable_run() = *other;
    writer->Write(response);
    return grpc::Status::OK;
  }
  std::vector<v1::SyncRun> states = watched;
  if (states.empty()) {
    states.emplace_back();
    states.back().set_state(run().values().invalid() > 0
                                ? v1::SYNC_RUN_STATE_COMPLETED_WITH_REJECTIONS
                                : v1::SYNC_RUN_STATE_COMPLETED);
  }
  v1::WatchSyncRunResponse response;
  for (const v1::SyncRun& state : states) {
    *response.mutable_run() = run();
    response.mutable_run()->MergeFrom(state);
    writer->Write(response);
  }
  // A run that still waits is watched until the watcher leaves.
  while (states.back().state() == v1::SYNC_RUN_STATE_RECEIVED && !is_left()) {
    std::this_thread::yield();
  }
  return grpc::Status::OK;
}

std::vector<v1::StreamStart> FakeService::starts() const {
  const std::lock_guard lock(mutex_);
  return starts_;
}
v1::SyncRun FakeService::run() const {
  const std::lock_guard lock(mutex_);
  return run_;
}
std::vector<v1::CustomerUpdate> FakeService::updates() const {
  const std::lock_guard lock(mutex_);
  return updates_;
}
std::vector<int> FakeService::batch_sizes() const {
  const std::lock_guard lock(mutex_);
  return batch_sizes_;
}
int FakeService::finishes() const {
  const std::lock_guard lock(mutex_);
  return finishes_;
}
void FakeService::ForgetBatches() {
  const std::lock_guard lock(mutex_);
  next_sequence_ = 1;
}

}  // namespace peaksync::client

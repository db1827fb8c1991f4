#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <functional>
#include <nlohmann/json.hpp>

#include "peaksync/v1/sync_service.grpc.pb.h"
#include "tests/integration/service.h"

namespace peaksync::testing {
namespace {

constexpr std::chrono::seconds kCallTimeout{20};

void WriteValue(const nlohmann::json& json, v1::Value* value) {
  switch (json.type()) {
    case nlohmann::json::value_t::null:
      return value->set_null_value(google::protobuf::NULL_VALUE);
    case nlohmann::json::value_t::boolean:
      return value->set_bool_value(json.get<bool>());
    case nlohmann::json::value_t::number_integer:
    case nlohmann::json::value_t::number_unsigned:
      return value->set_int64_value(json.get<std::int64_t>());
    case nlohmann::json::value_t::number_float:
      return value->set_double_value(json.get<double>());
    case nlohmann::json::value_t::string:
      return value->set_string_value(json.get<std::string>());
    case nlohmann::json::value_t::array:
      value->mutable_list_value();
      for (const auto& item : json) WriteValue(item, value->mutable_list_value()->add_values());
      return;
    default:
      value->mutable_object_value();
      for (const auto& [key, item] : json.items()) {
        v1::ObjectField* field = value->mutable_object_value()->add_fields();
        field->set_key(key);
        WriteValue(item, field->mutable_value());
      }
  }
}

}  // namespace

class Client::Impl {
 public:
  Impl(const Service& service, const std::string& tenant)
      : token_("Bearer " + Service::TokenOf(tenant)),
        stub_(v1::SyncService::NewStub(
            grpc::CreateChannel(service.address(), grpc::InsecureChannelCredentials()))) {}

  std::unique_ptr<grpc::ClientContext> Context() const {
    auto context = std::make_unique<grpc::ClientContext>();
    context->AddMetadata("authorization", token_);
    context->set_deadline(std::chrono::system_clock::now() + kCallTimeout);
    return context;
  }

  v1::SyncRun Send(const std::vector<v1::CustomerUpdate>& updates, const std::string& source,
                   v1::SyncMode mode) {
    const auto context = Context();
    const auto stream = stub_->StreamUpdates(context.get());
    v1::StreamUpdatesRequest request;
    request.mutable_start()->set_source(source);
    request.mutable_start()->set_mode(mode);
    stream->Write(request);
    v1::StreamUpdatesResponse response;
    stream->Read(&response);  // started
    if (!updates.empty()) {
      v1::UpdateBatch* batch = request.mutable_batch();
      batch->set_sequence(1);
      for (const v1::CustomerUpdate& update : updates) *batch->add_updates() = update;
      stream->Write(request);
    }
    request.mutable_finish();
    stream->Write(request);
    stream->WritesDone();
    v1::SyncRun run;
    while (stream->Read(&response)) {
      if (response.has_finished()) run = response.finished().run();
    }
    const grpc::Status status = stream->Finish();
    EXPECT_TRUE(status.ok()) << status.error_message();
    return run;
  }

  // Watches until `enough` says so, or the run is over.
  v1::SyncRun Watch(const std::string& run_id,
                    const std::function<bool(const v1::SyncRun&)>& enough) {
    const auto context = Context();
    v1::WatchSyncRunRequest request;
    request.set_run_id(run_id);
    const auto stream = stub_->WatchSyncRun(context.get(), request);
    v1::WatchSyncRunResponse response;
    v1::SyncRun run;
    while (stream->Read(&response)) {
      run = response.run();
      if (enough(run)) {
        context->TryCancel();
        stream->Finish();
        return run;
      }
    }
    const grpc::Status status = stream->Finish();
    EXPECT_TRUE(status.ok()) << status.error_message();
    return run;
  }

  v1::SyncRun Get(const std::string& run_id) {
    const auto context = Context();
    v1::GetSyncRunRequest request;
    request.set_run_id(run_id);
    v1::GetSyncRunResponse response;
    const grpc::Status status = stub_->GetSyncRun(context.get(), request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response.run();
  }

 private:
  const std::string token_;
  std::unique_ptr<v1::SyncService::Stub> stub_;
};

Client::Client(const Service& service, std::string tenant)
    : impl_(std::make_unique<Impl>(service, tenant)) {}
Client::~Client() = default;

v1::CustomerUpdate Client::Update(const std::string& external_id, const Attributes& attributes,
                                  std::int64_t at) {
  v1::CustomerUpdate update;
  update.mutable_customer()->set_external_id(external_id);
  for (const auto& [name, json] : attributes) {
    v1::Attribute* attribute = update.add_attributes();
    attribute->set_name(name);
    WriteValue(nlohmann::json::parse(json), attribute->mutable_value());
  }
  if (at != 0) update.mutable_updated_at()->set_seconds(at);
  return update;
}

v1::SyncRun Client::Send(const std::vector<v1::CustomerUpdate>& updates, const std::string& source,
                         v1::SyncMode mode) {
  return impl_->Send(updates, source, mode);
}
v1::SyncRun Client::Wait(const std::string& run_id) {
  return impl_->Watch(run_id, [](const v1::SyncRun&) { return false; });
}
v1::SyncRun Client::Push(const std::vector<v1::CustomerUpdate>& updates, const std::string& source,
                         v1::SyncMode mode) {
  return Wait(Send(updates, source, mode).run_id());
}
v1::SyncRun Client::WaitForDelivery(const std::string& run_id, v1::DeliveryStatus::State state) {
  return impl_->Watch(run_id,
                      [&](const v1::SyncRun& run) { return run.delivery().state() == state; });
}
v1::SyncRun Client::Get(const std::string& run_id) { return impl_->Get(run_id); }

}  // namespace peaksync::testing

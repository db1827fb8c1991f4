#include "server/api/api_server.h"

#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/health_check_service_interface.h>

#include <atomic>
#include <chrono>
#include <mutex>
#include <utility>

#include "server/api/reactors.h"
#include "server/base/limits.h"
#include "server/domain/concat.h"

namespace peaksync {
namespace {

constexpr std::string_view kServiceName = "peaksync.v1.SyncService";

// A stream that is not read may hold this much in gRPC's buffers, besides what we hold of it.
constexpr int kStreamLookaheadBytes = 1 << 20;
// A client that is gone without a word is noticed after the two together.
constexpr int kKeepaliveTimeMs = 30'000;
constexpr int kKeepaliveTimeoutMs = 10'000;
// Clients may ping as often as this without data; they use 30 s.
constexpr int kClientPingMinMs = 10'000;
// For calls that do not end by themselves, such as health watches.
constexpr std::chrono::seconds kStopGrace{1};

std::shared_ptr<grpc::ServerCredentials> Credentials(const ApiServerOptions& options) {
  if (options.tls_cert.empty()) return grpc::InsecureServerCredentials();
  // Tenants may come with a token and without a certificate, so it is asked for, not required.
  grpc::SslServerCredentialsOptions ssl(options.client_ca.empty()
                                            ? GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE
                                            : GRPC_SSL_REQUEST_CLIENT_CERTIFICATE_AND_VERIFY);
  ssl.pem_root_certs = options.client_ca;
  ssl.pem_key_cert_pairs.push_back({options.tls_key, options.tls_cert});
  return grpc::SslServerCredentials(ssl);
}

// Both are for the whole process and must come before the first builder.
void InitGrpcOnce() {
  static std::once_flag once;
  std::call_once(once, [] {
    grpc::EnableDefaultHealthCheckService(true);
    grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  });
}

}  // namespace

class ApiServer::Impl {
 public:
  Impl(const TenantRegistry& tenants, const Clock& clock)
      : tenants_(tenants), service_(tenants, clock) {}

  absl::Status Start(const ApiServerOptions& options) {
    InitGrpcOnce();
    grpc::ServerBuilder builder;
    builder.AddListeningPort(options.listen, Credentials(options), &port_);
    builder.RegisterService(&service_);
    builder.SetMaxReceiveMessageSize(limits::kMessageBytesMax);
    builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);  // Or two servers share the clients.
    builder.AddChannelArgument(GRPC_ARG_HTTP2_BDP_PROBE, 0);
    builder.AddChannelArgument(GRPC_ARG_HTTP2_STREAM_LOOKAHEAD_BYTES, kStreamLookaheadBytes);
    builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, limits::kStreamsMax);
    builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveTimeMs);
    builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveTimeoutMs);
    builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
    builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS,
                               kClientPingMinMs);
    server_ = builder.BuildAndStart();
    if (server_ == nullptr || port_ == 0) {
      return absl::UnavailableError(Concat("cannot listen on ", options.listen,
                                           ": is the port in use, or the certificate unusable?"));
    }
    SetServing(true);
    accepting_ = true;
    return absl::OkStatus();
  }

  int port() const { return port_; }
  bool accepting() const { return accepting_; }

  void Drain() {
    if (server_ == nullptr || !accepting_.exchange(false)) return;
    SetServing(false);
    service_.streams().Drain();
  }

  void EndUnauthenticated() {
    service_.streams().EndWhere(
        [this](const std::string& tenant, const CallCredential& credential) {
          return tenants_.Check(credential, tenant);
        });
  }
  void EndStreams(const std::string& tenant, const absl::Status& status, OpenStreams::Haste haste) {
    service_.streams().EndWhere(
        [&](const std::string& name, const CallCredential&) {
          return name == tenant ? status : absl::OkStatus();
        },
        haste);
  }
  int CountStreams(const std::string& tenant) { return service_.streams().Count(tenant); }

  void Stop() {
    if (server_ == nullptr) return;
    Drain();
    server_->Shutdown(std::chrono::system_clock::now() + kStopGrace);
    server_.reset();
  }

 private:
  void SetServing(bool serving) {
    auto* health = server_->GetHealthCheckService();
    health->SetServingStatus(serving);
    health->SetServingStatus(std::string(kServiceName), serving);
  }

  const TenantRegistry& tenants_;
  SyncServiceImpl service_;
  std::unique_ptr<grpc::Server> server_;
  int port_ = 0;
  std::atomic<bool> accepting_ = false;
};

ApiServer::ApiServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ApiServer::~ApiServer() { Stop(); }

absl::StatusOr<std::unique_ptr<ApiServer>> ApiServer::Start(const ApiServerOptions& options,
                                                            const TenantRegistry& tenants,
                                                            const Clock& clock) {
  auto impl = std::make_unique<Impl>(tenants, clock);
  if (absl::Status started = impl->Start(options); !started.ok()) return started;
  return std::unique_ptr<ApiServer>(new ApiServer(std::move(impl)));
}

int ApiServer::port() const { return impl_->port(); }
bool ApiServer::accepting() const { return impl_->accepting(); }
void ApiServer::EndUnauthenticated() { impl_->EndUnauthenticated(); }
void ApiServer::EndStreams(const std::string& tenant, const absl::Status& status) {
  impl_->EndStreams(tenant, status, OpenStreams::Haste::kTellFirst);
}
void ApiServer::CancelStreams(const std::string& tenant, const absl::Status& status) {
  impl_->EndStreams(tenant, status, OpenStreams::Haste::kWaitNoLonger);
}
int ApiServer::CountStreams(const std::string& tenant) { return impl_->CountStreams(tenant); }
void ApiServer::Drain() { impl_->Drain(); }
void ApiServer::Stop() { impl_->Stop(); }

}  // namespace peaksync

#include "client/channel.h"

#include <grpcpp/grpcpp.h>

#include <fstream>
#include <sstream>
#include <utility>

#include "client/limits.h"
#include "client/status_macros.h"
#include "client/text.h"

namespace peaksync::client {
namespace {

absl::StatusOr<std::string> ReadPem(const std::string& path, std::string_view flag) {
  if (path.empty()) return std::string();
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  if (!file || !(text << file.rdbuf())) {
    return Invalid(flag, ": can't read ", path);
  }
  if (text.str().find("-----BEGIN ") == std::string::npos) {
    return Invalid(flag, ": ", path, " holds no PEM");
  }
  return text.str();
}

absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> CredentialsFor(
    const ConnectionOptions& options, bool tls) {
  if (!tls) return grpc::InsecureChannelCredentials();
  grpc::SslCredentialsOptions ssl;
  PEAKSYNC_CLIENT_ASSIGN_OR_RETURN(ssl.pem_root_certs, ReadPem(options.cacert_file, "--cacert"));
  PEAKSYNC_CLIENT_ASSIGN_OR_RETURN(ssl.pem_cert_chain, ReadPem(options.cert_file, "--cert"));
  PEAKSYNC_CLIENT_ASSIGN_OR_RETURN(ssl.pem_private_key, ReadPem(options.key_file, "--key"));
  return grpc::SslCredentials(ssl);
}

}  // namespace

Channel::Channel(std::shared_ptr<grpc::Channel> channel, Endpoint endpoint, std::string token)
    : channel_(std::move(channel)),
      address_(std::move(endpoint.address)),
      tls_(endpoint.tls),
      token_(std::move(token)) {}

absl::StatusOr<std::unique_ptr<Channel>> Channel::Open(const ConnectionOptions& options) {
  PEAKSYNC_CLIENT_ASSIGN_OR_RETURN(Endpoint endpoint, ChooseEndpoint(options));
  PEAKSYNC_CLIENT_RETURN_IF_ERROR(CheckToken(options.token));
  PEAKSYNC_CLIENT_ASSIGN_OR_RETURN(const auto credentials, CredentialsFor(options, endpoint.tls));
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, limits::kKeepaliveTimeMs);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, limits::kKeepaliveTimeoutMs);
  arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, limits::kReconnectMinMs);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, limits::kReconnectMaxMs);
  // A proxy of the environment never leads to this machine.
  if (endpoint.loopback) arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  arguments.SetMaxReceiveMessageSize(limits::kMessageReceiveBytesMax);
  arguments.SetUserAgentPrefix("peaksync");
  auto channel = grpc::CreateCustomChannel(endpoint.address, credentials, arguments);
  // Not make_unique: the constructor is private.
  return std::unique_ptr<Channel>(
      new Channel(std::move(channel), std::move(endpoint), options.token));
}

bool Channel::WaitUntilConnected(absl::Time deadline) const {
  return channel_->WaitForConnected(absl::ToChronoTime(deadline));
}

void Channel::Authorize(grpc::ClientContext* context) const {
  // Not as call credentials: gRPC refuses those without TLS, also on loopback.
  if (!token_.empty()) context->AddMetadata("authorization", Cat("Bearer ", token_));
}

absl::Status FromGrpc(const grpc::Status& status) {
  if (status.ok()) return absl::OkStatus();
  return absl::Status(static_cast<absl::StatusCode>(status.error_code()), status.error_message());
}

}  // namespace peaksync::client

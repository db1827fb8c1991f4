#pragma once

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace grpc {
class Channel;
class ClientContext;
class Status;
}  // namespace grpc

namespace peaksync::client {

// How to reach the service, as the flags say it.
struct ConnectionOptions {
  std::string server = "127.0.0.1:7443";  // HOST[:PORT], also with http:// or https:// before it.
  std::string token;                      // Empty: none.
  std::string cacert_file;
  std::string cert_file;
  std::string key_file;
  bool insecure = false;
};

// What the flags come to.
struct Endpoint {
  std::string address;  // HOST:PORT.
  bool tls = true;
  bool loopback = false;
};

// Decides between TLS and plaintext. Plaintext is for loopback addresses without --cacert and
// --cert, or with --insecure; a token goes off loopback without TLS only with --insecure.
// INVALID_ARGUMENT says which flags don't go together. Pure.
absl::StatusOr<Endpoint> ChooseEndpoint(const ConnectionOptions& options);

// The first word of the file's first line that is neither empty nor a comment (`#`). Errors never
// hold the token.
absl::StatusOr<std::string> ReadTokenFile(const std::string& path);
// Whether `token` can be sent as a bearer token: printable ASCII without spaces.
absl::Status CheckToken(const std::string& token);

// A way to the service, with the credential of its calls. gRPC connects by itself when it is used.
//
// Thread safety: safe. Lifetime: must outlive the calls made with it.
class Channel {
 public:
  // Reads the certificates. Does not connect. INVALID_ARGUMENT names the flag or file at fault.
  static absl::StatusOr<std::unique_ptr<Channel>> Open(const ConnectionOptions& options);

  // Waits until the service is connected, at most until `deadline`.
  bool WaitUntilConnected(absl::Time deadline) const;
  // Adds the credential to a call.
  void Authorize(grpc::ClientContext* context) const;

  const std::shared_ptr<grpc::Channel>& grpc() const { return channel_; }
  const std::string& address() const { return address_; }
  bool tls() const { return tls_; }

 private:
  Channel(std::shared_ptr<grpc::Channel> channel, Endpoint endpoint, std::string token);

  std::shared_ptr<grpc::Channel> channel_;
  std::string address_;
  bool tls_;
  std::string token_;
};

// gRPC's status as ours; the codes are the same.
absl::Status FromGrpc(const grpc::Status& status);

}  // namespace peaksync::client

#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "server/api/tenant_registry.h"
#include "server/base/clock.h"

namespace peaksync {

struct ApiServerOptions {
  std::string listen = "127.0.0.1:7443";  // Port 0 picks a free one.
  // PEM texts; empty: no TLS. Whether that is allowed is the configuration's business.
  std::string tls_cert;
  std::string tls_key;
  std::string client_ca;  // Not empty: client certificates are asked for and verified.
};

// The gRPC server: SyncService, health (per service) and reflection. gRPC's headers stay inside.
//
// Lifetime: what it is given outlives it. Stop before the ledgers it hands calls to.
// Thread safety: Start, Drain and Stop from one thread; the others are safe for concurrent use.
class ApiServer {
 public:
  static absl::StatusOr<std::unique_ptr<ApiServer>> Start(const ApiServerOptions& options,
                                                          const TenantRegistry& tenants,
                                                          const Clock& clock);
  ~ApiServer();

  int port() const;
  // Accepts streams: true from Start until Drain.
  bool accepting() const;
  // Health turns NOT_SERVING, open streams end with UNAVAILABLE, new ones are refused; harmless
  // when repeated.
  void Drain();
  // Ends the streams whose credential is not known any more, with UNAUTHENTICATED. Call it after
  // the registry's credentials have changed.
  void EndUnauthenticated();
  // Ends the tenant's streams with the status.
  void EndStreams(const std::string& tenant, const absl::Status& status);
  // The same, but also those whose client does not read what it was sent, and which cannot be told
  // therefore.
  void CancelStreams(const std::string& tenant, const absl::Status& status);
  // The tenant's open streams.
  int CountStreams(const std::string& tenant);
  // Drains, and returns when no call runs any more.
  void Stop();

 private:
  class Impl;
  explicit ApiServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace peaksync

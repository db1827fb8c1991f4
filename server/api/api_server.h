#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "server/api/tenants.h"
#include "server/base/clock.h"
#include "server/base/tenant_directory.h"

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
// Thread safety: Stop from one thread.
class ApiServer {
 public:
  static absl::StatusOr<std::unique_ptr<ApiServer>> Start(const ApiServerOptions& options,
                                                          const ApiTenants& tenants,
                                                          const TenantDirectory& directory,
                                                          const Clock& clock);
  ~ApiServer();

  int port() const;
  // Accepts streams: true from Start until Drain.
  bool accepting() const;
  // Health turns NOT_SERVING, open streams end with UNAVAILABLE, new ones are refused; harmless
  // when repeated.
  void Drain();
  // Drains, and returns when no call runs any more.
  void Stop();

 private:
  class Impl;
  explicit ApiServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace peaksync

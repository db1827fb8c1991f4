#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "bench/child_process.h"

namespace peaksync::bench {

// A tenant of the service: its name is its workspace too.
struct ServiceTenant {
  std::string name;
  std::string token;
  std::string key;  // Of Braze.
};

struct ServiceOptions {
  std::string binary;
  std::string folder;  // For its files, ledger included. Exists.
  std::string endpoint;
  std::vector<ServiceTenant> tenants;
  std::int64_t rate_limit = 1'000'000;  // Requests in 3 s, of each tenant.
  double rate_share = 1.0;              // Of it, for the service.
  std::string max_waiting_bytes;        // Of each tenant, as "8GiB"; empty: the service's default.
};

// peaksyncd on a free port. Each Start goes on with the ledgers of the last.
struct ServiceProcess {
  static absl::StatusOr<ServiceProcess> Start(const ServiceOptions& options);

  std::unique_ptr<ChildProcess> process;
  std::string address;  // HOST:PORT
};

}  // namespace peaksync::bench

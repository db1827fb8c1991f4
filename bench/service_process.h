#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "bench/child_process.h"

namespace peaksync::bench {

struct ServiceOptions {
  std::string binary;
  std::string folder;  // For its files, ledger included. Exists.
  std::string endpoint;
  std::int64_t rate_limit = 1'000'000;  // Requests in 3 s, all of them for the service.
};

// peaksyncd with one tenant, on a free port. Each Start goes on with the ledger of the last.
struct ServiceProcess {
  static constexpr const char* kToken = "peaksync-bench-token";

  static absl::StatusOr<ServiceProcess> Start(const ServiceOptions& options);
  // The tenant's ledger; complete, without a log beside it, once the service has stopped.
  static std::string LedgerFile(const ServiceOptions& options);

  std::unique_ptr<ChildProcess> process;
  std::string address;  // HOST:PORT
};

}  // namespace peaksync::bench

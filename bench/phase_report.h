#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "bench/latencies.h"
#include "bench/ledger_files.h"

namespace peaksync::bench {

struct ProcessCost {
  double user_seconds = 0;
  double system_seconds = 0;
  std::int64_t peak_bytes = 0;  // Of the phase.
  double cpu_seconds() const { return user_seconds + system_seconds; }
};

// From the first batch being made to `finished`, and to the run's end, of all tenants together.
struct PassReport {
  double received_seconds = 0;
  double confirmed_seconds = 0;
};

struct RestartReport {
  std::int64_t waiting_customers = 0;  // When the service was killed.
  // From the new process's start.
  double listening_seconds = 0;
  double first_request_seconds = 0;
  double confirmed_seconds = 0;
};

// One phase, measured. docs/performance.md says what each figure means.
struct PhaseReport {
  std::string label;
  std::string kind;
  std::int64_t customers = 0;  // Streamed, over all passes and tenants.
  std::int64_t held = 0;       // In the ledgers, over all tenants.
  int batch_size = 0;
  absl::Duration latency;
  bool limiter = false;
  double rate = 0;  // Asked for; 0: none.

  std::vector<PassReport> passes;
  double received_seconds = 0;  // The sums of the passes'.
  double confirmed_seconds = 0;
  double delivering_rate = 0;  // Customers/s, from 10 to 90 % of the last pass's; 0: unknown.
  // Of the last pass: seconds since its begin, objects that Braze had accepted.
  std::vector<std::pair<double, std::int64_t>> timeline;
  Latencies acknowledged;
  Latencies arrived;  // At the mock, from the batch being due.
  std::int64_t requests = 0;
  std::int64_t objects = 0;
  std::int64_t too_many = 0;       // Answers 429.
  std::int64_t max_in_flight = 0;  // Since the mock's start.
  ProcessCost service;             // To the end of the last run.
  ProcessCost service_to_exit;
  ProcessCost mock;
  double driver_cpu_seconds = 0;
  std::int64_t driver_peak_bytes = 0;      // Since its start.
  std::int64_t written_bytes = 0;          // By the service, until the run's end.
  std::int64_t written_bytes_to_exit = 0;  // And until it has rested and stopped.
  double rest_seconds = 0;                 // From the run's end until it rested.
  LedgerBytes at_end;                      // Of the last run.
  LedgerBytes at_exit;
  std::int64_t checked_customers = 0;
  std::optional<RestartReport> restart;

  double customers_per_second() const { return static_cast<double>(customers) / confirmed_seconds; }
};

// One part of the loop, alone on the machine.
struct PartCost {
  std::string name;
  std::string what;
  std::int64_t customers = 0;
  double wall_seconds = 0;
  double cpu_seconds = 0;
  double driver_cpu_seconds = 0;  // Of these, the driver's; 0 where it has no part in it.
  std::int64_t written_bytes = 0;
  // Whose sums it belongs to.
  bool in_changed = false;
  bool in_unchanged = false;
};

}  // namespace peaksync::bench

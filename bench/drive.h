#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "bench/proc_usage.h"

namespace peaksync::bench {

struct DriveOptions {
  std::string binary_folder;  // With peaksyncd and mockbraze.
  std::string work_folder;    // Where the run's own folder is made; on the disk to be measured.
  std::uint32_t customers = 100'000;
  int batch_size = 1'000;
  std::string latency = "0ms";          // Of the mock's answers.
  std::int64_t rate_limit = 1'000'000;  // Requests in 3 s.
  std::uint64_t seed = 1;
  bool keep = false;  // Leave the run's folder.
};

// What a process used from the first batch to the end of the run.
struct ProcessCost {
  double user_seconds = 0;
  double system_seconds = 0;
  std::int64_t peak_bytes = 0;  // Of the phase.
  double cpu_seconds() const { return user_seconds + system_seconds; }
};

// One kind of customer, measured. docs/performance.md says what each figure means.
struct PhaseReport {
  std::string name;
  double received_seconds = 0;
  double confirmed_seconds = 0;
  absl::Duration ack_p50;
  absl::Duration ack_p99;
  std::int64_t requests = 0;
  std::int64_t objects = 0;
  std::int64_t max_in_flight = 0;  // Since the mock's start.
  ProcessCost service;
  ProcessCost mock;
  double driver_cpu_seconds = 0;
  std::int64_t written_bytes = 0;          // By the service, until the run's end.
  std::int64_t written_bytes_to_exit = 0;  // And until it has stopped.
  std::int64_t log_bytes = 0;              // The ledger's write-ahead log at the run's end.
  std::int64_t ledger_bytes = 0;           // The file, after the stop.
  std::int64_t checked_customers = 0;
};

// Starts mockbraze and peaksyncd as processes with a ledger of their own, streams every customer
// once per phase (new, changed, unchanged, unchanged with a newer updated_at), restarting the
// service before each, and checks what the mock then holds. An error when anything is not as it
// must be, counts included. Progress goes to stderr.
absl::StatusOr<std::vector<PhaseReport>> Drive(const DriveOptions& options);

}  // namespace peaksync::bench

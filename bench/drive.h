#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "bench/phase_report.h"
#include "bench/phase_spec.h"

namespace peaksync::bench {

struct DriveOptions {
  std::string binary_folder;  // With peaksyncd, mockbraze and the servers of the parts.
  std::string work_folder;    // Where the run's own folder is made; on the disk to be measured.
  // Instead of that: a folder that stays, with a ledger to go on with. Empty: none.
  std::string ledger_folder;
  std::uint32_t customers = 100'000;  // Of each tenant.
  int tenants = 1;
  int batch_size = 1'000;
  absl::Duration latency;           // Of the mock's answers.
  bool limiter = false;             // Whether there is a limit of requests.
  std::int64_t rate_limit = 3'000;  // That limit, in 3 s.
  double rate_share = 1.0;          // Of it, for the service.
  std::uint64_t seed = 1;
  // After each phase the service is given so long at most to do what it has put off.
  absl::Duration fold_wait = absl::Seconds(60);
  bool keep = false;   // Leave the run's folder.
  bool parts = false;  // Measure the parts alone too.
  // Where a profile of the service goes, one file a phase; empty: none is taken. Exists.
  std::string profile_folder;
  std::vector<PhaseSpec> phases;
};

struct DriveReport {
  std::vector<PhaseReport> phases;
  std::vector<PartCost> parts;
  // Why it ends here; what stands before it was right. OK: everything was measured.
  absl::Status failure;
};

// Starts mockbraze and peaksyncd as processes with a ledger of their own, streams customers phase
// by phase, restarting the service before each, and checks what the mock then holds. It ends with
// the first phase in which anything is not as it must be, counts included, and has no figures of
// that one. An error when it could not even begin. Progress goes to stderr.
absl::StatusOr<DriveReport> Drive(const DriveOptions& options);

}  // namespace peaksync::bench

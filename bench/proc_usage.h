#pragma once

#include <sys/types.h>

#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace peaksync::bench {

// What a process has used since its start, as /proc/PID says it.
struct ProcUsage {
  double user_seconds = 0;  // In steps of a tick, 10 ms as a rule.
  double system_seconds = 0;
  std::int64_t peak_bytes = 0;     // VmHWM: resident memory at its most.
  std::int64_t written_bytes = 0;  // write_bytes: sent towards a disk; 0 on a tmpfs.
  double cpu_seconds() const { return user_seconds + system_seconds; }
};
absl::StatusOr<ProcUsage> ReadProcUsage(pid_t pid);

// -1 when it cannot be read: the process has ended.
std::int64_t ReadPeakBytes(pid_t pid);
// Also of a process that has ended and is not waited for yet; -1 when it cannot be read.
std::int64_t ReadWrittenBytes(pid_t pid);

// Of this process: user and system time, its other threads included.
double OwnCpuSeconds();
// Of the calling thread.
double ThreadCpuSeconds();

// From now on peak_bytes is counted anew.
absl::Status ResetPeakMemory(pid_t pid);

}  // namespace peaksync::bench

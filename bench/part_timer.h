#pragma once

#include <unistd.h>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "bench/phase_report.h"
#include "bench/proc_usage.h"

namespace peaksync::bench {

// Adds what this thread uses between Resume and Pause to a part: wall and CPU time, and what the
// whole process writes to disks. Thread safety: one thread.
class PartTimer {
 public:
  explicit PartTimer(PartCost* cost) : cost_(*cost) {}
  void Resume() {
    written_ = ReadWrittenBytes(getpid());
    cpu_ = ThreadCpuSeconds();
    begin_ = absl::Now();
  }
  void Pause() {
    cost_.wall_seconds += absl::ToDoubleSeconds(absl::Now() - begin_);
    cost_.cpu_seconds += ThreadCpuSeconds() - cpu_;
    cost_.written_bytes += ReadWrittenBytes(getpid()) - written_;
  }

 private:
  PartCost& cost_;
  absl::Time begin_;
  double cpu_ = 0;
  std::int64_t written_ = 0;
};

}  // namespace peaksync::bench

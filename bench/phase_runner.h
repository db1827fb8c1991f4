#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "bench/child_process.h"
#include "bench/load_stream.h"
#include "bench/mock_reader.h"
#include "bench/phase_report.h"
#include "bench/phase_spec.h"
#include "bench/proc_usage.h"
#include "bench/rig.h"

namespace peaksync::bench {

// Runs one phase on the rig: starts the service, streams, measures, stops it, and compares.
// Thread safety: the rig's thread; tenants have threads of their own meanwhile.
class PhaseRunner {
 public:
  // `top_rate`, customers/s, is what half_rate is half of; 0: not known.
  PhaseRunner(Rig& rig, const PhaseSpec& spec, double top_rate);

  // An error when something is not as it must be; it then has the phase's name.
  absl::StatusOr<PhaseReport> Run();

 private:
  static constexpr absl::Duration kStopPatience = absl::Minutes(10);  // What waits may be folded.

  struct Snapshot {
    MockStats stats;  // Of all workspaces.
    ProcUsage service;
    ProcUsage mock;
  };
  // One pass of every tenant.
  struct Pass {
    std::vector<std::vector<std::uint32_t>> orders;
    std::vector<LoadResult> results;
    absl::Time begin;
    absl::Time end;  // The last run's.
  };

  // phase_runner.cc
  absl::StatusOr<std::unique_ptr<ChildProcess>> StartProfiler(pid_t service_pid) const;
  absl::Status RunPasses(const ServiceOptions& service);
  absl::StatusOr<Pass> Stream(const std::string& address, bool await_end);

  // phase_restart.cc
  absl::Status RunRestart(const ServiceOptions& service_options);
  absl::StatusOr<Pass> FillAndKill(const ServiceOptions& service, std::int64_t* peak_bytes);
  absl::Status AwaitFirstRequest(std::int64_t requests_before);

  // phase_notes.cc: what was measured, and whether it was right.
  absl::StatusOr<Snapshot> Look(pid_t service_pid);
  void NotePass(const Pass& pass);
  void NoteArrivals(const Pass& pass, const std::vector<MockArrival>& arrivals);
  void NoteCosts(const Snapshot& before, const Snapshot& after);
  // Waits until the service rests, stops it, and notes what it used from `before` to its end.
  absl::Status StopService(ServiceProcess& service, const ServiceOptions& options,
                           const ProcUsage& before);
  absl::Status AwaitRest(pid_t service_pid);
  absl::Status CheckCounts(const Snapshot& before, const Snapshot& after) const;
  absl::Status CheckMock();
  bool IsSent() const;

  Rig& rig_;
  const PhaseSpec spec_;
  PhaseReport report_;
  std::vector<v1::SyncRun> runs_;  // All that ended.
  std::vector<absl::Duration> ack_latencies_;
  std::vector<absl::Duration> arrival_latencies_;
};

}  // namespace peaksync::bench

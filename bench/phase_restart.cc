// The phase `restart`. Everything is received while Braze refuses the key, so that it waits and
// nothing is in flight; then the service is killed, and the next one finds a Braze that takes it.
#include <algorithm>
#include <utility>

#include "absl/time/clock.h"
#include "bench/phase_runner.h"

namespace peaksync::bench {
namespace {

constexpr absl::Duration kFirstRequestPatience = absl::Minutes(5);
constexpr absl::Duration kPollInterval = absl::Milliseconds(10);

}  // namespace

absl::StatusOr<PhaseRunner::Pass> PhaseRunner::FillAndKill(const ServiceOptions& options,
                                                           std::int64_t* peak_bytes) {
  auto service = ServiceProcess::Start(options);
  if (!service.ok()) return service.status();
  auto pass = Stream(service->address, /*await_end=*/false);
  if (!pass.ok()) return pass;
  const auto used = service->process->Kill();
  if (!used.ok()) return used.status();
  *peak_bytes = used->peak_bytes;
  return pass;
}

absl::Status PhaseRunner::RunRestart(const ServiceOptions& service_options) {
  ServiceOptions options = service_options;
  options.max_waiting_bytes = "16GiB";  // All of it shall wait, whatever it takes.
  if (absl::Status set = rig_.SetFaults({"status=401"}); !set.ok()) return set;
  std::int64_t peak_bytes = 0;
  auto filled = FillAndKill(options, &peak_bytes);
  if (!filled.ok()) return filled.status();
  Pass pass = *std::move(filled);
  if (absl::Status set = rig_.SetFaults({}); !set.ok()) return set;
  // Costs are those of the new process, from its start.
  ResetPeakMemory(rig_.mock().pid()).IgnoreError();
  auto before = Look(rig_.mock().pid());
  if (!before.ok()) return before.status();
  before->service = {};

  RestartReport restart;
  const absl::Time begin = absl::Now();
  auto service = ServiceProcess::Start(options);
  if (!service.ok()) return service.status();
  restart.listening_seconds = absl::ToDoubleSeconds(absl::Now() - begin);
  if (absl::Status sent = AwaitFirstRequest(before->stats.requests); !sent.ok()) return sent;
  restart.first_request_seconds = absl::ToDoubleSeconds(absl::Now() - begin);
  for (std::size_t i = 0; i < pass.results.size(); ++i) {
    absl::Status ended =
        AwaitRun(service->address, rig_.tenants()[i].names.token, &pass.results[i].run);
    if (!ended.ok()) return ended;
  }
  pass.end = absl::Now();
  restart.confirmed_seconds = absl::ToDoubleSeconds(pass.end - begin);
  const auto after = Look(service->process->pid());
  if (!after.ok()) return after.status();
  if (absl::Status stopped = StopService(*service, options, {}); !stopped.ok()) return stopped;

  NotePass(pass);
  restart.waiting_customers = report_.customers;
  report_.restart = restart;
  NoteCosts(*before, *after);
  report_.service.peak_bytes = std::max(report_.service.peak_bytes, peak_bytes);
  return CheckCounts(*before, *after);
}

absl::Status PhaseRunner::AwaitFirstRequest(std::int64_t requests_before) {
  const absl::Time deadline = absl::Now() + kFirstRequestPatience;
  while (absl::Now() < deadline) {
    std::int64_t requests = 0;
    for (Tenant& tenant : rig_.tenants()) {
      const auto stats = tenant.mock.Stats();
      if (!stats.ok()) return stats.status();
      requests += stats->requests;
    }
    if (requests > requests_before) return absl::OkStatus();
    absl::SleepFor(kPollInterval);
  }
  return absl::DeadlineExceededError("no request came after the restart");
}

}  // namespace peaksync::bench

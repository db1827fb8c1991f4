#include "bench/phase_runner.h"

#include <algorithm>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "bench/phase_watch.h"

namespace peaksync::bench {
namespace {

constexpr std::size_t kTimelinePointsMax = 120;

std::vector<std::string> KeysOf(Rig& rig) {
  std::vector<std::string> keys;
  for (const Tenant& tenant : rig.tenants()) keys.push_back(tenant.names.key);
  return keys;
}

}  // namespace

PhaseRunner::PhaseRunner(Rig& rig, const PhaseSpec& spec, double top_rate)
    : rig_(rig), spec_(spec) {
  const DriveOptions& options = rig.options();
  report_.label = spec.label;
  report_.kind = NameOf(spec.kind);
  report_.held = rig.held();
  report_.batch_size = spec.batch_size > 0 ? spec.batch_size : options.batch_size;
  report_.latency = spec.latency.value_or(options.latency);
  report_.limiter = spec.limiter.value_or(options.limiter);
  report_.rate = spec.half_rate ? top_rate / 2 : spec.rate;
}

bool PhaseRunner::IsSent() const {
  return spec_.kind != PhaseKind::kUnchanged && spec_.kind != PhaseKind::kUnchangedNewer;
}

absl::StatusOr<PhaseReport> PhaseRunner::Run() {
  const auto named = [this](const absl::Status& status) {
    return absl::Status(status.code(), absl::StrCat(spec_.label, ": ", status.message()));
  };
  if (spec_.half_rate && report_.rate <= 0) {
    return named(absl::FailedPreconditionError("rate=half needs a phase 'changed' before it"));
  }
  if (spec_.kind == PhaseKind::kUnchanged && rig_.has_mixed_times()) {
    return named(absl::FailedPreconditionError(
        "it needs one updated_at of all customers: put it before phases that stream some only"));
  }
  const auto service = rig_.Prepare(report_.latency, report_.limiter);
  if (!service.ok()) return named(service.status());
  absl::Status done =
      spec_.kind == PhaseKind::kRestart ? RunRestart(*service) : RunPasses(*service);
  if (!done.ok()) return named(done);
  report_.acknowledged = SummarizeLatencies(std::move(ack_latencies_));
  report_.arrived = SummarizeLatencies(std::move(arrival_latencies_));
  if (absl::Status right = CheckMock(); !right.ok()) return named(right);
  return std::move(report_);
}

// perf, which ends when the service does; nothing when no profile is asked for.
absl::StatusOr<std::unique_ptr<ChildProcess>> PhaseRunner::StartProfiler(pid_t service_pid) const {
  const std::string& folder = rig_.options().profile_folder;
  if (folder.empty()) return nullptr;
  return ChildProcess::Start(
      {"/usr/bin/perf", "record", "--quiet", "--event", "cpu-clock", "--freq", "499",
       "--call-graph", "dwarf", "--pid", absl::StrCat(service_pid), "--output",
       absl::StrCat(folder, "/", spec_.label, ".perf")},
      absl::StrCat(rig_.folder(), "/perf.log"));
}

absl::Status PhaseRunner::RunPasses(const ServiceOptions& options) {
  auto service = ServiceProcess::Start(options);
  if (!service.ok()) return service.status();
  const pid_t service_pid = service->process->pid();
  // Where the kernel does not offer it, the mock's peak is that since its start.
  ResetPeakMemory(rig_.mock().pid()).IgnoreError();
  const auto before = Look(service_pid);
  if (!before.ok()) return before.status();
  auto profiler = StartProfiler(service_pid);
  if (!profiler.ok()) return profiler.status();
  PhaseWatch watch(rig_.mock_url(), KeysOf(rig_));
  watch.Start();
  Pass last;
  for (int pass = 0; pass < spec_.passes; ++pass) {
    auto done = Stream(service->address, /*await_end=*/true);
    if (!done.ok()) return done.status();
    last = *std::move(done);
    NotePass(last);
  }
  const auto after = Look(service_pid);
  if (!after.ok()) return after.status();
  if (absl::Status watched = watch.Stop(); !watched.ok()) return watched;
  if (absl::Status stopped = StopService(*service, options, before->service); !stopped.ok()) {
    return stopped;
  }
  if (*profiler) {
    if (const auto ended = (*profiler)->AwaitEnd(kStopPatience); !ended.ok()) return ended.status();
  }

  const std::int64_t objects = IsSent() ? report_.customers / spec_.passes : 0;  // Of a pass.
  report_.delivering_rate = DeliveringRate(watch.accepted(), last.begin, objects);
  report_.timeline = TimelineOf(watch.accepted(), last.begin, objects, kTimelinePointsMax);
  NoteArrivals(last, watch.arrivals());
  NoteCosts(*before, *after);
  return CheckCounts(*before, *after);
}

absl::StatusOr<PhaseRunner::Pass> PhaseRunner::Stream(const std::string& address, bool await_end) {
  std::vector<Tenant>& tenants = rig_.tenants();
  Pass pass;
  const bool is_newer = spec_.kind != PhaseKind::kUnchanged;
  const absl::Time updated_at =
      is_newer ? rig_.NextUpdatedAt(/*of_all=*/spec_.customers == 0) : rig_.updated_at();
  for (Tenant& tenant : tenants) {
    pass.orders.push_back(tenant.book.NextOrder(spec_.customers));
    if (spec_.kind == PhaseKind::kChanged || spec_.kind == PhaseKind::kRestart) {
      tenant.book.Advance(pass.orders.back());
    }
  }
  std::vector<absl::StatusOr<LoadResult>> results(tenants.size(),
                                                  absl::UnknownError("not streamed"));
  const auto stream = [&](std::size_t i) {
    const CustomerBook& book = tenants[i].book;
    results[i] =
        StreamLoad(address, tenants[i].names.token,
                   {&book.population(), &pass.orders[i], &book.generations(), report_.batch_size,
                    updated_at, report_.rate / static_cast<double>(tenants.size()), await_end});
  };
  const double cpu_before = OwnCpuSeconds();
  std::vector<std::thread> threads;
  for (std::size_t i = 1; i < tenants.size(); ++i) threads.emplace_back(stream, i);
  stream(0);
  for (std::thread& thread : threads) thread.join();
  report_.driver_cpu_seconds += OwnCpuSeconds() - cpu_before;

  pass.begin = absl::InfiniteFuture();
  pass.end = absl::InfinitePast();
  for (absl::StatusOr<LoadResult>& result : results) {
    if (!result.ok()) return result.status();
    pass.begin = std::min(pass.begin, result->begin);
    pass.end = std::max(pass.end, result->begin + result->confirmed);
    pass.results.push_back(*std::move(result));
  }
  return pass;
}

}  // namespace peaksync::bench

#include "bench/phase_runner.h"

#include <algorithm>
#include <cstdio>
#include <random>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "bench/phase_watch.h"

namespace peaksync::bench {
namespace {

constexpr std::uint32_t kCheckedCustomers = 1'000;
constexpr absl::Duration kStopPatience = absl::Minutes(10);  // What waits may have to be folded.
constexpr absl::Duration kFirstRequestPatience = absl::Minutes(5);
constexpr absl::Duration kPollInterval = absl::Milliseconds(10);
constexpr std::size_t kTimelinePointsMax = 120;

ProcessCost CostOf(const ProcUsage& before, const ProcUsage& after) {
  return {after.user_seconds - before.user_seconds, after.system_seconds - before.system_seconds,
          after.peak_bytes};
}

std::vector<std::string> KeysOf(Rig& rig) {
  std::vector<std::string> keys;
  for (const Tenant& tenant : rig.tenants()) keys.push_back(tenant.names.key);
  return keys;
}

}  // namespace

struct PhaseRunner::Snapshot {
  MockStats stats;  // Of all workspaces.
  ProcUsage service;
  ProcUsage mock;
};

// One pass of every tenant.
struct PhaseRunner::Pass {
  std::vector<std::vector<std::uint32_t>> orders;
  std::vector<LoadResult> results;
  absl::Time begin;
  absl::Time end;  // The last run's.
};

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
  report_.ledger_bytes = MeasureLedger(*service).data;
  report_.acknowledged = SummarizeLatencies(std::move(ack_latencies_));
  report_.arrived = SummarizeLatencies(std::move(arrival_latencies_));
  if (absl::Status right = CheckMock(); !right.ok()) return named(right);
  return std::move(report_);
}

absl::Status PhaseRunner::RunPasses(const ServiceOptions& options) {
  auto service = ServiceProcess::Start(options);
  if (!service.ok()) return service.status();
  const pid_t service_pid = service->process->pid();
  // Where the kernel does not offer it, the mock's peak is that since its start.
  ResetPeakMemory(rig_.mock().pid()).IgnoreError();
  const auto before = Look(service_pid);
  if (!before.ok()) return before.status();
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
  report_.log_bytes = MeasureLedger(options).log;
  const auto used = service->process->Stop(kStopPatience);
  if (!used.ok()) return used.status();

  report_.delivering_rate = DeliveringRate(watch.accepted(), last.begin, last.end);
  report_.timeline = TimelineOf(watch.accepted(), last.begin, kTimelinePointsMax);
  NoteArrivals(last, watch.arrivals());
  NoteCosts(*before, *after);
  report_.service_to_exit = CostOf(before->service, *used);
  report_.written_bytes_to_exit = used->written_bytes - before->service.written_bytes;
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

void PhaseRunner::NotePass(const Pass& pass) {
  absl::Time received = pass.begin;
  for (std::size_t i = 0; i < pass.results.size(); ++i) {
    const LoadResult& result = pass.results[i];
    received = std::max(received, result.begin + result.received);
    report_.customers += static_cast<std::int64_t>(pass.orders[i].size());
    ack_latencies_.insert(ack_latencies_.end(), result.ack_latencies.begin(),
                          result.ack_latencies.end());
    runs_.push_back(result.run);
  }
  const PassReport done{absl::ToDoubleSeconds(received - pass.begin),
                        absl::ToDoubleSeconds(pass.end - pass.begin)};
  report_.received_seconds += done.received_seconds;
  report_.confirmed_seconds += done.confirmed_seconds;
  report_.passes.push_back(done);
}

// Of the first tenant, whose requests were watched.
void PhaseRunner::NoteArrivals(const Pass& pass, const std::vector<MockArrival>& arrivals) {
  if (!IsSent()) return;
  const Population& population = rig_.tenants().front().book.population();
  constexpr std::uint32_t kNowhere = UINT32_MAX;
  std::vector<std::uint32_t> places(rig_.options().customers, kNowhere);
  const std::vector<std::uint32_t>& order = pass.orders.front();
  for (std::uint32_t place = 0; place < order.size(); ++place) places[order[place]] = place;
  const std::vector<absl::Time>& due = pass.results.front().batch_times;
  for (const MockArrival& arrival : arrivals) {
    if (arrival.received < pass.begin) continue;
    for (const std::string& id : arrival.external_ids) {
      const auto number = population.NumberOf(id);
      if (!number || *number >= places.size() || places[*number] == kNowhere) continue;
      const std::size_t batch = places[*number] / static_cast<std::size_t>(report_.batch_size);
      // The mock writes whole milliseconds.
      arrival_latencies_.push_back(std::max(arrival.received - due[batch], absl::ZeroDuration()));
    }
  }
}

absl::StatusOr<PhaseRunner::Snapshot> PhaseRunner::Look(pid_t service_pid) {
  const auto service = ReadProcUsage(service_pid);
  if (!service.ok()) return service.status();
  const auto mock = ReadProcUsage(rig_.mock().pid());
  if (!mock.ok()) return mock.status();
  Snapshot snapshot{{}, *service, *mock};
  for (Tenant& tenant : rig_.tenants()) {
    const auto stats = tenant.mock.Stats();
    if (!stats.ok()) return stats.status();
    snapshot.stats.requests += stats->requests;
    snapshot.stats.attribute_objects += stats->attribute_objects;
    snapshot.stats.attribute_values += stats->attribute_values;
    snapshot.stats.unchanged_values += stats->unchanged_values;
    snapshot.stats.too_many += stats->too_many;
    snapshot.stats.max_in_flight = std::max(snapshot.stats.max_in_flight, stats->max_in_flight);
    snapshot.stats.max_in_flight_per_customer =
        std::max(snapshot.stats.max_in_flight_per_customer, stats->max_in_flight_per_customer);
  }
  return snapshot;
}

void PhaseRunner::NoteCosts(const Snapshot& before, const Snapshot& after) {
  report_.requests = after.stats.requests - before.stats.requests;
  report_.objects = after.stats.attribute_objects - before.stats.attribute_objects;
  report_.too_many = after.stats.too_many - before.stats.too_many;
  report_.max_in_flight = after.stats.max_in_flight;
  report_.service = CostOf(before.service, after.service);
  report_.mock = CostOf(before.mock, after.mock);
  report_.written_bytes = after.service.written_bytes - before.service.written_bytes;
}

absl::Status PhaseRunner::CheckCounts(const Snapshot& before, const Snapshot& after) const {
  const std::int64_t values = report_.customers * kAttributesPerCustomer;
  const std::int64_t sent = IsSent() ? values : 0;
  const std::int64_t arrived = after.stats.attribute_values - before.stats.attribute_values;
  const std::int64_t known = after.stats.unchanged_values - before.stats.unchanged_values;
  std::int64_t received = 0;
  std::int64_t confirmed = 0;
  std::int64_t unchanged = 0;
  for (const v1::SyncRun& run : runs_) {
    received += run.values().received();
    confirmed += run.values().confirmed();
    unchanged += run.values().unchanged();
  }
  if (received == values && confirmed == sent && unchanged == values - sent && arrived == sent &&
      known == 0 && after.stats.max_in_flight_per_customer <= 1) {
    return absl::OkStatus();
  }
  return absl::InternalError(
      absl::StrCat("the counts are wrong: of ", values, " values ", received, " were received, ",
                   confirmed, " confirmed, ", unchanged, " unchanged; the mock took ", arrived,
                   ", ", known, " of them had not changed, and saw up to ",
                   after.stats.max_in_flight_per_customer, " requests of a customer at a time"));
}

// Customers drawn at random; the same one may be drawn twice.
absl::Status PhaseRunner::CheckMock() {
  std::vector<Tenant>& tenants = rig_.tenants();
  std::mt19937_64 random(rig_.options().seed + static_cast<std::uint64_t>(report_.requests));
  const auto wanted = std::min<std::int64_t>(kCheckedCustomers, rig_.held());
  for (; report_.checked_customers < wanted; ++report_.checked_customers) {
    Tenant& tenant = tenants[random() % tenants.size()];
    const auto number = static_cast<std::uint32_t>(random() % tenant.book.size());
    const Population& population = tenant.book.population();
    absl::Status same = tenant.mock.CheckCustomer(
        population.Id(number), population.Predict(number, tenant.book.generations()[number]));
    if (!same.ok()) return same;
  }
  return absl::OkStatus();
}

// Everything is received while Braze refuses the key, so that it waits and nothing is in flight;
// then the service is killed, and the next one finds a Braze that takes it.
absl::Status PhaseRunner::RunRestart(const ServiceOptions& options) {
  if (absl::Status set = rig_.SetFaults({"status=401"}); !set.ok()) return set;
  std::int64_t peak_bytes = 0;
  Pass pass;
  {
    auto service = ServiceProcess::Start(options);
    if (!service.ok()) return service.status();
    auto streamed = Stream(service->address, /*await_end=*/false);
    if (!streamed.ok()) return streamed.status();
    pass = *std::move(streamed);
    const auto used = service->process->Kill();
    if (!used.ok()) return used.status();
    peak_bytes = used->peak_bytes;
  }
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
  report_.log_bytes = MeasureLedger(options).log;
  const auto used = service->process->Stop(kStopPatience);
  if (!used.ok()) return used.status();

  NotePass(pass);
  restart.waiting_customers = report_.customers;
  report_.restart = restart;
  NoteCosts(*before, *after);
  report_.service.peak_bytes = std::max(report_.service.peak_bytes, peak_bytes);
  report_.service_to_exit = CostOf({}, *used);
  report_.written_bytes_to_exit = used->written_bytes;
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

// What a phase has come to, and whether it was right.
#include <unistd.h>

#include <algorithm>
#include <random>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "bench/phase_runner.h"

namespace peaksync::bench {
namespace {

constexpr std::uint32_t kCheckedCustomers = 1'000;
constexpr absl::Duration kRestWindow = absl::Seconds(2);
constexpr absl::Duration kRestPollInterval = absl::Milliseconds(50);
constexpr double kRestCpuSeconds = 0.025;  // In the window: two ticks, and a half.

ProcessCost CostOf(const ProcUsage& before, const ProcUsage& after) {
  return {after.user_seconds - before.user_seconds, after.system_seconds - before.system_seconds,
          after.peak_bytes};
}

}  // namespace

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
  report_.driver_peak_bytes = ReadPeakBytes(getpid());
  report_.written_bytes = after.service.written_bytes - before.service.written_bytes;
}

absl::Status PhaseRunner::StopService(ServiceProcess& service, const ServiceOptions& options,
                                      const ProcUsage& before) {
  const std::string ledgers = options.folder + "/ledger";
  report_.at_end = MeasureLedgerFiles(ledgers);
  if (absl::Status rests = AwaitRest(service.process->pid()); !rests.ok()) return rests;
  const auto used = service.process->Stop(kStopPatience);
  if (!used.ok()) return used.status();
  report_.service_to_exit = CostOf(before, *used);
  report_.written_bytes_to_exit = used->written_bytes - before.written_bytes;
  report_.at_exit = MeasureStoppedLedger(ledgers);
  return absl::OkStatus();
}

// It rests when it has used next to nothing for a while, longer than it waits before it folds.
absl::Status PhaseRunner::AwaitRest(pid_t service_pid) {
  const absl::Time begin = absl::Now();
  const absl::Time deadline = begin + rig_.options().fold_wait;
  absl::Time busy = begin;
  auto last = ReadProcUsage(service_pid);
  while (last.ok() && absl::Now() < std::min(deadline, busy + kRestWindow)) {
    absl::SleepFor(kRestPollInterval);
    const auto now = ReadProcUsage(service_pid);
    if (!now.ok()) return now.status();
    if (now->written_bytes != last->written_bytes ||
        now->cpu_seconds() - last->cpu_seconds() > kRestCpuSeconds) {
      busy = absl::Now();
      last = now;
    }
  }
  report_.rest_seconds = absl::ToDoubleSeconds(busy - begin);
  return last.status();
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

}  // namespace peaksync::bench

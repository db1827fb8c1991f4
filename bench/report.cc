#include "bench/report.h"

#include <sys/utsname.h>
#include <unistd.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "absl/time/clock.h"
#include "bench/population.h"

namespace peaksync::bench {
namespace {

using Json = nlohmann::ordered_json;

// Three decimals: the rest is noise.
double Rounded(double value) { return std::round(value * 1'000) / 1'000; }
double Milliseconds(absl::Duration duration) {
  return Rounded(absl::ToDoubleMilliseconds(duration));
}

Json CostToJson(const ProcessCost& cost, double customers) {
  return {{"cpu_user_seconds", Rounded(cost.user_seconds)},
          {"cpu_system_seconds", Rounded(cost.system_seconds)},
          {"cpu_us_per_customer", Rounded(cost.cpu_seconds() * 1e6 / customers)},
          {"peak_memory_bytes", cost.peak_bytes}};
}

Json PhaseToJson(const PhaseReport& phase, double customers) {
  const double rate = customers / phase.confirmed_seconds;
  const auto per_customer = [&](std::int64_t bytes) {
    return Rounded(static_cast<double>(bytes) / customers);
  };
  Json json{
      {"customers_per_second", std::round(rate)},
      {"attributes_per_second", std::round(rate * kAttributesPerCustomer)},
      {"seconds_to_received", Rounded(phase.received_seconds)},
      {"seconds_to_confirmed", Rounded(phase.confirmed_seconds)},
      {"ack_latency_ms",
       {{"p50", Milliseconds(phase.ack_p50)}, {"p99", Milliseconds(phase.ack_p99)}}},
      {"requests", phase.requests},
      {"objects_per_request", nullptr},
      {"max_requests_in_flight_so_far", phase.max_in_flight},
      {"service", CostToJson(phase.service, customers)},
      {"mock", CostToJson(phase.mock, customers)},
      {"driver", {{"cpu_us_per_customer", Rounded(phase.driver_cpu_seconds * 1e6 / customers)}}},
      {"written_bytes", phase.written_bytes},
      {"written_bytes_per_customer", per_customer(phase.written_bytes)},
      {"written_bytes_per_customer_to_exit", per_customer(phase.written_bytes_to_exit)},
      {"log_bytes", phase.log_bytes},
      {"ledger_bytes_per_customer", per_customer(phase.ledger_bytes)},
      {"checked_customers", phase.checked_customers},
  };
  if (phase.requests > 0) {
    json["objects_per_request"] =
        Rounded(static_cast<double>(phase.objects) / static_cast<double>(phase.requests));
  }
  return json;
}

}  // namespace

std::string ToJson(const DriveOptions& options, const std::vector<PhaseReport>& phases) {
  utsname system{};
  uname(&system);
  Json json{
      {"version", PEAKSYNC_VERSION},
      {"build_type", PEAKSYNC_BUILD_TYPE},
      {"compiler", __VERSION__},
      {"kernel", system.release},
      {"cpus", sysconf(_SC_NPROCESSORS_ONLN)},
      {"time", absl::FormatTime("%Y-%m-%d%ET%H:%M:%SZ", absl::Now(), absl::UTCTimeZone())},
      {"customers", options.customers},
      {"attributes_per_customer", kAttributesPerCustomer},
      {"batch_size", options.batch_size},
      {"latency", options.latency},
      {"rate_limit_per_3s", options.rate_limit},
      {"seed", options.seed},
      {"phases", Json::object()},
  };
  for (const PhaseReport& phase : phases) {
    json["phases"][phase.name] = PhaseToJson(phase, options.customers);
  }
  return json.dump(2) + "\n";
}

}  // namespace peaksync::bench

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

Json LatenciesToJson(const Latencies& latencies) {
  if (latencies.count == 0) return nullptr;
  return {{"p50", Milliseconds(latencies.p50)}, {"p90", Milliseconds(latencies.p90)},
          {"p99", Milliseconds(latencies.p99)}, {"p999", Milliseconds(latencies.p999)},
          {"max", Milliseconds(latencies.max)}, {"count", latencies.count}};
}

Json CostToJson(const ProcessCost& cost, double customers) {
  return {{"cpu_user_seconds", Rounded(cost.user_seconds)},
          {"cpu_system_seconds", Rounded(cost.system_seconds)},
          {"cpu_us_per_customer", Rounded(cost.cpu_seconds() * 1e6 / customers)},
          {"peak_memory_bytes", cost.peak_bytes}};
}

Json RatesToJson(const PhaseReport& phase, double customers) {
  // A restart streams, is killed and starts again: no rate of it means anything.
  if (phase.restart) {
    return {{"waiting_customers", phase.restart->waiting_customers},
            {"seconds_to_listening", Rounded(phase.restart->listening_seconds)},
            {"seconds_to_first_request", Rounded(phase.restart->first_request_seconds)},
            {"seconds_to_confirmed", Rounded(phase.restart->confirmed_seconds)}};
  }
  Json passes = Json::array();
  for (const PassReport& pass : phase.passes) {
    const double streamed = customers / static_cast<double>(phase.passes.size());
    passes.push_back({{"customers_per_second", std::round(streamed / pass.confirmed_seconds)},
                      {"seconds_to_received", Rounded(pass.received_seconds)},
                      {"seconds_to_confirmed", Rounded(pass.confirmed_seconds)}});
  }
  const double rate = phase.customers_per_second();
  return {{"customers_per_second", std::round(rate)},
          {"attributes_per_second", std::round(rate * kAttributesPerCustomer)},
          {"customers_per_second_delivering",
           phase.delivering_rate > 0 ? Json(std::round(phase.delivering_rate)) : Json()},
          {"seconds_to_received", Rounded(phase.received_seconds)},
          {"seconds_to_confirmed", Rounded(phase.confirmed_seconds)},
          {"passes", std::move(passes)}};
}

Json PhaseToJson(const PhaseReport& phase) {
  const auto customers = static_cast<double>(phase.customers);
  const auto per_customer = [&](std::int64_t bytes) {
    return Rounded(static_cast<double>(bytes) / customers);
  };
  const auto per_held = [&](std::int64_t bytes) {
    return Rounded(static_cast<double>(bytes) / static_cast<double>(phase.held));
  };
  Json json{{"kind", phase.kind},
            {"customers", phase.customers},
            {"customers_held", phase.held},
            {"batch_size", phase.batch_size},
            {"latency_ms", Milliseconds(phase.latency)},
            {"limiter", phase.limiter},
            {"rate_asked", phase.rate > 0 ? Json(std::round(phase.rate)) : Json()}};
  json.update(RatesToJson(phase, customers));
  json.update(Json{
      {"ack_latency_ms", LatenciesToJson(phase.acknowledged)},
      {"push_to_braze_ms", LatenciesToJson(phase.arrived)},
      {"requests", phase.requests},
      {"objects_per_request", nullptr},
      {"answers_429", phase.too_many},
      {"max_requests_in_flight_so_far", phase.max_in_flight},
      {"service", CostToJson(phase.service, customers)},
      {"service_to_exit", CostToJson(phase.service_to_exit, customers)},
      {"mock", CostToJson(phase.mock, customers)},
      {"driver",
       {{"cpu_us_per_customer", Rounded(phase.driver_cpu_seconds * 1e6 / customers)},
        {"peak_memory_bytes", phase.driver_peak_bytes}}},
      {"written_bytes_per_customer", per_customer(phase.written_bytes)},
      {"written_bytes_per_customer_to_exit", per_customer(phase.written_bytes_to_exit)},
      {"seconds_to_rest", Rounded(phase.rest_seconds)},
      {"log_bytes", phase.at_end.log},
      {"ledger_bytes", phase.at_exit.data},
      {"ledger_bytes_per_customer", per_held(phase.at_exit.data)},
      {"ledger_free_bytes_per_customer", per_held(phase.at_exit.free)},
      {"checked_customers", phase.checked_customers},
  });
  if (phase.requests > 0) {
    json["objects_per_request"] =
        Rounded(static_cast<double>(phase.objects) / static_cast<double>(phase.requests));
  }
  Json timeline = Json::array();
  for (const auto& [seconds, objects] : phase.timeline) {
    timeline.push_back({Rounded(seconds), objects});
  }
  json["accepted_by_braze"] = std::move(timeline);
  return json;
}

double CpuOf(const PartCost& part) {
  return part.cpu_seconds * 1e6 / static_cast<double>(part.customers);
}

// The parts' sum beside what the loop took for the same: all three processes, until the service's
// end.
Json LoopToJson(const DriveReport& report, const char* kind, bool PartCost::*belongs) {
  double sum = 0;
  for (const PartCost& part : report.parts) sum += part.*belongs ? CpuOf(part) : 0;
  for (const PhaseReport& phase : report.phases) {
    if (phase.kind != kind || phase.rate > 0) continue;
    const auto customers = static_cast<double>(phase.customers);
    const double service = phase.service_to_exit.cpu_seconds() * 1e6 / customers;
    const double mock = phase.mock.cpu_seconds() * 1e6 / customers;
    const double driver = phase.driver_cpu_seconds * 1e6 / customers;
    return {{"phase", phase.label},
            {"service_cpu_us_per_customer", Rounded(service)},
            {"mock_cpu_us_per_customer", Rounded(mock)},
            {"driver_cpu_us_per_customer", Rounded(driver)},
            {"loop_cpu_us_per_customer", Rounded(service + mock + driver)},
            {"parts_cpu_us_per_customer", Rounded(sum)},
            {"parts_over_loop", Rounded(sum / (service + mock + driver))}};
  }
  return nullptr;
}

Json PartsToJson(const DriveReport& report) {
  Json parts = Json::object();
  for (const PartCost& part : report.parts) {
    const auto customers = static_cast<double>(part.customers);
    parts[part.name] = {
        {"what", part.what},
        {"customers", part.customers},
        {"customers_per_second", std::round(customers / part.wall_seconds)},
        {"cpu_us_per_customer", Rounded(CpuOf(part))},
        {"driver_cpu_us_per_customer", Rounded(part.driver_cpu_seconds * 1e6 / customers)},
        {"written_bytes_per_customer",
         Rounded(static_cast<double>(part.written_bytes) / customers)},
        {"in_changed", part.in_changed},
        {"in_unchanged", part.in_unchanged}};
  }
  return parts;
}

}  // namespace

std::string ToJson(const DriveOptions& options, const DriveReport& report) {
  utsname system{};
  uname(&system);
  Json json{
      {"version", PEAKSYNC_VERSION},
      {"build_type", PEAKSYNC_BUILD_TYPE},
      {"compiler", __VERSION__},
      {"kernel", system.release},
      {"cpus", sysconf(_SC_NPROCESSORS_ONLN)},
      {"time", absl::FormatTime("%Y-%m-%d%ET%H:%M:%SZ", absl::Now(), absl::UTCTimeZone())},
      {"customers_per_tenant", options.customers},
      {"tenants", options.tenants},
      {"attributes_per_customer", kAttributesPerCustomer},
      {"rate_limit_per_3s", options.rate_limit},
      {"rate_share", options.rate_share},
      {"seed", options.seed},
      {"profiled", !options.profile_folder.empty()},
      {"failed", report.failure.ok() ? Json() : Json(std::string(report.failure.message()))},
      {"phases", Json::object()},
  };
  for (const PhaseReport& phase : report.phases) json["phases"][phase.label] = PhaseToJson(phase);
  if (!report.parts.empty()) {
    json["parts"] = PartsToJson(report);
    json["loop"] = {{"changed", LoopToJson(report, "changed", &PartCost::in_changed)},
                    {"unchanged", LoopToJson(report, "unchanged", &PartCost::in_unchanged)}};
  }
  return json.dump(2) + "\n";
}

}  // namespace peaksync::bench

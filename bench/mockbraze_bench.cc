// mockbraze-bench: what the mock of Braze can take. It starts the mockbraze that stands beside it
// on one core, drives it from another over loopback and prints JSON.
//
// Goals it shows: at least 5,000 requests/s of 75 objects of 5 attributes on one core,
// so that the mock is not the bottleneck of our own measurements; 1,000,000 profiles of 5
// attributes in at most 1 GiB; 1,000 requests held in flight at 400 ms with the default threads.
// Also: figures that can be repeated (a seed makes ids, values and orders), and none of a run that
// was not right (every answer, the mock's counts, profiles read back).
// Non-goals: judging the figures (docs/performance.md explains them); several mocks at a time.
#include <sched.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "bench/mock_child.h"
#include "bench/mock_customers.h"
#include "bench/mock_load.h"
#include "bench/population.h"

namespace peaksync::bench {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kObjectsPerRequest = 75;
// Requests made ahead, outside of what is measured: 25 MB.
constexpr std::size_t kRequestsAhead = 2'000;
constexpr std::uint32_t kCheckedProfiles = 100;
constexpr int kInFlightRounds = 10;

constexpr char kExamples[] = R"(
Examples:
  mockbraze-bench                                    a million profiles, a minute or two
  mockbraze-bench --profiles 100000 --connections 64
  mockbraze-bench --in-flight 1000 --latency 400ms
Figures to look at, with their goals: track.requests_per_cpu_second (5,000), memory.resident_bytes
(1 GiB with 1,000,000 profiles), in_flight.max_in_flight (1,000). docs/performance.md has more.)";

struct BenchOptions {
  std::string binary;
  std::uint32_t profiles = 1'000'000;
  std::size_t connections = 16;
  std::size_t in_flight = 1'000;
  std::string latency = "400ms";
  std::uint64_t seed = 1;
  std::vector<std::string> mock_flags;
  int mock_cpu = 0;
};

// Three decimals: the rest is noise.
double Rounded(double value) { return std::round(value * 1'000) / 1'000; }

std::vector<LoadRequest> MakeRequests(const Population& population,
                                      std::span<const std::uint32_t> customers, std::size_t objects,
                                      int generation) {
  std::vector<LoadRequest> requests;
  for (std::size_t at = 0; at < customers.size(); at += objects) {
    const std::size_t count = std::min(objects, customers.size() - at);
    requests.push_back(TrackRequestFor(population, customers.subspan(at, count), generation));
  }
  return requests;
}

// Sends every customer once, in an order of the pass's own.
Json DrivePass(const BenchOptions& options, const Population& population, const MockChild& mock,
               int pass) {
  MockLoad load(mock.port(), options.connections);
  const auto order = population.Shuffled(options.profiles, pass);
  double seconds = 0;
  std::size_t sent = 0;
  const double cpu_before = mock.CpuSeconds();
  for (std::size_t at = 0; at < order.size(); at += kRequestsAhead * kObjectsPerRequest) {
    const std::size_t count = std::min(kRequestsAhead * kObjectsPerRequest, order.size() - at);
    const auto slice =
        MakeRequests(population, std::span(order).subspan(at, count), kObjectsPerRequest, pass);
    seconds += load.Drive(slice);
    sent += slice.size();
  }
  const double cpu = mock.CpuSeconds() - cpu_before;
  const auto requests = static_cast<double>(sent);
  return {{"requests", sent},
          {"objects", options.profiles},
          {"seconds", Rounded(seconds)},
          {"requests_per_second", std::round(requests / seconds)},
          {"objects_per_second", std::round(options.profiles / seconds)},
          {"mock_cpu_seconds", Rounded(cpu)},
          {"mock_cpu_us_per_request", Rounded(cpu / requests * 1e6)},
          {"requests_per_cpu_second", std::round(requests / cpu)}};
}

Json MeasureMemory(const BenchOptions& options, const MockChild& mock, std::int64_t empty_bytes) {
  const std::int64_t bytes = mock.ResidentBytes();
  return {{"profiles", options.profiles},
          {"resident_bytes", bytes},
          {"resident_bytes_empty", empty_bytes},
          {"bytes_per_profile",
           std::round(static_cast<double>(bytes - empty_bytes) / options.profiles)}};
}

// Everybody is made, and then changed: all five attributes differ.
void MeasureTrack(const BenchOptions& options, const Population& population, Json* report) {
  const MockChild mock(options.binary, options.mock_flags, options.mock_cpu);
  const std::int64_t empty_bytes = mock.ResidentBytes();
  Json created = DrivePass(options, population, mock, 0);
  (*report)["memory"] = MeasureMemory(options, mock, empty_bytes);
  (*report)["track"] = DrivePass(options, population, mock, 1);
  (*report)["track_new"] = std::move(created);

  const std::int64_t requests_a_pass = (*report)["track"]["requests"].get<std::int64_t>();
  CheckCounts(mock.port(), {2 * requests_a_pass, 2 * std::int64_t{options.profiles},
                            std::int64_t{options.profiles}});
  std::mt19937_64 random(options.seed);
  const std::uint32_t checked = std::min(kCheckedProfiles, options.profiles);
  for (std::uint32_t i = 0; i < checked; ++i) {
    const auto customer = static_cast<std::uint32_t>(random() % options.profiles);
    CheckCustomer(mock.port(), population, customer, 1);
  }
  (*report)["checked_profiles"] = checked;
}

// As many connections as requests, one object each: it is the waiting that is measured.
Json MeasureInFlight(const BenchOptions& options, const Population& population) {
  std::vector<std::string> flags = options.mock_flags;
  flags.insert(flags.end(), {"--latency", options.latency});
  const MockChild mock(options.binary, flags, std::nullopt);
  const auto customers = static_cast<std::uint32_t>(options.in_flight * kInFlightRounds);
  const auto requests = MakeRequests(population, population.Shuffled(customers, 0), 1, 0);
  double seconds = 0;
  {
    MockLoad load(mock.port(), options.in_flight);
    seconds = load.Drive(requests);
  }
  const double cpu = mock.CpuSeconds();
  const auto count = static_cast<std::int64_t>(requests.size());
  CheckCounts(mock.port(), {count, count, customers});
  return {{"connections", options.in_flight},
          {"latency", options.latency},
          {"requests", count},
          {"max_in_flight", MockCounter(mock.port(), "max_in_flight")},
          {"threads", mock.Threads()},
          {"seconds", Rounded(seconds)},
          {"requests_per_second", std::round(static_cast<double>(count) / seconds)},
          {"mock_cpu_seconds", Rounded(cpu)}};
}

// Each end of a connection is a descriptor, here and in the mock, which inherits the limit.
void RaiseDescriptorLimit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

// The first two cores that this process may use, or the only one twice.
std::vector<int> UsableCpus() {
  cpu_set_t set;
  CPU_ZERO(&set);
  std::vector<int> cpus;
  if (sched_getaffinity(0, sizeof(set), &set) != 0) Die("cannot ask which cores may be used");
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (CPU_ISSET(static_cast<std::size_t>(cpu), &set)) cpus.push_back(cpu);
  }
  return {cpus.front(), cpus.size() > 1 ? cpus[1] : cpus.front()};
}

Json Measure(BenchOptions options) {
  RaiseDescriptorLimit();
  const Population population(options.seed);
  // Its rate limit is far below what it can take.
  if (HelpOf(options.binary).find("--rate-limit") != std::string::npos) {
    options.mock_flags = {"--rate-limit", "off"};
  }
  utsname system{};
  uname(&system);
  Json report{{"version", PEAKSYNC_VERSION},
              {"build_type", PEAKSYNC_BUILD_TYPE},
              {"compiler", __VERSION__},
              {"kernel", system.release},
              {"cpus", sysconf(_SC_NPROCESSORS_ONLN)},
              {"seed", options.seed},
              {"objects_per_request", kObjectsPerRequest},
              {"attributes_per_object", kAttributesPerCustomer},
              {"connections", options.connections}};
  report["in_flight"] = MeasureInFlight(options, population);
  const auto cpus = UsableCpus();
  options.mock_cpu = cpus[0];
  if (!PinTo(cpus[1])) Die("cannot stay on core " + std::to_string(cpus[1]));
  MeasureTrack(options, population, &report);
  return report;
}

}  // namespace
}  // namespace peaksync::bench

int main(int argc, char** argv) {
  namespace fs = std::filesystem;
  CLI::App app{"Measures mockbraze: requests/s on one core, memory, requests in flight.",
               "mockbraze-bench"};
  peaksync::bench::BenchOptions options;
  app.footer(peaksync::bench::kExamples);
  app.add_option("--profiles", options.profiles, "Profiles of 5 attributes")
      ->check(CLI::Range(1, 20'000'000))
      ->capture_default_str();
  app.add_option("--connections", options.connections, "Connections that track is measured with")
      ->check(CLI::Range(1, 5'000))
      ->capture_default_str();
  app.add_option("--in-flight", options.in_flight, "Requests to hold in flight")
      ->check(CLI::Range(1, 5'000))
      ->capture_default_str();
  app.add_option("--latency", options.latency, "Delay of the answers to those, as 400ms")
      ->capture_default_str();
  app.add_option("--seed", options.seed, "Of ids, values and orders")->capture_default_str();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  options.binary = (fs::read_symlink("/proc/self/exe").parent_path() / "mockbraze").string();
  try {
    std::puts(peaksync::bench::Measure(options).dump(2).c_str());
  } catch (
      const std::exception& error) {  // of the JSON library: the mock's answer has another form
    peaksync::bench::Die(std::string("an odd answer of the mock: ") + error.what());
  }
  return 0;
}

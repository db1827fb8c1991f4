// peaksync-bench: the whole loop, end to end. It starts mockbraze and peaksyncd, which stand beside
// it, as processes with a ledger of their own, streams customers to the service and prints JSON
// with what that cost. One machine, one disk, nothing to prepare.
//
// Goals: figures that can be repeated (a seed makes ids, values and orders; everything is stated in
// the output); no figure of a run that was not right (counts, and 1,000 customers read back after
// each phase); the parts of the loop alone beside it, in the same run; small enough to run as a
// test.
// Non-goals: judging the figures (scripts/bench_table.py has the goals, docs/performance.md
// explains them); other machines' networks; faults, which are for the tests.
#include <CLI/CLI.hpp>

#include <sys/resource.h>

#include <cstdio>
#include <filesystem>
#include <string>
#include <tuple>
#include <vector>

#include "bench/drive.h"
#include "bench/report.h"

namespace {

constexpr char kExamples[] = R"(
A phase is KIND[,key=value…]. KIND: new, changed, unchanged, unchanged_newer; restart (changed while
Braze refuses the key, kill -9, start). Keys: as=NAME in the report, customers=N a pass (default
all), passes=N, batch=N, latency=DURATION, limiter=on|off, rate=N customers/s or half (of the
fastest 'changed' before it). Without --phase: new, changed, unchanged, unchanged_newer.

Examples:
  peaksync-bench --customers 1000000 --parts
  peaksync-bench --latency 400ms --limiter on
  peaksync-bench --phase new --phase changed,passes=2 --phase unchanged,batch=1,as=single
  peaksync-bench --customers 10000000 --ledger ./ten-million --phase new
  peaksync-bench --customers 10000000 --ledger ./ten-million --phase changed,customers=2000000
docs/performance.md explains the figures.)";

// Each request in flight is a connection, and the mock inherits the limit.
void RaiseDescriptorLimit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

int main(int argc, char** argv) {
  namespace fs = std::filesystem;
  using peaksync::bench::DriveOptions;
  CLI::App app{
      "Measures PeakSync end to end: new, changed and unchanged customers. JSON on stdout.",
      "peaksync-bench"};
  DriveOptions options;
  options.work_folder = fs::temp_directory_path().string();
  std::string latency = "0ms";
  std::string limiter = "off";
  std::string fold_wait = "1m";
  std::vector<std::string> phases{"new", "changed", "unchanged", "unchanged_newer"};
  app.footer(kExamples);
  app.add_option("--customers", options.customers, "Customers of each tenant, with 5 attributes")
      ->check(CLI::Range(1, 100'000'000))
      ->capture_default_str();
  app.add_option("--tenants", options.tenants, "Tenants, each with a ledger and a stream")
      ->check(CLI::Range(1, 64))
      ->capture_default_str();
  app.add_option("--phase", phases, "What to measure, see below; repeatable")
      ->allow_extra_args(false);
  app.add_option("--batch-size", options.batch_size, "Customers in a message of the stream")
      ->check(CLI::Range(1, 5'000))
      ->capture_default_str();
  app.add_option("--latency", latency, "Delay of each of the mock's answers, as 400ms")
      ->capture_default_str();
  app.add_option("--limiter", limiter, "Whether the mock, by 429, and the service keep a limit")
      ->check(CLI::IsMember({"on", "off"}))
      ->capture_default_str();
  app.add_option("--rate-limit", options.rate_limit, "That limit: requests in 3 s, of each tenant")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  app.add_option("--rate-share", options.rate_share, "How much of it is the service's")
      ->check(CLI::Range(0.001, 1.0))
      ->capture_default_str();
  app.add_flag("--parts", options.parts, "Measure the parts of the loop alone too");
  app.add_option("--profile", options.profile_folder,
                 "Put a profile of the service, by perf, into this folder: a file a phase. It "
                 "slows the service: take no figures from such a run")
      ->check(CLI::ExistingDirectory);
  app.add_option("--seed", options.seed, "Of ids, values and orders")->capture_default_str();
  app.add_option("--folder", options.work_folder,
                 "Where the ledger is put while it runs: on a disk")
      ->check(CLI::ExistingDirectory)
      ->capture_default_str();
  app.add_option("--fold-wait", fold_wait,
                 "How long the service is given after a phase, at most, to do what it has put off; "
                 "0ms: it is stopped at once")
      ->capture_default_str();
  app.add_flag("--keep", options.keep, "Leave the ledger and the logs, and say where");
  app.add_option("--ledger", options.ledger_folder,
                 "Leave the ledger in this folder. One that stands there already, of the same "
                 "customers, tenants and seed, is gone on with: 'new' is left out, and the mock "
                 "gets its profiles directly");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  options.limiter = limiter == "on";
  for (const auto& [flag, text, duration] : {std::tuple{"--latency", &latency, &options.latency},
                                             {"--fold-wait", &fold_wait, &options.fold_wait}}) {
    const auto read = peaksync::bench::ParseWait(*text);
    if (!read.ok()) {
      std::fprintf(stderr, "%s: %s\n", flag, std::string(read.status().message()).c_str());
      return 2;
    }
    *duration = *read;
  }
  for (const std::string& phase : phases) {
    const auto spec = peaksync::bench::ParsePhaseSpec(phase);
    if (!spec.ok()) {
      std::fprintf(stderr, "--phase: %s\n", std::string(spec.status().message()).c_str());
      return 2;
    }
    options.phases.push_back(*spec);
  }
  if (!options.profile_folder.empty() && !fs::exists("/usr/bin/perf")) {
    std::fputs("--profile needs /usr/bin/perf: install linux-perf\n", stderr);
    return 2;
  }
  options.binary_folder = fs::read_symlink("/proc/self/exe").parent_path().string();
  RaiseDescriptorLimit();

  const auto report = peaksync::bench::Drive(options);
  const absl::Status& status = report.ok() ? report->failure : report.status();
  if (!status.ok()) {
    std::fprintf(stderr, "peaksync-bench: %s\n", std::string(status.message()).c_str());
  }
  if (report.ok() && !report->phases.empty()) {
    std::fputs(peaksync::bench::ToJson(options, *report).c_str(), stdout);
  }
  if (status.ok()) return 0;
  return absl::IsInvalidArgument(status) ? 2 : 1;
}

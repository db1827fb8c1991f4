// peaksync-bench: the whole loop, end to end. It starts mockbraze and peaksyncd, which stand beside
// it, as processes with a ledger of their own, streams customers to the service and prints JSON
// with what that cost. One process, one disk, one tenant, nothing to prepare.
//
// Goals: figures that can be repeated (a seed makes ids, values and orders; everything is stated in
// the output); no figure of a run that was not right (counts, and 1,000 customers read back after
// each phase); small enough to run as a test.
// Non-goals: judging the figures (docs/performance.md explains them); other machines' networks;
// faults, which are for the tests.
#include <CLI/CLI.hpp>

#include <cstdio>
#include <filesystem>
#include <string>

#include "bench/drive.h"
#include "bench/report.h"

int main(int argc, char** argv) {
  namespace fs = std::filesystem;
  CLI::App app{
      "Measures PeakSync end to end: new, changed and unchanged customers. JSON on stdout.",
      "peaksync-bench"};
  peaksync::bench::DriveOptions options;
  options.work_folder = fs::temp_directory_path().string();
  app.add_option("--customers", options.customers, "Customers, each with 5 attributes")
      ->check(CLI::Range(1, 100'000'000))
      ->capture_default_str();
  app.add_option("--batch-size", options.batch_size, "Customers in a message of the stream")
      ->check(CLI::Range(1, 5'000))
      ->capture_default_str();
  app.add_option("--latency", options.latency, "Delay of each of the mock's answers, as 400ms")
      ->capture_default_str();
  app.add_option("--rate-limit", options.rate_limit, "Requests in 3 s that the service may make")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  app.add_option("--seed", options.seed, "Of ids, values and orders")->capture_default_str();
  app.add_option("--folder", options.work_folder,
                 "Where the ledger is put while it runs: on a disk")
      ->check(CLI::ExistingDirectory)
      ->capture_default_str();
  app.add_flag("--keep", options.keep, "Leave the ledger and the logs, and say where");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  options.binary_folder = fs::read_symlink("/proc/self/exe").parent_path().string();

  const auto phases = peaksync::bench::Drive(options);
  if (!phases.ok()) {
    std::fprintf(stderr, "peaksync-bench: %s\n", std::string(phases.status().message()).c_str());
    return 1;
  }
  std::fputs(peaksync::bench::ToJson(options, *phases).c_str(), stdout);
  return 0;
}

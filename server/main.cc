// peaksyncd: flags, configuration, signals, App; nothing else.
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>

#include "server/app/app.h"
#include "server/app/command_line.h"
#include "server/app/config.h"
#include "server/app/run_command.h"
#include "server/base/log.h"

// Read by jemalloc: what a fold has freed goes back to the system after a second instead of ten.
extern "C" const char* malloc_conf;
const char* malloc_conf = "dirty_decay_ms:1000,muzzy_decay_ms:0";

namespace {

// Signals are waited for, never handled: blocked here, and so in every thread.
sigset_t BlockSignals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGHUP);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  return set;
}

// False when a signal came first.
bool Pause(const sigset_t& signals, absl::Duration duration) {
  const timespec time = absl::ToTimespec(duration);
  const int signal = sigtimedwait(&signals, nullptr, &time);
  return signal < 0 || signal == SIGHUP;
}

// A file that is wrong changes nothing. Every problem is a line of the log.
void Reload(const peaksync::CommandLine& line, peaksync::App& app) {
  const peaksync::ConfigResult loaded = peaksync::LoadConfig(line.config);
  for (const auto& problem : loaded.problems) {
    peaksync::log::Warn("The configuration has a problem.", {{"problem", problem.ToString()}});
  }
  if (loaded.MayStart(line.strict)) return app.Reload(loaded.config);
  peaksync::log::Error("The configuration was not reloaded: it is wrong. Nothing has changed.",
                       {{"config", line.config}});
}

// Exit statuses: docs/operations.md.
constexpr int kCannotStart = 1;
constexpr int kWrongConfiguration = 2;

}  // namespace

int main(int argc, char** argv) {
  peaksync::CommandLine line;
  int exit_status = 0;
  if (!peaksync::ParseCommandLine(argc, argv, &line, &exit_status)) return exit_status;

  const peaksync::ConfigResult loaded = peaksync::LoadConfig(line.config);
  for (const auto& problem : loaded.problems) {
    std::fprintf(stderr, "%s\n", problem.ToString().c_str());
  }
  if (!loaded.MayStart(line.strict)) return kWrongConfiguration;
  if (line.check_config) {
    std::printf("%s: tenants: %zu, problems: %zu\n", line.config.c_str(),
                loaded.config.tenants.size(), loaded.problems.size());
    const bool usable = std::ranges::all_of(loaded.problems, [](const auto& problem) {
      return problem.severity == peaksync::ConfigProblem::Severity::kWarning;
    });
    return usable ? EXIT_SUCCESS : kWrongConfiguration;
  }

  const peaksync::SystemClock clock;
  peaksync::AppOptions options;
  options.clock = &clock;
  if (!line.command.name.empty()) return peaksync::RunCommand(line, loaded.config, options);

  const sigset_t signals = BlockSignals();
  options.pause = [&](absl::Duration duration) { return Pause(signals, duration); };
  auto app = peaksync::App::Start(loaded.config, options);
  if (!app.ok()) {
    std::fprintf(stderr, "peaksyncd cannot start: %s\n",
                 std::string(app.status().message()).c_str());
    return kCannotStart;
  }

  int signal = SIGHUP;
  while (signal == SIGHUP) {
    sigwait(&signals, &signal);
    if (signal == SIGHUP) Reload(line, **app);
  }
  peaksync::log::Info("Stopping.", {{"signal", std::int64_t{signal}}});
  // A second signal ends the process at once; nothing is lost either way.
  ::signal(SIGTERM, SIG_DFL);
  ::signal(SIGINT, SIG_DFL);
  pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
  (*app)->Stop();
  peaksync::log::Info("Stopped.");
  return EXIT_SUCCESS;
}

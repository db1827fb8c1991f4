#include "server/app/command_line.h"

#include <CLI/CLI.hpp>

namespace peaksync {

bool ParseCommandLine(int argc, char** argv, CommandLine* line, int* exit_status) {
  CLI::App app(
      "peaksyncd: brings predictions that Peak tenants stream over gRPC to Braze.\n"
      "It runs in the foreground and logs JSON lines to stderr. SIGTERM ends it; nothing "
      "is lost.",
      "peaksyncd");
  app.set_version_flag("--version", "peaksyncd " PEAKSYNC_VERSION);
  app.add_option("--config", line->config,
                 "The configuration; examples/peaksyncd.toml holds every key")
      ->envname("PEAKSYNCD_CONFIG")
      ->capture_default_str();
  app.add_flag(
      "--check-config", line->check_config,
      "Read the configuration, print every problem, and end: 0 when it can be used, else 2");
  app.add_flag("--strict", line->strict,
               "Refuse to start when any tenant is misconfigured, instead of running the others");
  app.footer(
      "Examples:\n"
      "  peaksyncd --config /etc/peaksync/peaksyncd.toml --check-config\n"
      "  peaksyncd --config /etc/peaksync/peaksyncd.toml\n"
      "\n"
      "Exit status: 0 after SIGTERM or SIGINT; 1 when it cannot start now (a port or the\n"
      "ledger folder in use); 2 when the command line or the configuration is wrong.");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    *exit_status = app.exit(error) == 0 ? 0 : 2;
    return false;
  }
  return true;
}

}  // namespace peaksync

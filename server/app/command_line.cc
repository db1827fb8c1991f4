#include "server/app/command_line.h"

#include <CLI/CLI.hpp>

namespace peaksync {

namespace {

void AddStatus(CLI::App& app, CommandLine* line) {
  CLI::App* status =
      app.add_subcommand("status", "Shows what the running service's tenants are doing");
  status->footer("Example: peaksyncd status --config /etc/peaksync/peaksyncd.toml");
  status->callback([line] { line->command.name = "status"; });
}

// A command of `ledger` on one tenant's ledger. `flags` are those of the example, with a blank
// before.
CLI::App* AddLedgerCommand(CLI::App* ledger, CommandLine* line, const std::string& name,
                           const std::string& help, const std::string& flags = "") {
  CLI::App* command = ledger->add_subcommand(name, help);
  command->footer("Example: peaksyncd ledger " + name + " --tenant acme" + flags);
  command->add_option("--tenant", line->command.tenant, "The tenant")->required();
  command->callback([line, name] { line->command.name = name; });
  return command;
}

void AddLedger(CLI::App& app, CommandLine* line) {
  CLI::App* ledger = app.add_subcommand(
      "ledger", "Looks after a tenant's ledger, by the running service, or alone when none runs");
  ledger->require_subcommand(1);
  AddLedgerCommand(ledger, line, "check", "Checks every page and row, and the sums of every run");
  AddLedgerCommand(ledger, line, "stats", "Says what it holds, how large it is and whose it is");
  AddLedgerCommand(ledger, line, "backup", "Copies it into one file, while it is in use",
                   " --to /backup/acme.db")
      ->add_option("--to", line->command.file, "The new file; an existing one is not overwritten")
      ->required();
  CLI::App* restore = AddLedgerCommand(
      ledger, line, "restore",
      "Puts a backup in its place. What waited is lost, and the next run of every source must be "
      "full",
      " --from /backup/acme.db");
  restore->add_option("--from", line->command.file, "The backup")->required();
  CLI::App* rebind = AddLedgerCommand(
      ledger, line, "rebind",
      "Makes it the ledger of the workspace that the configuration names. Every value is sent "
      "again");
  for (CLI::App* command : {restore, rebind}) {
    command->add_flag("--yes", line->yes, "Do it without asking");
  }
  ledger->footer(
      "Examples:\n"
      "  peaksyncd ledger check --tenant acme\n"
      "  peaksyncd ledger restore --tenant acme --from /backup/acme.db --yes\n"
      "\n"
      "Exit status: 0 done, or sound; 1 it could not be done; 2 when the command line or the\n"
      "configuration is wrong, or nobody agreed; 3 the ledger or the backup is damaged.");
}

}  // namespace

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
  app.fallthrough();  // --config may stand after the command.
  AddStatus(app, line);
  AddLedger(app, line);
  app.footer(
      "Examples:\n"
      "  peaksyncd --config /etc/peaksync/peaksyncd.toml --check-config\n"
      "  peaksyncd --config /etc/peaksync/peaksyncd.toml\n"
      "  peaksyncd status\n"
      "  peaksyncd ledger backup --tenant acme --to /backup/acme.db\n"
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

#pragma once

#include <string>

#include "server/app/ledger_commands.h"

namespace peaksync {

// What peaksyncd was asked to do.
struct CommandLine {
  std::string config = "/etc/peaksync/peaksyncd.toml";
  bool check_config = false;
  bool strict = false;
  // Empty: run the service. "status", or the name of a `ledger` command.
  LedgerCommand command;
  bool yes = false;  // Agrees to what changes a ledger.
};

// Reads the arguments. When the process is to end at once (--help, --version, a wrong flag), prints
// what is to be printed, sets `exit_status` and returns false.
bool ParseCommandLine(int argc, char** argv, CommandLine* line, int* exit_status);

}  // namespace peaksync

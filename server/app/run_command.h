#pragma once

#include "server/app/app.h"
#include "server/app/command_line.h"
#include "server/app/config.h"

namespace peaksync {

// Carries out `peaksyncd status` or `peaksyncd ledger …`: by the running service when one answers
// on the admin socket, else alone, with the lock of the ledger folder. Prints the report; the exit
// status (docs/operations.md). Asks the terminal before it changes a ledger.
int RunCommand(const CommandLine& line, const Config& config, const AppOptions& options);

}  // namespace peaksync

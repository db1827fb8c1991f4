#pragma once

#include "client/commands.h"

namespace peaksync::client {

// The command line: reads `argv` (and the PEAKSYNC_… variables), runs the command, gives the status
// of the process.
int RunCommandLine(int argc, const char* const* argv, Output output);

}  // namespace peaksync::client

#pragma once

#include <string>

namespace peaksync {

// What peaksyncd was asked to do.
struct CommandLine {
  std::string config = "/etc/peaksync/peaksyncd.toml";
  bool check_config = false;
  bool strict = false;
};

// Reads the arguments. When the process is to end at once (--help, --version, a wrong flag), prints
// what is to be printed, sets `exit_status` and returns false.
bool ParseCommandLine(int argc, char** argv, CommandLine* line, int* exit_status);

}  // namespace peaksync

#include <unistd.h>

#include <csignal>
#include <iostream>

#include "client/cli.h"

int main(int argc, char** argv) {
  // A reader that went away (`peaksync runs list | head`) is no reason to die in the middle.
  std::signal(SIGPIPE, SIG_IGN);
  return peaksync::client::RunCommandLine(argc, argv,
                                          {std::cout, std::cerr, ::isatty(STDERR_FILENO) == 1});
}

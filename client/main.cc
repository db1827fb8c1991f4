#include <unistd.h>

#include <csignal>
#include <iostream>

#include "client/cli.h"

int main(int argc, char** argv) {
  // A reader that went away (`peaksync runs list | head`) is no reason to die in the middle.
  std::signal(SIGPIPE, SIG_IGN);
  const bool err_is_terminal = ::isatty(STDERR_FILENO) == 1;
  const bool can_ask = err_is_terminal && ::isatty(STDIN_FILENO) == 1;
  return peaksync::client::RunCommandLine(
      argc, argv, {std::cout, std::cerr, err_is_terminal, can_ask ? &std::cin : nullptr});
}

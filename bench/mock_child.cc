#include "bench/mock_child.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fstream>
#include <sstream>

namespace peaksync::bench {
namespace {

constexpr int kPatienceMs = 10'000;
constexpr std::size_t kOutputBytesMax = 64 * 1024;

struct Running {
  pid_t pid;
  int output;  // The reading end of its standard output.
};

Running Run(const std::vector<std::string>& command, std::optional<int> cpu) {
  std::vector<char*> arguments;
  arguments.reserve(command.size() + 1);
  for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0)
    Die(std::string("cannot make a pipe: ") + strerror(errno));
  const pid_t pid = fork();
  if (pid < 0) Die(std::string("cannot fork: ") + strerror(errno));
  if (pid == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (cpu && !PinTo(*cpu)) _exit(126);
    dup2(ends[1], STDOUT_FILENO);
    execv(arguments[0], arguments.data());
    _exit(127);
  }
  close(ends[1]);
  return {pid, ends[0]};
}

// What the process prints, up to and with `end`, or all of it when there is no `end`.
std::string ReadOutput(int output, const std::string& end) {
  std::string text;
  while (text.size() < kOutputBytesMax && (end.empty() || text.find(end) == std::string::npos)) {
    pollfd ready{output, POLLIN, 0};
    if (poll(&ready, 1, kPatienceMs) <= 0) break;
    std::array<char, 4096> buffer{};
    const ssize_t bytes = read(output, buffer.data(), buffer.size());
    if (bytes <= 0) break;
    text.append(buffer.data(), static_cast<std::size_t>(bytes));
  }
  return text;
}

}  // namespace

void Die(const std::string& why) {
  std::fprintf(stderr, "%s: %s\n", program_invocation_short_name, why.c_str());
  std::exit(1);
}

bool PinTo(int cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(static_cast<std::size_t>(cpu), &set);
  return sched_setaffinity(0, sizeof(set), &set) == 0;
}

MockChild::MockChild(const std::string& binary, const std::vector<std::string>& flags,
                     std::optional<int> cpu) {
  std::vector<std::string> command{binary, "--listen", "127.0.0.1:0"};
  command.insert(command.end(), flags.begin(), flags.end());
  const Running running = Run(command, cpu);
  pid_ = running.pid;
  const std::string line = ReadOutput(running.output, "\n");
  close(running.output);  // It prints nothing more.
  const std::size_t colon = line.rfind(':');
  if (!line.starts_with("listening on ") || colon == std::string::npos) {
    Die(binary + " does not start; it must stand beside this program");
  }
  port_ = static_cast<std::uint16_t>(std::strtoul(line.c_str() + colon + 1, nullptr, 10));
}

MockChild::~MockChild() {
  kill(pid_, SIGTERM);
  waitpid(pid_, nullptr, 0);
}

double MockChild::CpuSeconds() const {
  clockid_t clock{};
  timespec time{};
  if (clock_getcpuclockid(pid_, &clock) != 0 || clock_gettime(clock, &time) != 0) {
    Die("cannot read the CPU time of the mock; has it ended?");
  }
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

std::int64_t MockChild::StatusNumber(const std::string& label) const {
  const std::string path = "/proc/" + std::to_string(pid_) + "/status";
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with(label)) continue;
    std::istringstream rest(line.substr(label.size()));
    std::int64_t number = 0;
    if (rest >> number) return number;
  }
  Die("cannot read " + label + " in " + path);
}

std::int64_t MockChild::ResidentBytes() const { return StatusNumber("VmRSS:") * 1'024; }
std::int64_t MockChild::Threads() const { return StatusNumber("Threads:"); }

std::string HelpOf(const std::string& binary) {
  const Running running = Run({binary, "--help"}, std::nullopt);
  std::string text = ReadOutput(running.output, {});
  close(running.output);
  waitpid(running.pid, nullptr, 0);
  return text;
}

}  // namespace peaksync::bench

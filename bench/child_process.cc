#include "bench/child_process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

namespace peaksync::bench {
namespace {

constexpr absl::Duration kPollInterval = absl::Milliseconds(5);
constexpr std::size_t kShownBytesMax = 2'000;
constexpr absl::Duration kKillPatience = absl::Seconds(30);

double SecondsOf(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

std::string ReadAll(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace

absl::StatusOr<std::unique_ptr<ChildProcess>> ChildProcess::Start(
    const std::vector<std::string>& command, const std::string& output_file) {
  std::vector<char*> arguments;
  arguments.reserve(command.size() + 1);
  for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  const int output = open(output_file.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
  if (output < 0) {
    return absl::UnavailableError(
        absl::StrCat("cannot write ", output_file, ": ", std::strerror(errno)));
  }
  const pid_t pid = fork();
  if (pid == 0) {  // Only what is safe after fork beside other threads.
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    dup2(output, STDOUT_FILENO);
    dup2(output, STDERR_FILENO);
    execv(arguments[0], arguments.data());
    _exit(127);
  }
  const int fork_error = errno;
  close(output);
  if (pid < 0) {
    return absl::UnavailableError(absl::StrCat("cannot fork: ", std::strerror(fork_error)));
  }
  const std::string name = std::filesystem::path(command[0]).filename().string();
  return std::unique_ptr<ChildProcess>(new ChildProcess(pid, name, output_file));
}

ChildProcess::ChildProcess(pid_t pid, std::string name, std::string output_file)
    : pid_(pid), name_(std::move(name)), output_file_(std::move(output_file)) {}

ChildProcess::~ChildProcess() {
  if (HasEnded()) return;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
}

bool ChildProcess::HasEnded() {
  if (ended_) return true;
  // The peak goes with the memory, so it is read as long as there is one; what was written stays
  // until the process is waited for.
  usage_.peak_bytes = std::max(usage_.peak_bytes, ReadPeakBytes(pid_));
  siginfo_t info{};
  if (waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) != 0 ||
      info.si_pid != pid_) {
    return false;
  }
  usage_.written_bytes = ReadWrittenBytes(pid_);
  rusage used{};
  if (wait4(pid_, &wait_status_, 0, &used) != pid_) return false;
  ended_ = true;
  usage_.user_seconds = SecondsOf(used.ru_utime);
  usage_.system_seconds = SecondsOf(used.ru_stime);
  return true;
}

absl::Status ChildProcess::Failure(const std::string& what) const {
  std::string output = ReadAll(output_file_);
  if (output.size() > kShownBytesMax) output.erase(0, output.size() - kShownBytesMax);
  return absl::InternalError(absl::StrCat(name_, " ", what, "; the end of its output:\n", output));
}

absl::StatusOr<std::string> ChildProcess::AwaitLine(const std::string& text,
                                                    absl::Duration patience) {
  const absl::Time deadline = absl::Now() + patience;
  while (true) {
    const bool ended = HasEnded();  // Before the look at the output, which is then complete.
    std::istringstream lines(ReadAll(output_file_));
    for (std::string line; std::getline(lines, line) && !lines.eof();) {
      if (line.find(text) != std::string::npos) return line;
    }
    if (ended) return Failure("ended instead of starting");
    if (absl::Now() >= deadline) return Failure("does not start");
    absl::SleepFor(kPollInterval);
  }
}

absl::StatusOr<ProcUsage> ChildProcess::Stop(absl::Duration patience) {
  if (HasEnded()) return Failure("ended by itself");
  kill(pid_, SIGTERM);
  return AwaitEnd(patience);
}

absl::StatusOr<ProcUsage> ChildProcess::AwaitEnd(absl::Duration patience) {
  const absl::Time deadline = absl::Now() + patience;
  while (!HasEnded()) {
    if (absl::Now() >= deadline) return Failure("does not stop");
    absl::SleepFor(kPollInterval);
  }
  if (!WIFEXITED(wait_status_) || WEXITSTATUS(wait_status_) != 0) {
    return Failure(absl::StrCat("ended with wait status ", wait_status_));
  }
  return usage_;
}

absl::StatusOr<ProcUsage> ChildProcess::Kill() {
  if (HasEnded()) return Failure("ended by itself");
  kill(pid_, SIGKILL);
  const absl::Time deadline = absl::Now() + kKillPatience;
  while (!HasEnded()) {
    if (absl::Now() >= deadline) return Failure("does not end, though killed");
    absl::SleepFor(kPollInterval);
  }
  return usage_;
}

}  // namespace peaksync::bench

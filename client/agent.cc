#include "client/agent.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <map>
#include <sstream>
#include <utility>

#include "absl/time/clock.h"
#include "client/agent_plan.h"
#include "client/command_base.h"
#include "client/job.h"
#include "client/job_lock.h"
#include "client/limits.h"
#include "client/status_macros.h"
#include "client/text.h"
#include "client/time_text.h"

extern char** environ;

namespace peaksync::client {
namespace {

std::string ReadAll(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return file ? text.str() : "";
}

// Either the old text or the new one is there, whenever the power goes.
absl::Status Replace(const std::string& path, const std::string& text) {
  const std::string next = path + ".new";
  const int fd = ::open(next.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  bool good = fd >= 0 &&
              ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
              ::fsync(fd) == 0;
  if (fd >= 0) good = ::close(fd) == 0 && good;
  good = good && ::rename(next.c_str(), path.c_str()) == 0;
  if (good) return absl::OkStatus();
  return absl::UnavailableError(Cat("can't write ", path, ": ", std::strerror(errno)));
}

// The signals that the agent hears of by a descriptor instead of handlers.
class Signals {
 public:
  Signals() {
    sigemptyset(&set_);
    for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGCHLD}) sigaddset(&set_, signal);
    sigprocmask(SIG_BLOCK, &set_, &before_);
    fd_ = ::signalfd(-1, &set_, SFD_CLOEXEC | SFD_NONBLOCK);
  }
  ~Signals() {
    ::close(fd_);
    sigprocmask(SIG_SETMASK, &before_, nullptr);
  }
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

  // What has come until `until`; 0: nothing.
  int Wait(absl::Time until) {
    const absl::Duration wait =
        std::clamp(until - absl::Now(), absl::ZeroDuration(), limits::kAgentLook);
    pollfd poll{fd_, POLLIN, 0};
    const auto millis = static_cast<int>(absl::ToInt64Milliseconds(wait)) + 1;
    if (::poll(&poll, 1, millis) <= 0) return 0;
    signalfd_siginfo info{};
    if (::read(fd_, &info, sizeof info) != sizeof info) return 0;
    return static_cast<int>(info.ssi_signo);
  }
  const sigset_t& before() const { return before_; }
  const sigset_t& set() const { return set_; }

 private:
  sigset_t set_{};
  sigset_t before_{};
  int fd_ = -1;
};

class Agent {
 public:
  Agent(const CommonOptions& common, const JobsPlace& place, const AgentOptions& options,
        Output output)
      : common_(common), place_(place), options_(options), output_(output) {}

  absl::Status Run();

 private:
  absl::Status Open();
  void Say(std::string_view text);
  void SayNext(const std::string& job);
  void StartJobs();
  void Start(const std::string& job);
  void TakeEnded();
  void Reload();
  void EndAll();
  std::vector<std::string> ArgumentsOf(const std::string& job) const;
  void Keep();

  const CommonOptions& common_;
  const JobsPlace& place_;
  const AgentOptions& options_;
  Output output_;
  Signals signals_;
  std::string state_dir_;
  std::unique_ptr<JobLock> lock_;
  std::unique_ptr<AgentPlan> plan_;
  std::string kept_;  // As it stands in the file.
  std::map<pid_t, std::string> children_;
};

void Agent::Say(std::string_view text) {
  output_.err << FormatTime({absl::ToUnixSeconds(absl::Now()), 0}) << " agent: " << text << '\n'
              << std::flush;
}

void Agent::SayNext(const std::string& job) {
  const std::optional<absl::Time> next = plan_->NextStart(job);
  if (next) Say(Cat(job, ": runs next at ", FormatTime({absl::ToUnixSeconds(*next), 0})));
}

absl::Status Agent::Open() {
  PEAKSYNC_CLIENT_RETURN_IF_ERROR(ParseTimeout("--timeout", options_.timeout).status());
  PEAKSYNC_CLIENT_ASSIGN_OR_RETURN(const JobsFile file, ReadJobs(place_.jobs_file));
  const bool none = std::none_of(file.jobs.begin(), file.jobs.end(),
                                 [](const Job& job) { return job.schedule.has_value(); });
  if (none) return Invalid(place_.jobs_file, ": no job has a schedule; there is nothing to do");
  PEAKSYNC_CLIENT_ASSIGN_OR_RETURN(
      state_dir_, OpenStateDir(place_.state_dir.empty() ? file.state_dir : place_.state_dir));
  PEAKSYNC_CLIENT_ASSIGN_OR_RETURN(lock_, JobLock::Take(state_dir_, "agent"));
  kept_ = ReadAll(Cat(state_dir_, "/agent.state"));
  plan_ = std::make_unique<AgentPlan>(file.jobs, ReadDoneUntil(kept_), absl::Now());
  Keep();
  for (const auto& [job, done] : plan_->done()) SayNext(job);
  return absl::OkStatus();
}

void Agent::Keep() {
  std::string text = WriteDoneUntil(plan_->done());
  if (text == kept_) return;
  const absl::Status status = Replace(Cat(state_dir_, "/agent.state"), text);
  if (!status.ok()) {
    Say(Cat(MessageOf(status), "; after a restart jobs may run once more"));
    return;
  }
  kept_ = std::move(text);
}

std::vector<std::string> Agent::ArgumentsOf(const std::string& job) const {
  const ConnectionOptions& connection = common_.connection;
  std::vector<std::string> arguments = {"peaksync",       "sync",         job,        "--jobs",
                                        place_.jobs_file, "--state-dir",  state_dir_, "--timeout",
                                        options_.timeout, "--no-progress"};
  const auto add = [&](const char* flag, const std::string& value) {
    if (!value.empty()) arguments.insert(arguments.end(), {flag, value});
  };
  if (common_.server_given) add("--server", connection.server);
  add("--token-file", common_.token_file);
  add("--tenant", common_.tenant);
  add("--cacert", connection.cacert_file);
  add("--cert", connection.cert_file);
  add("--key", connection.key_file);
  if (connection.insecure) arguments.emplace_back("--insecure");
  if (common_.json) add("--output", "json");
  return arguments;
}

void Agent::Start(const std::string& job) {
  std::vector<std::string> arguments = ArgumentsOf(job);
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  posix_spawnattr_setsigmask(&attributes, &signals_.before());
  posix_spawnattr_setsigdefault(&attributes, &signals_.set());
  pid_t pid = 0;
  const int error =
      ::posix_spawn(&pid, "/proc/self/exe", nullptr, &attributes, argv.data(), environ);
  posix_spawnattr_destroy(&attributes);
  if (error != 0) {
    Say(Cat(job, ": can't be started: ", std::strerror(error)));
    plan_->Ended(job, std::nullopt, absl::Now());
    SayNext(job);
    return;
  }
  children_[pid] = job;
  Say(Cat(job, ": started as process ", pid));
}

void Agent::StartJobs() {
  for (const std::string& job : plan_->Start(absl::Now())) Start(job);
}

void Agent::TakeEnded() {
  for (;;) {
    int status = 0;
    const pid_t pid = ::waitpid(-1, &status, WNOHANG);
    if (pid <= 0) return;
    const auto child = children_.find(pid);
    if (child == children_.end()) continue;
    const std::string job = child->second;
    children_.erase(child);
    std::optional<ExitStatus> exit;
    if (WIFEXITED(status) && WEXITSTATUS(status) <= static_cast<int>(ExitStatus::kNeedsPerson)) {
      exit = static_cast<ExitStatus>(WEXITSTATUS(status));
    }
    Say(Cat(job, ": ended with ",
            WIFEXITED(status) ? Cat("exit status ", WEXITSTATUS(status))
                              : Cat("signal ", WTERMSIG(status))));
    plan_->Ended(job, exit, absl::Now());
    Keep();
    SayNext(job);
  }
}

void Agent::Reload() {
  const absl::StatusOr<JobsFile> file = ReadJobs(place_.jobs_file);
  if (!file.ok()) {
    Say(Cat("the jobs stay as they were: ", MessageOf(file.status())));
    return;
  }
  plan_->Reconfigure(file->jobs, absl::Now());
  Keep();
  Say(Cat(place_.jobs_file, " was read again"));
  for (const auto& [job, done] : plan_->done()) SayNext(job);
}

void Agent::EndAll() {
  Say(Cat("ends, with ", children_.size(), " runs going on"));
  for (const auto& [pid, job] : children_) ::kill(pid, SIGTERM);
  const absl::Time deadline = absl::Now() + limits::kAgentStopMax;
  while (!children_.empty() && absl::Now() < deadline) {
    signals_.Wait(deadline);
    TakeEnded();
  }
  for (const auto& [pid, job] : children_) ::kill(pid, SIGKILL);
}

absl::Status Agent::Run() {
  PEAKSYNC_CLIENT_RETURN_IF_ERROR(Open());
  for (;;) {
    StartJobs();
    const int signal = signals_.Wait(plan_->NextStart());
    TakeEnded();
    if (signal == SIGHUP) Reload();
    if (signal == SIGTERM || signal == SIGINT) {
      EndAll();
      return absl::OkStatus();
    }
  }
}

}  // namespace

ExitStatus RunAgent(const CommonOptions& common, const JobsPlace& place,
                    const AgentOptions& options, Output output) {
  const absl::Status status = Agent(common, place, options, output).Run();
  return status.ok() ? ExitStatus::kDone : Fail(status, common, output);
}

}  // namespace peaksync::client

#include "client/job_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "client/status_macros.h"
#include "client/text.h"

namespace peaksync::client {
namespace {

std::string Variable(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? "" : value;
}

}  // namespace

absl::StatusOr<std::string> OpenStateDir(const std::string& given) {
  std::string dir = given;
  if (dir.empty()) {
    const std::string state_home = Variable("XDG_STATE_HOME");
    const std::string home = Variable("HOME");
    if (state_home.empty() && home.empty()) {
      return Invalid(
          "there is no folder for locks and state, because HOME is not set; name one with "
          "--state-dir");
    }
    dir = state_home.empty() ? Cat(home, "/.local/state/peaksync") : Cat(state_home, "/peaksync");
  }
  std::error_code error;
  if (std::filesystem::is_directory(dir, error)) return dir;
  std::filesystem::create_directories(std::filesystem::path(dir).parent_path(), error);
  // 0700 from the start: nobody else may look into it, or hold a lock.
  if (!error && ::mkdir(dir.c_str(), 0700) != 0 && errno != EEXIST) {
    error.assign(errno, std::generic_category());
  }
  if (error) {
    return Invalid("can't make the folder ", dir, " for locks and state: ", error.message(),
                   "; name another with --state-dir");
  }
  return dir;
}

absl::StatusOr<std::unique_ptr<JobLock>> JobLock::Take(const std::string& state_dir,
                                                       const std::string& name) {
  const std::string path = Cat(state_dir, "/", name, ".lock");
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) {
    return Invalid("can't open ", path, ": ", std::strerror(errno),
                   "; name another folder with --state-dir");
  }
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    std::array<char, 32> holder{};
    const ssize_t size = ::pread(fd, holder.data(), holder.size() - 1, 0);
    ::close(fd);
    return absl::AbortedError(Cat(name == "agent" ? "an agent with this state folder runs already"
                                                  : Cat("job ", name, " runs already"),
                                  size > 0 ? Cat(", as process ", holder.data()) : std::string(),
                                  " (", path, ")"));
  }
  const std::string pid = Cat(::getpid());
  // Only for the message above.
  if (::ftruncate(fd, 0) == 0 && ::pwrite(fd, pid.data(), pid.size(), 0) < 0) errno = 0;
  return std::unique_ptr<JobLock>(new JobLock(fd));
}

JobLock::~JobLock() { ::close(fd_); }

}  // namespace peaksync::client

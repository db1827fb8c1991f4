#include "server/base/folder_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "server/base/files.h"
#include "server/base/status_macros.h"
#include "server/base/text.h"

namespace peaksync {
namespace {

constexpr absl::Duration kBetweenAttempts = absl::Milliseconds(200);
constexpr std::size_t kLockFileBytesMax = 4'096;

std::string HostName() {
  std::array<char, 256> name = {};
  if (gethostname(name.data(), name.size() - 1) != 0) return "unknown";
  return name.data();
}

// Three lines: "pid 123", "host web-1", "since 2026-09-27T12:00:00Z".
std::string Holder(const std::string& path) {
  const absl::StatusOr<std::string> content = ReadSmallFile(path, kLockFileBytesMax);
  std::string pid;
  std::string host;
  std::string since;
  if (content.ok()) {
    for (std::string_view line : text::Split(*content, '\n')) {
      if (text::ConsumePrefix(line, "pid ")) pid = line;
      if (text::ConsumePrefix(line, "host ")) host = line;
      if (text::ConsumePrefix(line, "since ")) since = line;
    }
  }
  // The holder writes its lines just after it has the lock; in between there is nothing to read.
  if (pid.empty()) return "another process";
  std::string holder = absl::StrCat("peaksyncd, pid ", pid);
  // Processes of two containers may share the folder, and then a pid alone says little.
  if (host != HostName()) absl::StrAppend(&holder, " on ", host);
  absl::StrAppend(&holder, ", since ", since);
  return holder;
}

// The open lock file once it is locked, or -1 when another process has it.
absl::StatusOr<int> TryLock(const std::string& path) {
  const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return absl::ErrnoToStatus(errno, absl::StrCat("cannot open ", path));
  if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
    const int error = errno;
    close(fd);
    if (error == EWOULDBLOCK || error == EINTR) return -1;
    return absl::ErrnoToStatus(error, absl::StrCat("cannot lock ", path));
  }
  // Someone may have removed the file while its holder still had it: then this lock and the next
  // process's would be on different files. Only a lock on the file of this name counts.
  struct stat ours = {};
  struct stat named = {};
  if (fstat(fd, &ours) != 0 || stat(path.c_str(), &named) != 0 || ours.st_ino != named.st_ino ||
      ours.st_dev != named.st_dev) {
    close(fd);
    return -1;
  }
  return fd;
}

absl::Status WriteHolder(int fd, const std::string& path, absl::Time now) {
  const std::string text =
      absl::StrCat("pid ", getpid(), "\nhost ", HostName(), "\nsince ",
                   absl::FormatTime("%Y-%m-%d%ET%H:%M:%SZ", now, absl::UTCTimeZone()), "\n");
  if (fchmod(fd, 0600) != 0 || ftruncate(fd, 0) != 0 ||
      pwrite(fd, text.data(), text.size(), 0) != static_cast<ssize_t>(text.size())) {
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot write ", path));
  }
  return absl::OkStatus();
}

absl::Status MakeFolder(const std::string& folder) {
  if (mkdir(folder.c_str(), 0700) == 0 || errno == EEXIST) return absl::OkStatus();
  return absl::ErrnoToStatus(errno, absl::StrCat("cannot make the ledger folder ", folder));
}

}  // namespace

absl::StatusOr<FolderLock> FolderLock::Acquire(const std::string& folder, const Wait& wait) {
  PEAKSYNC_RETURN_IF_ERROR(MakeFolder(folder));
  const std::string path = absl::StrCat(folder, "/ledger.lock");
  while (true) {
    PEAKSYNC_ASSIGN_OR_RETURN(const int fd, TryLock(path));
    if (fd >= 0) {
      FolderLock lock(fd);
      PEAKSYNC_RETURN_IF_ERROR(WriteHolder(fd, path, wait.clock.Now()));
      return lock;
    }
    const std::string in_use =
        absl::StrCat("ledger folder ", folder, " is in use by ", Holder(path));
    const absl::Duration left = wait.deadline - wait.clock.Steady();
    if (left <= absl::ZeroDuration()) {
      return absl::UnavailableError(
          absl::StrCat(in_use, "; stop that process, or give this one a folder of its own"));
    }
    if (!wait.pause(std::min(left, kBetweenAttempts))) {
      return absl::CancelledError(absl::StrCat("asked to stop while ", in_use));
    }
  }
}

FolderLock::~FolderLock() { Release(); }

FolderLock::FolderLock(FolderLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

FolderLock& FolderLock::operator=(FolderLock&& other) noexcept {
  if (this == &other) return *this;
  Release();
  fd_ = std::exchange(other.fd_, -1);
  return *this;
}

void FolderLock::Release() {
  if (fd_ < 0) return;
  // Emptied, not removed: removing would race with a process that has just opened it.
  (void)!ftruncate(fd_, 0);
  close(fd_);
  fd_ = -1;
}

}  // namespace peaksync

#include "server/base/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "server/base/status_macros.h"

namespace peaksync {
namespace {

absl::Status CannotRead(const std::string& path) {
  return absl::ErrnoToStatus(errno, absl::StrCat("cannot read ", path));
}

struct FileText {
  std::string text;
  mode_t mode = 0;
};

absl::StatusOr<FileText> Read(const std::string& path, std::size_t bytes_max) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return CannotRead(path);
  const absl::Cleanup close_it = [fd] { close(fd); };
  struct stat info = {};
  if (fstat(fd, &info) != 0) return CannotRead(path);
  if (!S_ISREG(info.st_mode)) {
    return absl::InvalidArgumentError(absl::StrCat("cannot read ", path, ": not a regular file"));
  }
  FileText file;
  file.mode = info.st_mode;
  // One byte more than allowed tells a file that is too large, also one that grows meanwhile.
  file.text.resize(bytes_max + 1);
  std::size_t used = 0;
  while (used < file.text.size()) {
    const ssize_t got = read(fd, file.text.data() + used, file.text.size() - used);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      const absl::Status error = CannotRead(path);
      Wipe(file.text);
      return error;
    }
    if (got == 0) break;
    used += static_cast<std::size_t>(got);
  }
  if (used > bytes_max) {
    Wipe(file.text);
    return absl::InvalidArgumentError(
        absl::StrCat("cannot read ", path, ": larger than ", bytes_max, " bytes"));
  }
  file.text.resize(used);
  return file;
}

}  // namespace

absl::StatusOr<std::string> ReadSmallFile(const std::string& path, std::size_t bytes_max) {
  PEAKSYNC_ASSIGN_OR_RETURN(FileText file, Read(path, bytes_max));
  return std::move(file.text);
}

absl::StatusOr<SecretFile> ReadSecretFile(const std::string& path, std::size_t bytes_max) {
  PEAKSYNC_ASSIGN_OR_RETURN(FileText file, Read(path, bytes_max));
  SecretFile secret;
  secret.readable_by_others = (file.mode & (S_IRGRP | S_IROTH)) != 0;
  secret.content = Secret(std::string(file.text));
  Wipe(file.text);
  return secret;
}

absl::StatusOr<std::int64_t> FreeDiskBytes(const std::string& path) {
  struct statvfs info = {};
  if (statvfs(path.c_str(), &info) != 0) {
    return absl::ErrnoToStatus(errno,
                               absl::StrCat("cannot tell what is free where ", path, " lies"));
  }
  return static_cast<std::int64_t>(info.f_bavail) * static_cast<std::int64_t>(info.f_frsize);
}

}  // namespace peaksync

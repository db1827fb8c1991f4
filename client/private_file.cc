#include "client/private_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <utility>

#include "client/text.h"

namespace peaksync::client {

struct PrivateFile::Impl {
  std::string path;
  std::ofstream stream;
};

namespace {

absl::Status CantWrite(const std::string& path) {
  return Invalid("can't write ", path, ": ", std::strerror(errno));
}

// Takes the file's readers away, before anything stands in it.
bool MakePrivate(int fd) {
  struct stat facts {};
  return ::fstat(fd, &facts) == 0 &&
         (!S_ISREG(facts.st_mode) || ::fchmod(fd, S_IRUSR | S_IWUSR) == 0);
}

}  // namespace

PrivateFile::PrivateFile(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
PrivateFile::~PrivateFile() = default;

absl::StatusOr<std::unique_ptr<PrivateFile>> PrivateFile::Open(const std::string& path) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) return CantWrite(path);
  auto impl = std::make_unique<Impl>();
  impl->path = path;
  const bool is_private = MakePrivate(fd);
  if (is_private) impl->stream.open(path, std::ios::binary);
  absl::Status status = is_private && impl->stream ? absl::OkStatus() : CantWrite(path);
  ::close(fd);  // Only now: the reader of a pipe would take it for the end.
  if (!status.ok()) return status;
  return std::unique_ptr<PrivateFile>(new PrivateFile(std::move(impl)));
}

std::ostream& PrivateFile::out() { return impl_->stream; }

absl::Status PrivateFile::Close() {
  impl_->stream.close();
  if (impl_->stream) return absl::OkStatus();
  return absl::UnavailableError(
      Cat(impl_->path, " could not be written to its end; is the disk full?"));
}

}  // namespace peaksync::client

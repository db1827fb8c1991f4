#include "client/byte_source.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/status/status.h"
#include "client/gunzip.h"
#include "client/status_macros.h"
#include "client/text.h"

namespace peaksync::client {
namespace {

class FileSource final : public ByteSource {
 public:
  FileSource(int fd, bool owned, std::string name, std::optional<std::int64_t> size)
      : fd_(fd), owned_(owned), name_(std::move(name)), size_(size) {}
  ~FileSource() override {
    if (owned_) ::close(fd_);
  }
  FileSource(const FileSource&) = delete;
  FileSource& operator=(const FileSource&) = delete;

  absl::StatusOr<std::size_t> Read(char* buffer, std::size_t size) override {
    for (;;) {
      const ssize_t count = ::read(fd_, buffer, size);
      if (count >= 0) return static_cast<std::size_t>(count);
      if (errno == EINTR) continue;
      return absl::UnavailableError(Cat("can't read ", name_, ": ", std::strerror(errno)));
    }
  }
  std::optional<std::int64_t> size() const override { return size_; }

 private:
  int fd_;
  bool owned_;
  std::string name_;
  std::optional<std::int64_t> size_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<ByteSource>> OpenFile(const std::string& path) {
  if (path == "-") {
    const std::string name = "standard input";
    return Gunzip(std::make_unique<FileSource>(STDIN_FILENO, false, name, std::nullopt), name);
  }
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    return Invalid(Cat("can't open ", path, ": ", std::strerror(errno), "; check the path"));
  }
  struct stat facts {};
  if (::fstat(fd, &facts) == 0 && S_ISDIR(facts.st_mode)) {
    ::close(fd);
    return Invalid("can't read ", path, ": it is a folder");
  }
  std::optional<std::int64_t> size;
  if (S_ISREG(facts.st_mode)) size = facts.st_size;
  return Gunzip(std::make_unique<FileSource>(fd, true, path, size), path);
}

absl::StatusOr<std::size_t> StringSource::Read(char* buffer, std::size_t size) {
  const std::size_t count = std::min({size, piece_, bytes_.size() - offset_});
  std::memcpy(buffer, bytes_.data() + offset_, count);
  offset_ += count;
  return count;
}

absl::StatusOr<std::size_t> RewindableSource::Read(char* buffer, std::size_t size) {
  if (!recording_ && offset_ < kept_.size()) {
    const std::size_t count = std::min(size, kept_.size() - offset_);
    std::memcpy(buffer, kept_.data() + offset_, count);
    offset_ += count;
    bytes_read_ += static_cast<std::int64_t>(count);
    if (offset_ == kept_.size()) {
      kept_ = std::string();
      offset_ = 0;
    }
    return count;
  }
  PEAKSYNC_CLIENT_ASSIGN_OR_RETURN(const std::size_t count, inner_.Read(buffer, size));
  if (recording_) {
    kept_.append(buffer, count);
  } else {
    bytes_read_ += static_cast<std::int64_t>(count);
  }
  return count;
}

}  // namespace peaksync::client

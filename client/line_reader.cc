#include "client/line_reader.h"

#include <algorithm>
#include <cstring>

#include "absl/status/status.h"
#include "client/status_macros.h"
#include "client/text.h"

namespace peaksync::client {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

}  // namespace

LineReader::LineReader(ByteSource& source, std::size_t row_bytes_max)
    : source_(source),
      row_bytes_max_(row_bytes_max),
      buffer_(std::min(limits::kReadChunkBytes, row_bytes_max) + kPadding) {}

absl::Status LineReader::Fill() {
  if (position_ > 0) {
    std::memmove(buffer_.data(), buffer_.data() + position_, size_ - position_);
    size_ -= position_;
    position_ = 0;
  }
  if (size_ + kPadding == buffer_.size()) {
    if (size_ >= row_bytes_max_) {
      return Invalid(Cat("line ", number_ + 1, ": longer than ", row_bytes_max_,
                         " bytes; write one object per line"));
    }
    buffer_.resize(std::min(2 * size_, row_bytes_max_) + kPadding);
  }
  PEAKSYNC_CLIENT_ASSIGN_OR_RETURN(
      const std::size_t count,
      source_.Read(buffer_.data() + size_, buffer_.size() - kPadding - size_));
  size_ += count;
  at_end_ = count == 0;
  return absl::OkStatus();
}

absl::StatusOr<bool> LineReader::Next(std::string_view* line) {
  std::size_t searched = 0;
  for (;;) {
    const char* const begin = buffer_.data() + position_;
    const std::size_t size = size_ - position_;
    const void* const end =
        size > searched ? std::memchr(begin + searched, '\n', size - searched) : nullptr;
    if (end == nullptr && !at_end_) {
      searched = size;
      PEAKSYNC_CLIENT_RETURN_IF_ERROR(Fill());
      continue;
    }
    if (end == nullptr && size == 0) return false;
    const std::size_t length =
        end == nullptr ? size : static_cast<std::size_t>(static_cast<const char*>(end) - begin);
    *line = std::string_view(begin, length);
    position_ += end == nullptr ? length : length + 1;
    if (number_++ == 0 && line->starts_with(kByteOrderMark)) {
      line->remove_prefix(kByteOrderMark.size());
    }
    return true;
  }
}

}  // namespace peaksync::client

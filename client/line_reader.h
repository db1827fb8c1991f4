#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "client/byte_source.h"
#include "client/limits.h"

namespace peaksync::client {

// Splits bytes into lines at LF. A byte order mark is skipped.
//
// Memory: one chunk, or the longest line if that is longer (at most `row_bytes_max`).
// Lifetime: `source` must outlive it. Thread safety: none.
class LineReader {
 public:
  // Behind every line so many bytes may be read, as simdjson wants it.
  static constexpr std::size_t kPadding = 64;

  explicit LineReader(ByteSource& source, std::size_t row_bytes_max = limits::kRowBytesMax);

  // The next line, without its end; false at the end of the bytes. Valid until the next call.
  // INVALID_ARGUMENT, with the line's number, when a line is too long.
  absl::StatusOr<bool> Next(std::string_view* line);
  // The number of the line that Next() gave last, from 1.
  std::int64_t number() const { return number_; }

 private:
  absl::Status Fill();

  ByteSource& source_;
  const std::size_t row_bytes_max_;
  std::vector<char> buffer_;  // The last kPadding bytes are never filled.
  std::size_t position_ = 0;
  std::size_t size_ = 0;
  bool at_end_ = false;
  std::int64_t number_ = 0;
};

}  // namespace peaksync::client

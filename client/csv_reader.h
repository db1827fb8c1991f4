#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "client/byte_source.h"
#include "client/limits.h"

namespace peaksync::client {

// One record of a CSV file.
struct CsvRecord {
  // The line it begins on, from 1. A field may hold line ends, so the next record's may jump.
  std::int64_t line = 0;
  // Unquoted. Valid until the next call of Next().
  std::span<const std::string_view> fields;
};

// Splits CSV by RFC 4180 into records: fields between commas, `"` around a field that holds commas,
// line ends or quotes (doubled). Line ends are LF, CRLF or CR. A byte order mark is skipped, and so
// are empty lines. A quote inside an unquoted field is an ordinary character.
//
// Memory: one chunk, or the longest record if that is longer (at most `row_bytes_max`).
// Lifetime: `source` must outlive it. Thread safety: none.
class CsvReader {
 public:
  explicit CsvReader(ByteSource& source, std::size_t row_bytes_max = limits::kRowBytesMax);

  // The next record; false at the end. INVALID_ARGUMENT, with the line, when a quoted field does
  // not end or goes on after its closing quote, or when a record is too long. After an error or the
  // end it must not be called again.
  absl::StatusOr<bool> Next(CsvRecord* record);

 private:
  struct Field {
    std::size_t begin;
    std::size_t end;
    bool has_doubled_quotes;
  };
  enum class Scan { kRecord, kNeedMore };

  // Finds the record at `position_`; moves it only when the record is whole.
  absl::StatusOr<Scan> ScanRecord();
  absl::StatusOr<Scan> ScanQuoted(std::size_t* at, std::int64_t* line);
  // Reads more behind what is there, moving the beginning of the record to the front.
  absl::Status Fill();
  void CollectFields();

  ByteSource& source_;
  const std::size_t row_bytes_max_;
  std::vector<char> buffer_;
  std::size_t position_ = 0;  // Where the next record begins.
  std::size_t size_ = 0;      // How much of `buffer_` is filled.
  bool at_end_ = false;
  bool begun_ = false;
  std::int64_t line_ = 1;  // Of `position_`.
  std::vector<Field> found_;
  std::vector<std::string_view> fields_;
};

// Appends `field` to `out` as a CSV field, quoted if it must be.
void AppendCsvField(std::string_view field, std::string* out);

}  // namespace peaksync::client

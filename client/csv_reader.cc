#include "client/csv_reader.h"

#include <algorithm>
#include <cstring>
#include <string>

#include "absl/status/status.h"
#include "client/status_macros.h"
#include "client/text.h"

namespace peaksync::client {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

absl::Status Malformed(std::int64_t line, std::string_view what) {
  return Invalid("line ", line, ": ", what);
}

// Takes doubled quotes apart in place; the new length.
std::size_t Undouble(char* text, std::size_t size) {
  std::size_t out = 0;
  for (std::size_t in = 0; in < size; ++in) {
    text[out++] = text[in];
    if (text[in] == '"') ++in;
  }
  return out;
}

bool EndsUnquoted(char c) { return c == ',' || c == '\n' || c == '\r'; }

}  // namespace

CsvReader::CsvReader(ByteSource& source, std::size_t row_bytes_max)
    : source_(source),
      row_bytes_max_(row_bytes_max),
      buffer_(std::min(limits::kReadChunkBytes, row_bytes_max)) {}

absl::StatusOr<bool> CsvReader::Next(CsvRecord* record) {
  for (;;) {
    const std::int64_t line = line_;
    PEAKSYNC_CLIENT_ASSIGN_OR_RETURN(const Scan scan, ScanRecord());
    if (scan == Scan::kNeedMore) {
      if (at_end_) return false;
      PEAKSYNC_CLIENT_RETURN_IF_ERROR(Fill());
      continue;
    }
    if (found_.size() == 1 && found_[0].begin == found_[0].end) continue;  // An empty line.
    CollectFields();
    record->line = line;
    record->fields = fields_;
    return true;
  }
}

absl::Status CsvReader::Fill() {
  if (position_ > 0) {
    std::memmove(buffer_.data(), buffer_.data() + position_, size_ - position_);
    size_ -= position_;
    position_ = 0;
  }
  if (size_ == buffer_.size()) {
    if (size_ >= row_bytes_max_) {
      return Malformed(line_, Cat("the row is longer than ", row_bytes_max_,
                                  " bytes; is a closing quote missing?"));
    }
    buffer_.resize(std::min(2 * buffer_.size(), row_bytes_max_));
  }
  PEAKSYNC_CLIENT_ASSIGN_OR_RETURN(const std::size_t count,
                                   source_.Read(buffer_.data() + size_, buffer_.size() - size_));
  size_ += count;
  at_end_ = count == 0;
  const bool mark_is_decided = size_ >= kByteOrderMark.size() || at_end_;
  if (!begun_ && mark_is_decided) {
    begun_ = true;
    if (std::string_view(buffer_.data(), size_).starts_with(kByteOrderMark)) {
      position_ = kByteOrderMark.size();
    }
  }
  return absl::OkStatus();
}

// Stands on the first character behind the opening quote; leaves `at` on the closing one.
absl::StatusOr<CsvReader::Scan> CsvReader::ScanQuoted(std::size_t* at, std::int64_t* line) {
  const std::int64_t opened_on = *line;
  const char* const data = buffer_.data();
  for (; *at < size_; ++*at) {
    const char c = data[*at];
    if (c == '\n') {
      ++*line;
    } else if (c == '"') {
      if (*at + 1 == size_) {
        if (at_end_) return Scan::kRecord;
        return Scan::kNeedMore;  // It may be the first half of a doubled one.
      }
      if (data[*at + 1] != '"') return Scan::kRecord;
      found_.back().has_doubled_quotes = true;
      ++*at;
    }
  }
  if (!at_end_) return Scan::kNeedMore;
  return Malformed(opened_on, "a quoted field begins here and never ends; is the file complete?");
}

absl::StatusOr<CsvReader::Scan> CsvReader::ScanRecord() {
  if (!begun_) return Scan::kNeedMore;
  found_.clear();
  const char* const data = buffer_.data();
  std::size_t at = position_;
  std::int64_t line = line_;
  if (at == size_) return Scan::kNeedMore;
  for (;;) {
    if (found_.size() == limits::kColumnsMax) {
      return Malformed(line_, Cat("more than ", limits::kColumnsMax, " columns"));
    }
    found_.push_back({at, at, false});
    if (at < size_ && data[at] == '"') {
      found_.back().begin = ++at;
      PEAKSYNC_CLIENT_ASSIGN_OR_RETURN(const Scan scan, ScanQuoted(&at, &line));
      if (scan == Scan::kNeedMore) return scan;
      found_.back().end = at++;
      if (at < size_ && !EndsUnquoted(data[at])) {
        return Malformed(
            line, Cat("column ", found_.size(), ": text follows the closing quote of a field"));
      }
    } else {
      while (at < size_ && !EndsUnquoted(data[at])) ++at;
      found_.back().end = at;
    }
    if (at == size_) {
      if (!at_end_) return Scan::kNeedMore;
      break;
    }
    if (data[at] == ',') {
      ++at;
      continue;
    }
    const bool may_be_half = data[at] == '\r' && at + 1 == size_ && !at_end_;
    if (may_be_half) return Scan::kNeedMore;
    at += data[at] == '\r' && at + 1 < size_ && data[at + 1] == '\n' ? 2 : 1;
    ++line;
    break;
  }
  position_ = at;
  line_ = line;
  return Scan::kRecord;
}

void CsvReader::CollectFields() {
  fields_.clear();
  for (const Field& field : found_) {
    char* const text = buffer_.data() + field.begin;
    std::size_t size = field.end - field.begin;
    if (field.has_doubled_quotes) size = Undouble(text, size);
    fields_.emplace_back(text, size);
  }
}

void AppendCsvField(std::string_view field, std::string* out) {
  if (field.find_first_of(",\"\r\n") == std::string_view::npos) {
    out->append(field);
    return;
  }
  out->push_back('"');
  for (const char c : field) {
    if (c == '"') out->push_back('"');
    out->push_back(c);
  }
  out->push_back('"');
}

}  // namespace peaksync::client

#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "client/private_file.h"
#include "client/progress.h"
#include "client/row_source.h"

namespace peaksync::client {

// Tells of rows that were refused: the first 20 on the console, the first 100 in the report, all of
// them in the file of --rejects.
//
// Lifetime: `console` must outlive it. Thread safety: none.
class RejectLog {
 public:
  // `file_name` is what was pushed, for messages.
  RejectLog(Console& console, std::string file_name);

  // From now on every refused row is written to `path`, which only its owner may read.
  // INVALID_ARGUMENT when that can't be made.
  absl::Status OpenFile(const std::string& path, const std::string& header);
  // Whether rows' texts are wanted.
  bool wants_text() const { return file_ != nullptr; }

  // A refused row. `text`: the row with its reason, as RowSource::RejectsLine gives it.
  void Add(const RowInfo& info, std::string_view text);
  // A value that Braze refused; only for the file. `text`: as RowSource::RejectionLine gives it.
  void AddByBraze(std::string_view text);
  // Refused rows that the service did not list.
  void AddUnlisted(std::int64_t count);
  // The last words: how many were not shown; and flushes the file. UNAVAILABLE when writing failed.
  absl::Status Close();

  const std::vector<RowInfo>& listed() const { return listed_; }
  std::int64_t count() const { return count_; }

 private:
  Console& console_;
  const std::string file_name_;
  std::string path_;
  std::unique_ptr<PrivateFile> file_;
  std::vector<RowInfo> listed_;
  std::int64_t count_ = 0;
  std::int64_t unlisted_ = 0;
};

}  // namespace peaksync::client

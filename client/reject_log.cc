#include "client/reject_log.h"

#include <algorithm>
#include <utility>

#include "client/limits.h"
#include "client/text.h"

namespace peaksync::client {

RejectLog::RejectLog(Console& console, std::string file_name)
    : console_(console), file_name_(std::move(file_name)) {}

absl::Status RejectLog::OpenFile(const std::string& path, const std::string& header) {
  path_ = path;
  absl::StatusOr<std::unique_ptr<PrivateFile>> file = PrivateFile::Open(path);
  if (!file.ok()) return Invalid("--rejects: ", MessageOf(file.status()));
  file_ = *std::move(file);
  if (!header.empty()) file_->out() << header << '\n';
  return absl::OkStatus();
}

void RejectLog::Add(const RowInfo& info, std::string_view text) {
  ++count_;
  if (file_ != nullptr) file_->out() << text << '\n';
  if (listed_.size() < limits::kInvalidListedMax) listed_.push_back(info);
  if (count_ > limits::kInvalidShownMax) return;
  const std::string column = info.column.empty() ? "" : Cat("column ", info.column, ": ");
  console_.Say(Cat(file_name_, ":", info.line, ": ", column, info.reason));
}

void RejectLog::AddByBraze(std::string_view text) { file_->out() << text << '\n'; }

void RejectLog::AddUnlisted(std::int64_t count) {
  count_ += count;
  unlisted_ += count;
}

absl::Status RejectLog::Close() {
  const std::int64_t shown = std::min<std::int64_t>(count_ - unlisted_, limits::kInvalidShownMax);
  if (count_ > shown) {
    console_.Say(Cat("… and ", WithCommas(count_ - shown), " more; see --rejects",
                     path_.empty() ? " FILE" : Cat(" ", path_)));
  }
  if (unlisted_ > 0) {
    console_.Say(
        Cat("(", WithCommas(unlisted_), " of them the service counted without listing them)"));
  }
  if (file_ == nullptr) return absl::OkStatus();
  const absl::Status closed = file_->Close();
  if (closed.ok()) return closed;
  return absl::UnavailableError(Cat("--rejects: ", MessageOf(closed)));
}

}  // namespace peaksync::client

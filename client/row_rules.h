#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "client/row_source.h"
#include "client/time_text.h"
#include "google/protobuf/timestamp.pb.h"

// What CSV and JSON Lines have in common.
namespace peaksync::client {

// Fills `customer` with the identifier that `options` ask for.
void SetIdentifier(const RowOptions& options, std::string_view id, v1::Customer* customer);

// Whether a column of this name becomes an attribute.
class AttributeFilter {
 public:
  explicit AttributeFilter(const RowOptions& options);
  bool Takes(std::string_view name) const;

 private:
  bool all_;
  std::vector<std::string> columns_;  // Sorted.
  std::vector<std::string> exclude_;  // Sorted; with the id and updated_at columns.
};

// Reads `text` as a time into `out`.
absl::Status SetTime(std::string_view text, google::protobuf::Timestamp* out);
void SetTime(TimePoint time, google::protobuf::Timestamp* out);

// "FILE: line 12: what".
absl::Status FileError(std::string_view name, std::int64_t line, std::string_view what);

// What to say of identifiers that became floats.
inline constexpr std::string_view kFloatIdHint =
    "is a number with a decimal point or an exponent. Programs such as pandas make floats of "
    "integers "
    "when a value is missing; nothing was sent. Write the column as text (pandas: "
    ".astype('Int64')), or say --types COLUMN=string if the identifiers really look so";

}  // namespace peaksync::client

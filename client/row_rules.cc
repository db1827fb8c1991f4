#include "client/row_rules.h"

#include <algorithm>

#include "client/text.h"

namespace peaksync::client {

void SetIdentifier(const RowOptions& options, std::string_view id, v1::Customer* customer) {
  switch (options.id_kind) {
    case IdKind::kExternalId:
      customer->set_external_id(id.data(), id.size());
      return;
    case IdKind::kBrazeId:
      customer->set_braze_id(id.data(), id.size());
      return;
    case IdKind::kEmail:
      customer->set_email(id.data(), id.size());
      return;
    case IdKind::kPhone:
      customer->set_phone(id.data(), id.size());
      return;
    case IdKind::kUserAlias:
      customer->mutable_user_alias()->set_alias_name(id.data(), id.size());
      customer->mutable_user_alias()->set_alias_label(options.alias_label);
      return;
  }
}

AttributeFilter::AttributeFilter(const RowOptions& options)
    : all_(options.columns.empty()), columns_(options.columns), exclude_(options.exclude) {
  exclude_.push_back(options.id_column);
  if (!options.updated_at_column.empty()) exclude_.push_back(options.updated_at_column);
  std::sort(columns_.begin(), columns_.end());
  std::sort(exclude_.begin(), exclude_.end());
}

bool AttributeFilter::Takes(std::string_view name) const {
  if (!all_ && !std::binary_search(columns_.begin(), columns_.end(), name)) return false;
  return !std::binary_search(exclude_.begin(), exclude_.end(), name);
}

absl::Status SetTime(std::string_view text, google::protobuf::Timestamp* out) {
  const absl::StatusOr<TimePoint> time = ParseTime(text);
  if (!time.ok()) return time.status();
  SetTime(*time, out);
  return absl::OkStatus();
}

void SetTime(TimePoint time, google::protobuf::Timestamp* out) {
  out->set_seconds(time.seconds);
  out->set_nanos(time.nanos);
}

absl::Status FileError(std::string_view name, std::int64_t line, std::string_view what) {
  return Invalid(name, ": line ", line, ": ", what);
}

}  // namespace peaksync::client

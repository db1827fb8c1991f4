#pragma once

#include <string>

#include "client/row_source.h"
#include "peaksync/v1/sync_service.pb.h"

// Customers and rejections as flags and files name them. Pure.
namespace peaksync::client {

// Reads `external_id`, `braze_id`, `email`, `phone` or `user_alias:LABEL` into `rows`.
// INVALID_ARGUMENT otherwise.
absl::Status ParseIdKind(const std::string& text, RowOptions* rows);
// The same back, of a customer: what --id-kind takes.
std::string IdKindText(const v1::Customer& customer);
// The identifier alone; of a user alias its name.
const std::string& IdentifierOf(const v1::Customer& customer);
// For tables: the identifier, behind its kind where that is not external_id.
std::string CustomerText(const v1::Customer& customer);

// `validation` or `braze`.
std::string KindText(v1::RejectionKind kind);

}  // namespace peaksync::client

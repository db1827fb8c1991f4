#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "server/domain/customer.h"
#include "server/domain/update.h"

namespace peaksync {

// Who refused a value. These numbers stand in ledgers on disk and never change.
enum class RejectionKind : std::uint8_t { kValidation = 1, kBraze = 2 };

// A value that was refused for good: at most one open per customer and attribute, the newest.
struct Rejection {
  std::int64_t rejection_id = 0;
  Customer customer;
  std::string source;
  std::string attribute;  // Braze's name; the tenant's own where there is no other.
  std::string json;       // The value; empty: it could not be kept, and cannot be retried.
  UnixNanos updated_at = 0;
  UnixNanos reject_time = 0;
  RejectionKind kind = RejectionKind::kValidation;
  std::string reason;
  std::string run_id;
  std::int32_t attempts = 1;
};

// Which rejections are meant; all given conditions hold.
struct RejectionFilter {
  std::string source;     // Empty: any.
  std::string run_id;     // Empty: any.
  std::string attribute;  // Empty: any.
  std::optional<Customer> customer;
  std::optional<RejectionKind> kind;
};

}  // namespace peaksync

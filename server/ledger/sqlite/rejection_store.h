#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/domain/rejection.h"
#include "server/ledger/sqlite/database.h"
#include "server/ledger/sqlite/statement.h"

namespace peaksync {

// A rejection on its way into its row.
struct StoredRejection {
  std::string_view customer_key;
  std::string_view attribute;
  RejectionKind kind = RejectionKind::kValidation;
  std::int64_t run_number = 0;
  std::string_view customer;  // Packed.
  std::string_view value;     // JSON.
  UnixNanos updated_at = 0;
  UnixNanos reject_time = 0;
  std::string_view reason;
  std::int32_t attempts = 1;  // Where there is no older one of the customer and attribute.
};

// A rejection as it stands in its row; views live as long as the visit.
struct RejectionRow {
  std::int64_t rejection_id = 0;
  std::string_view customer_key;
  std::string_view customer;  // Packed.
  std::string_view attribute;
  std::string_view value;
  UnixNanos updated_at = 0;
  UnixNanos reject_time = 0;
  RejectionKind kind = RejectionKind::kValidation;
  std::string_view reason;
  std::string_view run_id;
  std::uint32_t source_id = 0;
  std::int32_t attempts = 1;
};

// A RejectionFilter with the rows' own keys; all given conditions hold.
struct RejectionCondition {
  std::int64_t after = 0;  // Greater ids …
  std::int64_t until = 0;  // … up to this one.
  std::optional<std::uint32_t> source_id;
  std::optional<std::int64_t> run_number;
  std::optional<std::string_view> attribute;
  std::optional<Blob> customer_key;
  std::optional<RejectionKind> kind;
};

// The rows of the table of rejections: at most one a customer and attribute. Knows SQL and nothing
// else. Lifetime: within that of its database. Thread safety: none.
class RejectionStore {
 public:
  static absl::StatusOr<RejectionStore> Prepare(const Database& database);

  absl::StatusOr<std::int64_t> Count();
  absl::StatusOr<std::int64_t> LastId();  // 0 when there are none.
  absl::StatusOr<bool> Has(std::string_view customer_key, std::string_view attribute);
  absl::StatusOr<bool> HasAny(std::string_view customer_key);
  // Newest wins: replaces the one of the same customer and attribute unless that one is newer, and
  // then counts one attempt more.
  absl::Status Write(const StoredRejection& rejection);
  // Deletes it when it is not newer than `updated_at`; whether it did.
  absl::StatusOr<bool> Close(std::string_view customer_key, std::string_view attribute,
                             UnixNanos updated_at);
  absl::Status Delete(std::int64_t rejection_id);

  // In the order of their ids, at most `count`.
  absl::Status List(const RejectionCondition& condition, int count,
                    const std::function<absl::Status(const RejectionRow&)>& visit);
  // How many.
  absl::StatusOr<std::int64_t> Discard(const RejectionCondition& condition);

 private:
  explicit RejectionStore(sqlite3* handle) : handle_(handle) {}

  sqlite3* handle_;
  std::optional<Statement> count_, last_id_, has_, has_any_, write_, close_, delete_, list_,
      discard_;
};

}  // namespace peaksync

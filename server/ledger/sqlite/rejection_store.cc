#include "server/ledger/sqlite/rejection_store.h"

#include <utility>

#include "absl/cleanup/cleanup.h"
#include "server/base/status_macros.h"

// The condition of RejectionCondition, bound as ?1 to ?7.
#define PEAKSYNC_REJECTION_CONDITION                                                  \
  "FROM rejections AS j JOIN runs AS r USING (run_number) WHERE j.rejection_id > ?1 " \
  "AND j.rejection_id <= ?2 AND (?3 IS NULL OR r.source_id = ?3) "                    \
  "AND (?4 IS NULL OR j.run_number = ?4) AND (?5 IS NULL OR j.attribute = ?5) "       \
  "AND (?6 IS NULL OR j.customer_key = ?6) AND (?7 IS NULL OR j.kind = ?7) "

namespace peaksync {

absl::StatusOr<RejectionStore> RejectionStore::Prepare(const Database& database) {
  RejectionStore store(database.handle());
  const std::pair<std::optional<Statement>*, const char*> statements[] = {
      {&store.count_, "SELECT count(*) FROM rejections"},
      {&store.last_id_, "SELECT coalesce(max(rejection_id), 0) FROM rejections"},
      {&store.has_, "SELECT 1 FROM rejections WHERE customer_key = ?1 AND attribute = ?2"},
      {&store.has_any_, "SELECT 1 FROM rejections WHERE customer_key = ?1"},
      {&store.write_,
       "INSERT INTO rejections VALUES (NULL, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) "
       "ON CONFLICT (customer_key, attribute) DO UPDATE SET kind = excluded.kind, "
       "run_number = excluded.run_number, customer = excluded.customer, "
       "value = excluded.value, updated_at = excluded.updated_at, "
       "reject_time = excluded.reject_time, reason = excluded.reason, "
       "attempts = attempts + 1 WHERE excluded.updated_at >= updated_at"},
      {&store.close_,
       "DELETE FROM rejections WHERE customer_key = ?1 AND attribute = ?2 AND updated_at <= ?3 "
       "RETURNING rejection_id"},
      {&store.delete_, "DELETE FROM rejections WHERE rejection_id = ?1"},
      {&store.list_,
       "SELECT j.rejection_id, j.customer_key, j.customer, j.attribute, j.value, j.updated_at, "
       "j.reject_time, j.kind, j.reason, r.run_id, r.source_id, "
       "j.attempts " PEAKSYNC_REJECTION_CONDITION "ORDER BY j.rejection_id LIMIT ?8"},
      {&store.discard_,
       "DELETE FROM rejections WHERE rejection_id IN (SELECT "
       "j.rejection_id " PEAKSYNC_REJECTION_CONDITION ")"},
  };
  for (const auto& [statement, sql] : statements) {
    PEAKSYNC_ASSIGN_OR_RETURN(*statement, Statement::Prepare(database, sql));
  }
  return store;
}

absl::StatusOr<std::int64_t> RejectionStore::Count() {
  const auto reset = absl::MakeCleanup([&] { count_->Reset(); });
  PEAKSYNC_RETURN_IF_ERROR(count_->Step().status());
  return count_->Integer(0);
}

absl::StatusOr<std::int64_t> RejectionStore::LastId() {
  const auto reset = absl::MakeCleanup([&] { last_id_->Reset(); });
  PEAKSYNC_RETURN_IF_ERROR(last_id_->Step().status());
  return last_id_->Integer(0);
}

absl::StatusOr<bool> RejectionStore::Has(std::string_view customer_key,
                                         std::string_view attribute) {
  return has_->Run(Blob{customer_key}, attribute);
}

absl::StatusOr<bool> RejectionStore::HasAny(std::string_view customer_key) {
  return has_any_->Run(Blob{customer_key});
}

absl::Status RejectionStore::Write(const StoredRejection& rejection) {
  return write_
      ->Run(Blob{rejection.customer_key}, rejection.attribute, rejection.kind, rejection.run_number,
            Blob{rejection.customer}, rejection.value, rejection.updated_at, rejection.reject_time,
            rejection.reason, rejection.attempts)
      .status();
}

absl::StatusOr<bool> RejectionStore::Close(std::string_view customer_key,
                                           std::string_view attribute, UnixNanos updated_at) {
  return close_->Run(Blob{customer_key}, attribute, updated_at);
}

absl::Status RejectionStore::Delete(std::int64_t rejection_id) {
  return delete_->Run(rejection_id).status();
}

absl::Status RejectionStore::List(const RejectionCondition& condition, int count,
                                  const std::function<absl::Status(const RejectionRow&)>& visit) {
  const auto reset = absl::MakeCleanup([&] { list_->Reset(); });
  PEAKSYNC_RETURN_IF_ERROR(list_->Bind(condition.after, condition.until, condition.source_id,
                                       condition.run_number, condition.attribute,
                                       condition.customer_key, condition.kind, count));
  while (true) {
    PEAKSYNC_ASSIGN_OR_RETURN(const bool row, list_->Step());
    if (!row) return absl::OkStatus();
    PEAKSYNC_RETURN_IF_ERROR(visit({
        .rejection_id = list_->Integer(0),
        .customer_key = list_->Bytes(1),
        .customer = list_->Bytes(2),
        .attribute = list_->Text(3),
        .value = list_->Text(4),
        .updated_at = list_->Integer(5),
        .reject_time = list_->Integer(6),
        .kind = static_cast<RejectionKind>(list_->Integer(7)),
        .reason = list_->Text(8),
        .run_id = list_->Text(9),
        .source_id = static_cast<std::uint32_t>(list_->Integer(10)),
        .attempts = static_cast<std::int32_t>(list_->Integer(11)),
    }));
  }
}

absl::StatusOr<std::int64_t> RejectionStore::Discard(const RejectionCondition& condition) {
  PEAKSYNC_RETURN_IF_ERROR(discard_
                               ->Run(condition.after, condition.until, condition.source_id,
                                     condition.run_number, condition.attribute,
                                     condition.customer_key, condition.kind)
                               .status());
  return sqlite3_changes64(handle_);
}

}  // namespace peaksync

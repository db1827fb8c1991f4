// Values that were refused: kept, listed, tried again, given up.
#include <limits>
#include <map>
#include <utility>

#include "server/base/limits.h"
#include "server/base/status_macros.h"
#include "server/domain/concat.h"
#include "server/ledger/batch_context.h"
#include "server/ledger/tenant_ledger.h"
#include "server/rules/validator.h"

namespace peaksync {

absl::Status TenantLedger::KeepRejection(const StoredRejection& rejection) {
  absl::StatusOr<bool> exists =
      rejections_ == 0 ? false
                       : store_.rejections().Has(rejection.customer_key, rejection.attribute);
  PEAKSYNC_RETURN_IF_ERROR(Sql(exists.status()));
  if (!*exists) {
    if (rejections_ >= options_.rules->max_rejections) return absl::OkStatus();
    ++rejections_;
  }
  return Sql(store_.rejections().Write(rejection));
}

// A value at least as new is in Braze.
absl::Status TenantLedger::CloseRejection(std::string_view customer_key, std::string_view attribute,
                                          UnixNanos updated_at) {
  if (rejections_ == 0) return absl::OkStatus();
  absl::StatusOr<bool> closed = store_.rejections().Close(customer_key, attribute, updated_at);
  PEAKSYNC_RETURN_IF_ERROR(Sql(closed.status()));
  if (*closed) --rejections_;
  return absl::OkStatus();
}

// `customer_key` holds what the condition points to.
absl::StatusOr<RejectionCondition> TenantLedger::ConditionOf(const RejectionFilter& filter,
                                                             std::string* customer_key) {
  RejectionCondition condition;
  condition.until = std::numeric_limits<std::int64_t>::max();
  if (!filter.source.empty()) {
    const auto source = sources_.find(filter.source);
    if (source == sources_.end()) return NoSuchSource(filter.source);
    condition.source_id = source->second.source_id;
  }
  if (!filter.run_id.empty()) {
    PEAKSYNC_ASSIGN_OR_RETURN(const std::optional<StoredRun> run, store_.FindRun(filter.run_id));
    if (!run) return NoSuchRun(filter.run_id);
    condition.run_number = run->number;
  }
  if (!filter.attribute.empty()) condition.attribute = filter.attribute;
  if (filter.customer) {
    *customer_key = filter.customer->Key();
    condition.customer_key = Blob{*customer_key};
  }
  condition.kind = filter.kind;
  return condition;
}

absl::StatusOr<RejectionPage> TenantLedger::ListRejections(const RejectionFilter& filter,
                                                           int page_size, std::int64_t after) {
  PEAKSYNC_RETURN_IF_ERROR(EnsureLoaded());
  std::string customer_key;
  PEAKSYNC_ASSIGN_OR_RETURN(RejectionCondition condition, ConditionOf(filter, &customer_key));
  condition.after = after;
  std::map<std::uint32_t, std::string> names;
  for (const auto& [name, source] : sources_) names[source.source_id] = name;
  RejectionPage page;
  PEAKSYNC_RETURN_IF_ERROR(store_.rejections().List(
      condition, page_size + 1, [&](const RejectionRow& row) -> absl::Status {
        if (page.rejections.size() == static_cast<std::size_t>(page_size)) {
          page.next_after = page.rejections.back().rejection_id;
          return absl::OkStatus();
        }
        PEAKSYNC_ASSIGN_OR_RETURN(Customer customer, UnpackCustomer(row.customer));
        page.rejections.push_back({.rejection_id = row.rejection_id,
                                   .customer = std::move(customer),
                                   .source = names[row.source_id],
                                   .attribute = std::string(row.attribute),
                                   .json = std::string(row.value),
                                   .updated_at = row.updated_at,
                                   .reject_time = row.reject_time,
                                   .kind = row.kind,
                                   .reason = std::string(row.reason),
                                   .run_id = std::string(row.run_id),
                                   .attempts = row.attempts});
        return absl::OkStatus();
      }));
  return page;
}

absl::StatusOr<std::int64_t> TenantLedger::DiscardRejections(const RejectionFilter& filter) {
  PEAKSYNC_RETURN_IF_ERROR(GroupStatus());
  std::string customer_key;
  PEAKSYNC_ASSIGN_OR_RETURN(const RejectionCondition condition, ConditionOf(filter, &customer_key));
  absl::StatusOr<std::int64_t> discarded = store_.rejections().Discard(condition);
  PEAKSYNC_RETURN_IF_ERROR(Sql(discarded.status()));
  rejections_ -= *discarded;
  return *discarded;
}

// What is tried again in one call, before any of it is decided.
struct TenantLedger::Retry {
  struct Update {
    std::uint32_t source_id = 0;
    std::int32_t attempts = 0;
    PreparedUpdate prepared;
  };
  std::vector<Update> updates;
  std::vector<std::int64_t> taken;            // Rejections that are closed by it.
  std::map<std::uint32_t, RunNumber> run_of;  // By source.
  std::int64_t seen = 0;
  std::int64_t last_id = 0;
  std::int64_t not_retriable = 0;
};

// Validates the row by the rules of now. Values of a customer that were refused together stay
// together.
absl::Status TenantLedger::CollectRetry(const RejectionRow& row, const RetryRequest& request,
                                        Retry& retry) {
  ++retry.seen;
  retry.last_id = row.rejection_id;
  if (row.value.empty()) {
    ++retry.not_retriable;
    return absl::OkStatus();
  }
  retry.taken.push_back(row.rejection_id);
  const bool together = !retry.updates.empty() && retry.updates.back().source_id == row.source_id &&
                        retry.updates.back().prepared.customer_key == row.customer_key &&
                        retry.updates.back().prepared.updated_at == row.updated_at;
  if (!together) {
    Retry::Update& update = retry.updates.emplace_back();
    update.source_id = row.source_id;
    PEAKSYNC_ASSIGN_OR_RETURN(update.prepared.customer, UnpackCustomer(row.customer));
    update.prepared.customer_key = row.customer_key;
    update.prepared.updated_at = row.updated_at;
  }
  Retry::Update& update = retry.updates.back();
  update.attempts = std::max(update.attempts, row.attempts);
  ++update.prepared.received_values;
  const auto refuse = [&](std::string_view reason) {
    update.prepared.invalid.push_back(
        {std::string(row.attribute), std::string(row.value), std::string(reason)});
    return absl::OkStatus();
  };
  if (absl::FromUnixNanos(row.updated_at) > options_.clock->Now() + limits::kUpdatedAtAheadMax) {
    return refuse("its updated_at is more than 10 minutes ahead of the service's clock");
  }
  const absl::StatusOr<const AttributeDef*> def = request.catalog->FindByBrazeName(row.attribute);
  if (!def.ok()) return refuse(std::string(def.status().message()));
  Value value;
  if (!Value::FromJson(std::string(row.value), &value)) return refuse(row.reason);
  std::string_view source;
  for (const auto& [name, stored] : sources_) {
    if (stored.source_id == row.source_id) source = name;
  }
  if (const auto reason = Apply(**def, source, &value)) return refuse(*reason);
  update.prepared.values.push_back({(*def)->name, std::move(value)});
  return absl::OkStatus();
}

absl::StatusOr<ActiveRun*> TenantLedger::RetryRunOf(std::uint32_t source_id, Retry& retry) {
  if (const auto found = retry.run_of.find(source_id); found != retry.run_of.end()) {
    return runs_.Find(found->second);
  }
  for (const auto& [name, source] : sources_) {
    if (source.source_id != source_id) continue;
    StartRequest start;
    start.client = "retry of rejections";
    PEAKSYNC_ASSIGN_OR_RETURN(ActiveRun * run, AddRun(start, RunKind::kRetry, source));
    run->run().state = RunState::kReceived;
    run->run().receive_time = run->run().create_time;
    retry.run_of[source_id] = run->stored.number;
    return run;
  }
  return Sql(absl::DataLossError("a rejection belongs to no source"));
}

absl::StatusOr<RetryResult> TenantLedger::RetryRejections(const RetryRequest& request) {
  PEAKSYNC_RETURN_IF_ERROR(GroupStatus());
  std::string customer_key;
  PEAKSYNC_ASSIGN_OR_RETURN(RejectionCondition condition,
                            ConditionOf(request.filter, &customer_key));
  absl::StatusOr<std::int64_t> last = store_.rejections().LastId();
  PEAKSYNC_RETURN_IF_ERROR(Sql(last.status()));
  condition.after = request.after;
  condition.until = request.until.value_or(*last);
  Retry retry;
  PEAKSYNC_RETURN_IF_ERROR(Sql(store_.rejections().List(
      condition, limits::kRetriedPerCallMax,
      [&](const RejectionRow& row) { return CollectRetry(row, request, retry); })));
  // Before they are decided, since some are refused again.
  for (const std::int64_t id : retry.taken) {
    PEAKSYNC_RETURN_IF_ERROR(Sql(store_.rejections().Delete(id)));
    --rejections_;
  }
  for (Retry::Update& update : retry.updates) {
    PEAKSYNC_ASSIGN_OR_RETURN(ActiveRun * run, RetryRunOf(update.source_id, retry));
    BatchContext context;
    context.run = run;
    context.source = run->run().source;
    context.source_id = update.source_id;
    context.now = Now();
    context.steady_now = options_.clock->Steady();
    context.attempts = update.attempts;
    PEAKSYNC_RETURN_IF_ERROR(TakeUpdate(context, update.prepared));
  }
  waiting_.FlushReady();
  RetryResult result;
  for (const auto& [source_id, number] : retry.run_of) {
    result.runs.push_back(runs_.Find(number)->run());
  }
  result.retried = static_cast<std::int64_t>(retry.taken.size());
  result.not_retriable = retry.not_retriable;
  result.until = condition.until;
  if (retry.seen == limits::kRetriedPerCallMax) result.next_after = retry.last_id;
  return result;
}

}  // namespace peaksync

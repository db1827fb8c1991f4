// A batch comes in: what validation could not know is checked.
#include <algorithm>
#include <utility>

#include "absl/strings/str_format.h"
#include "server/base/limits.h"
#include "server/base/status_macros.h"
#include "server/domain/concat.h"
#include "server/ledger/batch_context.h"
#include "server/ledger/tenant_ledger.h"

namespace peaksync {
namespace {

// What is looked for is rarely in the processor's cache: so many updates ahead, first where it
// stands and then itself.
constexpr std::size_t kPrefetchAhead = 8;
constexpr std::size_t kPrefetchBucketAhead = 4;

// From so many values on, max_invalid_percent is watched while a run goes; before, at its end only.
constexpr std::int64_t kGuardFromValues = 10'000;

// The entry that explains why the update was skipped.
const InvalidValue& FirstFault(const PreparedUpdate& update) { return update.invalid.front(); }

bool IsWholeUpdateInvalid(const PreparedUpdate& update) {
  return std::ranges::any_of(update.invalid, &InvalidValue::whole_update);
}

struct Place {
  CustomerHash hash = 0;
  std::uint32_t index = 0;  // In the batch.
  auto operator<=>(const Place&) const = default;
};

// Look-ups in this order stay within a few pages; updates of one customer keep their order.
std::vector<Place> InOrderOfTheTable(const std::vector<PreparedUpdate>& updates) {
  std::vector<Place> places;
  places.reserve(updates.size());
  for (const PreparedUpdate& update : updates) {
    places.push_back({HashOf(update.customer_key), static_cast<std::uint32_t>(places.size())});
  }
  std::ranges::sort(places);
  return places;
}

}  // namespace

void TenantLedger::LookUpAhead(const std::vector<const BatchRequest*>& batches) {
  if (!GroupStatus().ok() || has_table_copy()) return;
  std::vector<CustomerHash> hashes;
  for (const BatchRequest* batch : batches) {
    for (const PreparedUpdate& update : batch->updates) {
      hashes.push_back(HashOf(update.customer_key));
    }
  }
  std::ranges::sort(hashes);
  hashes.erase(std::ranges::unique(hashes).begin(), hashes.end());
  std::size_t kept = 0;
  for (std::size_t i = 0; i < hashes.size(); ++i) {
    if (const std::size_t ahead = i + kPrefetchAhead; ahead < hashes.size()) {
      states_.Prefetch(hashes[ahead]);
      waiting_.Prefetch(hashes[ahead]);
    }
    // The state of who waits lies there.
    if (!waiting_.Holds(hashes[i]) && states_.IsInTable(hashes[i])) hashes[kept++] = hashes[i];
  }
  hashes.resize(kept);
  (void)Sql(states_.table().ReadAhead(hashes));
}

absl::StatusOr<BatchReceipt> TenantLedger::AcceptBatch(BatchRequest& request) {
  PEAKSYNC_RETURN_IF_ERROR(GroupStatus());
  PEAKSYNC_ASSIGN_OR_RETURN(ActiveRun * active, FindStreamRun(request.run_id, request.stream));
  Run settled;
  if (active == nullptr) {
    PEAKSYNC_ASSIGN_OR_RETURN(settled, ReadRun(request.run_id));
  }
  const Run& run = active != nullptr ? active->run() : settled;
  BatchContext context;
  context.run = active;
  context.repeated = request.sequence >= 1 && request.sequence <= run.last_sequence;
  context.source = run.source;
  context.source_id = sources_.at(run.source).source_id;
  context.sequence = request.sequence;
  context.now = Now();
  context.steady_now = options_.clock->Steady();
  if (!context.repeated && run.state != RunState::kOpen) {
    return absl::FailedPreconditionError(
        run.IsFinal() && !run.state_reason.empty()
            ? Concat("run ", run.run_id, " has ended: ", run.state_reason)
            : Concat("run ", run.run_id, " has ended: its last batch was ", run.last_sequence));
  }
  if (!context.repeated && request.sequence != run.last_sequence + 1) {
    return absl::InvalidArgumentError(Concat(
        "batch ", request.sequence, " is out of sequence: expected ", run.last_sequence + 1));
  }
  const std::vector<Place> places = InOrderOfTheTable(request.updates);
  for (std::size_t i = 0; i < places.size(); ++i) {
    if (const std::size_t ahead = i + kPrefetchAhead; ahead < places.size()) {
      states_.Prefetch(places[ahead].hash);
      waiting_.Prefetch(places[ahead].hash);
    }
    if (const std::size_t ahead = i + kPrefetchBucketAhead; ahead < places.size()) {
      states_.PrefetchBucket(places[ahead].hash);
    }
    PEAKSYNC_RETURN_IF_ERROR(TakeUpdate(context, request.updates[places[i].index]));
  }
  std::ranges::stable_sort(context.receipt.invalid, {}, &InvalidReport::index);
  if (!context.repeated) {
    active->run().last_sequence = request.sequence;
    runs_.MarkDirty(*active);
    if (GuardInvalid(*active, /*at_end=*/false)) {
      context.receipt.failed = Concat("run ", run.run_id, " has failed: ", run.state_reason);
    }
  }
  context.receipt.sequence = run.last_sequence;
  context.receipt.values = run.values;
  context.receipt.updates = run.updates;
  return std::move(context.receipt);
}

absl::Status TenantLedger::TakeUpdate(BatchContext& context, PreparedUpdate& update) {
  CheckRemembered(update);
  const bool skipped = !update.invalid.empty() &&
                       (!update.customer || IsWholeUpdateInvalid(update) ||
                        options_.rules->on_invalid == TenantRules::OnInvalid::kSkipUpdate);
  ReportInvalid(context, update);
  if (context.repeated) return absl::OkStatus();

  UpdateCounts& updates = context.run->run().updates;
  ++updates.received;
  runs_.Count(*context.run, &ValueCounts::received, update.received_values);
  if (skipped) {
    const std::string reason =
        Concat("skipped with ", FirstFault(update).name, ": ", FirstFault(update).reason);
    for (AttributeValue& value : update.values) {
      update.invalid.push_back({std::string(value.name), value.value.json(), reason});
    }
    update.values.clear();
  }
  const auto invalid = static_cast<std::int64_t>(update.received_values) -
                       static_cast<std::int64_t>(update.values.size());
  if (invalid != 0) runs_.Count(*context.run, &ValueCounts::invalid, invalid);
  if (!update.invalid.empty()) PEAKSYNC_RETURN_IF_ERROR(KeepInvalid(context, update));
  if (skipped) {
    ++updates.invalid;
    return absl::OkStatus();
  }
  return DecideUpdate(context, update);
}

// What only the ledger remembers: the type that Braze has confirmed, and how many names there are.
void TenantLedger::CheckRemembered(PreparedUpdate& update) {
  std::size_t names = attributes_.size();
  std::size_t place = 0;
  std::erase_if(update.values, [&](AttributeValue& value) {
    const Attribute* attribute = FindAttribute(value.name, place++);
    std::string reason;
    if (attribute == nullptr) {
      if (names < limits::kAttributeNamesMax) {
        ++names;
        return false;
      }
      reason = Concat("the tenant uses ", limits::kAttributeNamesMax, " attribute names already");
    } else {
      if (attribute->has_type || !attribute->confirmed_type ||
          value.value.type() == ValueType::kNull ||
          *attribute->confirmed_type == value.value.type()) {
        return false;
      }
      reason =
          Concat("was a ", NameOf(*attribute->confirmed_type), " until now; Braze would ignore a ",
                 NameOf(value.value.type()), "; see --types, or configure its type");
    }
    update.invalid.push_back({std::string(value.name), value.value.json(), std::move(reason)});
    return true;
  });
}

void TenantLedger::ReportInvalid(BatchContext& context, const PreparedUpdate& update) {
  for (const InvalidValue& invalid : update.invalid) {
    if (context.receipt.invalid.size() < limits::kInvalidReportedPerBatchMax) {
      context.receipt.invalid.push_back(
          {context.sequence, update.index, invalid.name, invalid.reason});
    } else {
      ++context.receipt.invalid_omitted;
    }
    if (invalid.whole_update) break;  // It says all there is to say of this update.
  }
}

absl::Status TenantLedger::KeepInvalid(BatchContext& context, const PreparedUpdate& update) {
  if (!update.customer) return absl::OkStatus();  // Nobody to keep it under.
  const std::string customer = PackCustomer(*update.customer);
  for (const InvalidValue& invalid : update.invalid) {
    if (invalid.whole_update) continue;
    const auto rule = options_.rules->attributes.find(invalid.name);
    const bool renamed = rule != options_.rules->attributes.end() && !rule->second.rename.empty();
    PEAKSYNC_RETURN_IF_ERROR(KeepRejection({
        .customer_key = update.customer_key,
        .attribute = renamed ? std::string_view(rule->second.rename) : invalid.name,
        .kind = RejectionKind::kValidation,
        .run_number = context.run->stored.number,
        .customer = customer,
        .value = invalid.json,
        .updated_at = update.updated_at,
        .reject_time = context.now,
        .reason = invalid.reason,
        .attempts = context.attempts + 1,
    }));
  }
  return absl::OkStatus();
}

// True when the run has failed by it.
bool TenantLedger::GuardInvalid(ActiveRun& active, bool at_end) {
  const ValueCounts& values = active.run().values;
  if (values.received == 0 || (!at_end && values.received < kGuardFromValues)) return false;
  const double percent =
      100.0 * static_cast<double>(values.invalid) / static_cast<double>(values.received);
  if (percent <= options_.rules->max_invalid_percent) return false;
  CloseRun(active, RunState::kFailed,
           absl::StrFormat(
               "%d of %d values (%.1f %%) are invalid, more than max_invalid_percent = %g; "
               "what was accepted is still delivered",
               values.invalid, values.received, percent, options_.rules->max_invalid_percent));
  waiting_.FlushReady();
  return true;
}

}  // namespace peaksync

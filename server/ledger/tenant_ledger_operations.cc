// What people do: cancel a run, resync, move a cursor, give the ledger another workspace, restore
// it.
#include <algorithm>
#include <utility>

#include "server/base/limits.h"
#include "server/base/status_macros.h"
#include "server/domain/concat.h"
#include "server/ledger/tenant_ledger.h"

namespace peaksync {

absl::StatusOr<RunView> TenantLedger::CancelRun(std::string_view run_id) {
  PEAKSYNC_RETURN_IF_ERROR(GroupStatus());
  ActiveRun* active = runs_.Find(run_id);
  if (active == nullptr) {
    PEAKSYNC_ASSIGN_OR_RETURN(Run settled, ReadRun(run_id));
    if (settled.state == RunState::kCanceled) return RunView{std::move(settled), delivery()};
    return absl::FailedPreconditionError(Concat("run ", run_id, " is ", NameOf(settled.state),
                                                " and nothing of it waits: it cannot be canceled"));
  }
  Run& run = active->run();
  if (run.state == RunState::kCanceled) return RunView{run, delivery()};
  const bool had_ended = run.IsFinal();
  CloseRun(*active, RunState::kCanceled,
           had_ended ? Concat("canceled by a person; before, it was ", NameOf(run.state), ": ",
                              run.state_reason)
                     : "canceled by a person");
  if (active->stream != 0 && active->ended) {
    active->ended(absl::FailedPreconditionError(Concat("run ", run_id, " was canceled")));
  }
  PEAKSYNC_RETURN_IF_ERROR(DiscardWithdrawn());
  return RunView{run, delivery()};
}

// Nobody but canceled runs wants it.
bool TenantLedger::IsWithdrawn(const Slot& slot) {
  return std::ranges::all_of(slot.claims, [&](const Claim& claim) {
    return runs_.Find(outbox_.At(claim.outbox_id).run)->run().state == RunState::kCanceled;
  });
}

// A value that may have been sent may stand in Braze all the same.
bool TenantLedger::DiscardWithdrawn(WaitingCustomer& customer, CustomerState& state) {
  bool changed = false;
  std::erase_if(customer.waiting, [&](const Slot& slot) {
    if (!IsWithdrawn(slot)) return false;
    if (slot.may_have_been_sent) changed |= MakeUnknown(state, slot.attribute_id);
    SettleSlot(slot, &ValueCounts::discarded, &ValueCounts::discarded);
    return true;
  });
  return changed;
}

absl::Status TenantLedger::DiscardWithdrawn() {
  const absl::Time now = options_.clock->Steady();
  for (WaitingCustomer* customer : waiting_.All()) {
    if (std::ranges::none_of(customer->waiting,
                             [&](const Slot& slot) { return IsWithdrawn(slot); })) {
      continue;
    }
    OpenState open;
    PEAKSYNC_RETURN_IF_ERROR(ReadState(*customer, &open));
    if (DiscardWithdrawn(*customer, open.state)) PEAKSYNC_RETURN_IF_ERROR(WriteState(open));
    waiting_.Place(*customer, now);
  }
  return absl::OkStatus();
}

std::int64_t TenantLedger::KnownValues() const {
  std::int64_t values = 0;
  for (const auto& [name, attribute] : attributes_) values += attribute->known_values;
  return values;
}

// Every value that is known becomes unknown, without a write to any customer's row.
absl::Status TenantLedger::StartEpoch() {
  for (const auto& [name, attribute] : attributes_) {
    epoch_ = std::max(epoch_, attribute->epoch);
    attribute->known_values = 0;
    MarkDirty(*attribute);
  }
  ++epoch_;
  return Sql(store_.WriteMeta(kMetaEpoch, Concat(epoch_)));
}

absl::StatusOr<std::int64_t> TenantLedger::Resync(const ResyncRequest& request) {
  PEAKSYNC_RETURN_IF_ERROR(GroupStatus());
  if (request.customer) return ResyncCustomer(request);
  if (!request.attribute.empty()) return ResyncAttribute(request.attribute, request.validate_only);
  const std::int64_t values = KnownValues();
  if (!request.validate_only) PEAKSYNC_RETURN_IF_ERROR(StartEpoch());
  return values;
}

absl::StatusOr<std::int64_t> TenantLedger::ResyncAttribute(std::string_view name,
                                                           bool validate_only) {
  Attribute* attribute = FindAttribute(name);
  if (attribute == nullptr) return NoSuchAttribute(name);
  const std::int64_t values = attribute->known_values;
  if (validate_only) return values;
  attribute->epoch = std::max(epoch_, attribute->epoch) + 1;
  attribute->known_values = 0;
  attribute->confirmed_type.reset();  // The next value may be of another.
  MarkDirty(*attribute);
  return values;
}

absl::StatusOr<std::int64_t> TenantLedger::ResyncCustomer(const ResyncRequest& request) {
  const Attribute* only = nullptr;
  if (!request.attribute.empty()) {
    only = FindAttribute(request.attribute);
    if (only == nullptr) return NoSuchAttribute(request.attribute);
  }
  const std::string key = request.customer->Key();
  OpenState open;
  PEAKSYNC_RETURN_IF_ERROR(ReadState(HashOf(key), key, &open));
  CustomerState& state = open.state;
  if (state.attributes.empty()) {
    return absl::NotFoundError("nothing is known of this customer: check the kind of identifier");
  }
  std::int64_t values = 0;
  for (const KnownAttribute& known : state.attributes) {
    if (only != nullptr && known.attribute_id != only->attribute_id) continue;
    if (IsUnknown(known)) continue;
    ++values;
    if (!request.validate_only) MakeUnknown(state, known.attribute_id);
  }
  if (request.validate_only || values == 0) return values;
  PEAKSYNC_RETURN_IF_ERROR(WriteState(open));
  return values;
}

absl::StatusOr<SourceView> TenantLedger::SetSourceCursor(std::string_view name,
                                                         std::optional<UnixNanos> cursor) {
  PEAKSYNC_RETURN_IF_ERROR(GroupStatus());
  const auto found = sources_.find(name);
  if (found == sources_.end()) return NoSuchSource(name);
  StoredSource& source = found->second;
  source.cursor = cursor;
  PEAKSYNC_RETURN_IF_ERROR(Sql(store_.WriteSource(source)));
  absl::StatusOr<Source> described = Describe(source);
  PEAKSYNC_RETURN_IF_ERROR(Sql(described.status()));
  return SourceView{*std::move(described), delivery()};
}

absl::StatusOr<std::int64_t> TenantLedger::Rebind(const std::string& endpoint,
                                                  const std::string& workspace) {
  PEAKSYNC_RETURN_IF_ERROR(GroupStatus());
  const std::int64_t values = KnownValues();
  PEAKSYNC_RETURN_IF_ERROR(StartEpoch());
  PEAKSYNC_RETURN_IF_ERROR(Sql(store_.WriteMeta(kMetaEndpoint, endpoint)));
  PEAKSYNC_RETURN_IF_ERROR(Sql(store_.WriteMeta(kMetaWorkspace, workspace)));
  options_.endpoint = endpoint;
  options_.workspace = workspace;
  workspace_guard_ = absl::OkStatus();
  return values;
}

absl::Status TenantLedger::BecomeRestored(std::string_view reason) {
  PEAKSYNC_RETURN_IF_ERROR(GroupStatus());
  for (ActiveRun* active : runs_.All()) {
    if (active->run().IsFinal()) continue;
    CloseRun(*active, RunState::kCanceled, std::string(reason));
  }
  for (WaitingCustomer* customer : waiting_.All()) {
    for (const Slot& slot : std::exchange(customer->waiting, {})) {
      SettleSlot(slot, &ValueCounts::discarded, &ValueCounts::discarded);
    }
    waiting_.Place(*customer, options_.clock->Steady());
  }
  for (auto& [name, source] : sources_) {
    source.full_required = reason;
    PEAKSYNC_RETURN_IF_ERROR(Sql(store_.WriteSource(source)));
  }
  // The ledger that it replaces may have requests under way, of which this one knows nothing.
  waiting_.DelayAll(options_.clock->Steady() + limits::kLostOutcomeWait);
  return StartEpoch();
}

}  // namespace peaksync

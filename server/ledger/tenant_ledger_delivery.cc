// What waits is leased to the lane, and settled by what Braze answered.
#include <algorithm>
#include <utility>

#include "server/base/check.h"
#include "server/base/limits.h"
#include "server/base/status_macros.h"
#include "server/ledger/tenant_ledger.h"

namespace peaksync {
namespace {

// What of Braze's text is kept; no character is cut in two.
std::string_view Shortened(std::string_view text) {
  if (text.size() <= limits::kReasonBytesMax) return text;
  std::size_t end = limits::kReasonBytesMax;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end);
}

}  // namespace

ReadyState TenantLedger::Ready() {
  if (!EnsureLoaded().ok()) return {};
  return waiting_.Ready(options_.clock->Steady());
}

std::vector<LeasedBatch> TenantLedger::Lease(const LeaseRequest& request) {
  std::vector<LeasedBatch> batches;
  // Memory that is ahead of the file must not be sent: it may never have been acknowledged.
  if (!EnsureLoaded().ok()) return batches;
  const absl::Time now = options_.clock->Steady();
  while (batches.size() < static_cast<std::size_t>(request.batches_max)) {
    const std::vector<WaitingCustomer*> taken = waiting_.TakeBatch(
        request.objects_max, request.bytes_max, request.partial, now, &next_lease_);
    if (taken.empty()) {
      // A commit writes down that so much may be sent.
      if (waiting_.claim_wanted() > sent_up_to_ && Begin().ok() && Commit().ok()) continue;
      break;
    }
    LeasedBatch& batch = batches.emplace_back();
    batch.reserve(taken.size());
    for (const WaitingCustomer* customer : taken) {
      LeasedObject& object = batch.emplace_back();
      object.lease = customer->lease;
      object.customer = customer->customer;
      object.attributes.reserve(customer->in_flight.size());
      for (const Slot& slot : customer->in_flight) {
        object.attributes.push_back(
            {attributes_by_id_[slot.attribute_id]->name, slot.value.json()});
      }
    }
  }
  return batches;
}

void TenantLedger::Settle(const std::vector<ObjectOutcome>& outcomes) {
  const absl::Time now = options_.clock->Steady();
  // What is looked for is rarely in the processor's cache.
  constexpr std::size_t kAhead = 8;
  for (const ObjectOutcome& outcome : outcomes) waiting_.PrefetchLease(outcome.lease);
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    if (i + kAhead < outcomes.size()) PrefetchCustomer(outcomes[i + kAhead].lease);
    SettleOne(outcomes[i], now);
  }
}

void TenantLedger::PrefetchCustomer(LeaseId lease) {
  const WaitingCustomer* customer = waiting_.FindLease(lease);
  if (customer == nullptr) return;
  states_.Prefetch(customer->hash);
  waiting_.Prefetch(customer->hash);
  __builtin_prefetch(customer->in_flight.data());
}

void TenantLedger::SettleOne(const ObjectOutcome& outcome, absl::Time now) {
  WaitingCustomer* customer = waiting_.FindLease(outcome.lease);
  PEAKSYNC_CHECK_MSG(customer != nullptr, "an outcome for a customer that is not in flight");
  if (customer->released) {
    // Its values were read back from the outbox meanwhile and wait again, as maybe sent.
    customer->not_before = std::max(customer->not_before, outcome.not_before);
    waiting_.EndLease(*customer);
    return waiting_.Place(*customer, now);
  }
  const absl::Status settled = SettleValues(outcome, *customer);
  customer->in_flight.clear();
  customer->not_before = outcome.not_before;
  waiting_.EndLease(*customer);
  // Otherwise the group is spoilt, and all that waits is read back from the file.
  if (settled.ok()) waiting_.Place(*customer, now);
}

absl::Status TenantLedger::SettleValues(const ObjectOutcome& outcome, WaitingCustomer& customer) {
  PEAKSYNC_RETURN_IF_ERROR(GroupStatus());
  OpenState open;
  PEAKSYNC_RETURN_IF_ERROR(ReadState(customer, &open));
  CustomerState& state = open.state;
  bool changed = false;
  switch (outcome.kind) {
    case ObjectOutcome::Kind::kConfirmed:
      PEAKSYNC_RETURN_IF_ERROR(Confirm(customer, state));
      changed = true;
      break;
    case ObjectOutcome::Kind::kRejected:
      PEAKSYNC_RETURN_IF_ERROR(Reject(customer, state, outcome));
      changed = true;
      break;
    case ObjectOutcome::Kind::kReturned:
    case ObjectOutcome::Kind::kUnsent:
      changed = Return(customer, state, outcome.kind == ObjectOutcome::Kind::kReturned);
      break;
  }
  changed |= SettleUnchanged(customer, state);
  return changed ? WriteState(open) : absl::OkStatus();
}

absl::Status TenantLedger::Confirm(WaitingCustomer& customer, CustomerState& state) {
  // Not before the run that forced it began, also when the clock has gone back since.
  last_time_ = std::max(Now(), last_time_);
  const UnixNanos now = last_time_;
  for (const Slot& slot : customer.in_flight) {
    Attribute& attribute = *attributes_by_id_[slot.attribute_id];
    const KnownAttribute* before = state.Find(slot.attribute_id);
    if (before == nullptr || IsUnknown(*before)) {
      ++attribute.known_values;
      MarkDirty(attribute);
    }
    KnownAttribute& known = state.At(slot.attribute_id);
    known.value = KnownValue::Of(slot.value);
    known.updated_at = std::max(known.updated_at, slot.updated_at);
    known.source_id = slot.source_id;
    known.confirmed_at = now;
    known.epoch = std::max(epoch_, attribute.epoch);
    if (slot.value.type() != ValueType::kNull && attribute.confirmed_type != slot.value.type()) {
      attribute.confirmed_type = slot.value.type();
      MarkDirty(attribute);
    }
    PEAKSYNC_RETURN_IF_ERROR(CloseRejection(customer.key, attribute.name, slot.updated_at));
    SettleSlot(slot, &ValueCounts::confirmed, &ValueCounts::superseded);
  }
  return absl::OkStatus();
}

absl::Status TenantLedger::Reject(WaitingCustomer& customer, CustomerState& state,
                                  const ObjectOutcome& outcome) {
  const std::string packed = PackCustomer(customer.customer);
  for (const Slot& slot : customer.in_flight) {
    const Attribute& attribute = *attributes_by_id_[slot.attribute_id];
    PEAKSYNC_RETURN_IF_ERROR(KeepRejection({
        .customer_key = customer.key,
        .attribute = attribute.name,
        .kind = RejectionKind::kBraze,
        .run_number = outbox_.At(slot.claims.back().outbox_id).run,
        .customer = packed,
        .value = slot.value.json(),
        .updated_at = slot.updated_at,
        .reject_time = Now(),
        .reason = Shortened(outcome.reason),
        .attempts = slot.attempts + 1,
    }));
    // An earlier request with it was never clearly answered: it may stand in Braze all the same.
    if (slot.may_have_been_sent || outcome.may_have_been_applied) {
      MakeUnknown(state, slot.attribute_id);
    }
    SettleSlot(slot, &ValueCounts::rejected, &ValueCounts::superseded);
  }
  return absl::OkStatus();
}

// What was in flight waits again, under what has come meanwhile, unless its run was canceled.
bool TenantLedger::Return(WaitingCustomer& customer, CustomerState& state,
                          bool may_have_been_sent) {
  if (customer.waiting.empty()) customer.since = options_.clock->Steady();
  for (Slot& sent : customer.in_flight) {
    sent.may_have_been_sent |= may_have_been_sent;
    Slot* newer = customer.FindWaiting(sent.attribute_id);
    if (newer == nullptr) {
      customer.waiting.push_back(std::move(sent));
      continue;
    }
    const bool same =
        SameValue(newer->value, sent.value, attributes_by_id_[sent.attribute_id]->round);
    for (Claim& claim : sent.claims) claim.overtaken |= !same;
    newer->claims.insert(newer->claims.begin(), sent.claims.begin(), sent.claims.end());
    newer->updated_at = std::max(newer->updated_at, sent.updated_at);
    newer->may_have_been_sent |= sent.may_have_been_sent;
    newer->forced_since = std::max(newer->forced_since, sent.forced_since);
    if (same) newer->attempts = std::max(newer->attempts, sent.attempts);
  }
  return DiscardWithdrawn(customer, state);
}

// Decides by the table what waited behind the customer's request: what Braze has now need not be
// sent. True when the state has changed.
bool TenantLedger::SettleUnchanged(WaitingCustomer& customer, CustomerState& state) {
  bool changed = false;
  std::erase_if(customer.waiting, [&](Slot& slot) {
    KnownAttribute* known = state.Find(slot.attribute_id);
    if (known == nullptr || slot.may_have_been_sent || known->confirmed_at < slot.forced_since) {
      return false;
    }
    const Attribute& attribute = *attributes_by_id_[slot.attribute_id];
    AttributeView view;
    view.known = known;
    view.known_is_unknown = IsUnknown(*known);
    const DecideOptions how{.round = attribute.round, .min_change = attribute.min_change};
    if (Decide(view, slot.value, slot.updated_at, how) != Decision::kUnchanged) return false;
    if (slot.updated_at > known->updated_at) {
      known->updated_at = slot.updated_at;
      known->source_id = slot.source_id;
      changed = true;
    }
    (void)CloseRejection(customer.key, attribute.name,
                         slot.updated_at);  // Spoils the group itself.
    SettleSlot(slot, &ValueCounts::unchanged, &ValueCounts::superseded);
    return true;
  });
  return changed;
}

void TenantLedger::SettleSlot(const Slot& slot, RunBook::State joined, RunBook::State overtaken) {
  for (const Claim& claim : slot.claims) {
    ActiveRun& run = *runs_.Find(outbox_.At(claim.outbox_id).run);
    runs_.Count(run, &ValueCounts::pending, -1);
    runs_.Count(run, claim.overtaken ? overtaken : joined, 1);
    outbox_.Settle(claim.outbox_id, slot.attribute_id);
  }
}

}  // namespace peaksync

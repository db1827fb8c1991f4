// Each value of an update is decided, and what is to be sent goes to the outbox.
#include <algorithm>
#include <utility>

#include "server/base/status_macros.h"
#include "server/ledger/batch_context.h"
#include "server/ledger/tenant_ledger.h"

namespace peaksync {

// What an update becomes.
struct TenantLedger::Decided {
  OpenState open;
  WaitingCustomer* customer = nullptr;  // Null: nothing of the customer is under way.
  OutboxRow row;                        // Its values are packed one by one:
  std::uint32_t accepted = 0;           // so many.
  OutboxId outbox_id = 0;
  bool touched = false;
};

absl::Status TenantLedger::DecideUpdate(BatchContext& context, PreparedUpdate& update) {
  const CustomerHash hash = HashOf(update.customer_key);
  Decided decided;
  decided.customer = waiting_.Find(hash, update.customer_key);
  PEAKSYNC_RETURN_IF_ERROR(decided.customer != nullptr
                               ? ReadState(*decided.customer, &decided.open)
                               : ReadState(hash, update.customer_key, &decided.open));
  decided.row.updated_at = update.updated_at;
  decided.row.source_id = context.source_id;
  decided.row.attempts = context.attempts;
  row_packer_.Clear();
  for (std::size_t place = 0; place < update.values.size(); ++place) {
    PEAKSYNC_RETURN_IF_ERROR(DecideValue(context, update, place, decided));
  }
  if (decided.touched) {
    PEAKSYNC_RETURN_IF_ERROR(WriteTouched(decided.open, {update.updated_at, context.source_id}));
  }
  UpdateCounts& updates = context.run->run().updates;
  ++(decided.accepted == 0 ? updates.unchanged : updates.changed);
  runs_.MarkDirty(*context.run);
  if (decided.customer == nullptr) return absl::OkStatus();
  KeepState(decided.open, *decided.customer);
  if (decided.accepted != 0) {
    decided.row.customer = *std::move(update.customer);
    row_packer_.Finish(decided.row, &scratch_);
    runs_.Count(*context.run, &ValueCounts::pending, decided.accepted);
    PEAKSYNC_RETURN_IF_ERROR(
        Sql(outbox_.Add(context.run->stored.number, decided.accepted, scratch_)));
  }
  waiting_.Place(*decided.customer, context.steady_now);
  return absl::OkStatus();
}

absl::Status TenantLedger::DecideValue(BatchContext& context, PreparedUpdate& update,
                                       std::size_t place, Decided& decided) {
  ActiveRun& run = *context.run;
  const Value& value = update.values[place].value;
  const Attribute& attribute = FindOrAddAttribute(update.values[place].name, place);
  KnownAttribute* known = decided.open.state.Find(attribute.attribute_id);
  const AttributeView view = ViewOf(known, decided.customer, attribute.attribute_id);
  const UnixNanos forced_since = ForcedSince(run.run(), known, context.now);
  switch (Decide(
      view, value, update.updated_at,
      {.force = forced_since != 0, .round = attribute.round, .min_change = attribute.min_change})) {
    case Decision::kStale: {
      auto& shown = run.run().stale_newest_known_time;
      shown = std::max(shown, NewestTime(view));
      runs_.Count(run, &ValueCounts::stale, 1);
      return absl::OkStatus();
    }
    case Decision::kCancelOut:
      CancelOut(*decided.customer, attribute.attribute_id);
      [[fallthrough]];
    case Decision::kUnchanged:
      runs_.Count(run, &ValueCounts::unchanged, 1);
      // Or else a late older value would overtake it.
      if (update.updated_at > known->updated_at) {
        known->updated_at = update.updated_at;
        known->source_id = context.source_id;
        decided.touched = true;
      }
      return CloseRejection(update.customer_key, attribute.name, update.updated_at);
    case Decision::kJoin:
      Accept(context, update, place, /*joins=*/true, forced_since, decided);
      return absl::OkStatus();
    case Decision::kSend:
      Accept(context, update, place, /*joins=*/false, forced_since, decided);
      return absl::OkStatus();
  }
  return absl::OkStatus();
}

AttributeView TenantLedger::ViewOf(const KnownAttribute* known, WaitingCustomer* customer,
                                   std::uint32_t attribute_id) const {
  AttributeView view;
  view.known = known;
  view.known_is_unknown = known != nullptr && IsUnknown(*known);
  if (customer == nullptr) return view;
  const auto under_way = [](const Slot& slot) {
    return UnderWay{&slot.value, slot.updated_at, slot.may_have_been_sent, slot.forced_since != 0};
  };
  view.customer_in_flight = customer->lease != 0;
  if (const Slot* waiting = customer->FindWaiting(attribute_id)) view.waiting = under_way(*waiting);
  if (const Slot* sent = customer->FindInFlight(attribute_id)) view.in_flight = under_way(*sent);
  return view;
}

// Not 0: the value is sent also if Braze has it, unless that was confirmed since then.
UnixNanos TenantLedger::ForcedSince(const Run& run, const KnownAttribute* known,
                                    UnixNanos now) const {
  UnixNanos since = run.mode == RunMode::kFull ? run.create_time : 0;
  if (options_.rules->resend_after) {
    since = std::max(since, now - absl::ToInt64Nanoseconds(*options_.rules->resend_after));
  }
  return known == nullptr || known->confirmed_at < since ? since : 0;
}

void TenantLedger::CancelOut(WaitingCustomer& customer, std::uint32_t attribute_id) {
  Slot* slot = customer.FindWaiting(attribute_id);
  SettleSlot(*slot, &ValueCounts::superseded, &ValueCounts::superseded);
  customer.waiting.erase(customer.waiting.begin() + (slot - customer.waiting.data()));
}

void TenantLedger::Accept(const BatchContext& context, PreparedUpdate& update, std::size_t place,
                          bool joins, UnixNanos forced_since, Decided& decided) {
  OutboxRow& row = decided.row;
  Value& value = update.values[place].value;
  const std::uint32_t attribute_id = FindAttribute(update.values[place].name, place)->attribute_id;
  if (decided.accepted++ == 0) decided.outbox_id = outbox_.NextId();
  row_packer_.Add(attribute_id, joins, value);
  row.forced_since = std::max(row.forced_since, forced_since);
  if (decided.customer == nullptr) {
    decided.customer = &waiting_.At(decided.open.hash, decided.open.key, *update.customer);
    decided.customer->waiting.reserve(update.values.size() - place);
  }
  WaitingCustomer& customer = *decided.customer;
  if (customer.waiting.empty()) customer.since = context.steady_now;
  Slot* slot = customer.FindWaiting(attribute_id);
  if (slot == nullptr) {
    slot = &customer.waiting.emplace_back();
    slot->attribute_id = attribute_id;
    slot->updated_at = update.updated_at;
  }
  if (!joins) {
    // The older value gives way, and its claims wait for the newer one to be settled.
    for (Claim& claim : slot->claims) claim.overtaken = true;
    slot->value = std::move(value);
    slot->attempts = 0;
  }
  // Not older than what is confirmed: an equal value that Braze is asked to take again.
  if (const KnownAttribute* known = decided.open.state.Find(attribute_id)) {
    slot->updated_at = std::max(slot->updated_at, known->updated_at);
  }
  slot->updated_at = std::max(slot->updated_at, update.updated_at);
  slot->attempts = std::max(slot->attempts, row.attempts);
  slot->source_id = row.source_id;
  slot->forced_since = std::max(slot->forced_since, row.forced_since);
  slot->claims.push_back({decided.outbox_id});
  customer.last_claim = decided.outbox_id;
}

}  // namespace peaksync

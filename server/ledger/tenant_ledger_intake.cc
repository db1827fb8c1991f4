// A batch comes in: what validation could not know is checked, each value is decided, and what is
// to be sent goes to the outbox.
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

// From so many values on, max_invalid_percent is watched while a run goes; before, at its end only.
constexpr std::int64_t kGuardFromValues = 10'000;

// The entry that explains why the update was skipped.
const InvalidValue& FirstFault(const PreparedUpdate& update) { return update.invalid.front(); }

bool IsWholeUpdateInvalid(const PreparedUpdate& update) {
  return std::ranges::any_of(update.invalid, &InvalidValue::whole_update);
}

// Look-ups in this order stay within a few pages; updates of one customer keep their order.
std::vector<std::uint32_t> InOrderOfTheTable(const std::vector<PreparedUpdate>& updates) {
  std::vector<std::pair<CustomerHash, std::uint32_t>> hashes;
  hashes.reserve(updates.size());
  for (const PreparedUpdate& update : updates) {
    hashes.emplace_back(HashOf(update.customer_key), static_cast<std::uint32_t>(hashes.size()));
  }
  std::ranges::sort(hashes);
  std::vector<std::uint32_t> order;
  order.reserve(hashes.size());
  for (const auto& [hash, index] : hashes) order.push_back(index);
  return order;
}

}  // namespace

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
  for (const std::uint32_t index : InOrderOfTheTable(request.updates)) {
    PEAKSYNC_RETURN_IF_ERROR(TakeUpdate(context, request.updates[index]));
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
  std::erase_if(update.values, [&](AttributeValue& value) {
    const Attribute* attribute = FindAttribute(value.name);
    std::string reason;
    if (attribute == nullptr) {
      if (names < limits::kAttributeNamesMax) {
        ++names;
        return false;
      }
      reason = Concat("the tenant uses ", limits::kAttributeNamesMax, " attribute names already");
    } else {
      if (!attribute->confirmed_type || value.value.type() == ValueType::kNull ||
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

TenantLedger::Attribute* TenantLedger::FindAttribute(std::string_view name) {
  const auto found = attributes_.find(Abseil(name));
  return found == attributes_.end() ? nullptr : found->second.get();
}

void TenantLedger::ApplyRule(Attribute& attribute) const {
  attribute.round.reset();
  attribute.min_change.reset();
  for (const auto& [model_name, rule] : options_.rules->attributes) {
    if (attribute.name != (rule.rename.empty() ? model_name : rule.rename)) continue;
    attribute.round = rule.round;
    attribute.min_change = rule.min_change;
  }
}

void TenantLedger::Reconfigure(std::shared_ptr<const TenantRules> rules) {
  options_.rules = std::move(rules);
  for (auto& [name, attribute] : attributes_) ApplyRule(*attribute);
}

TenantLedger::Attribute& TenantLedger::AddAttribute(std::uint32_t attribute_id,
                                                    std::string_view name) {
  auto attribute = std::make_unique<Attribute>();
  attribute->attribute_id = attribute_id;
  attribute->name = *names_.emplace(std::string(name)).first;
  ApplyRule(*attribute);
  if (attributes_by_id_.size() <= attribute_id) attributes_by_id_.resize(attribute_id + 1);
  attributes_by_id_[attribute_id] = attribute.get();
  return *(attributes_[Abseil(attribute->name)] = std::move(attribute));
}

absl::StatusOr<TenantLedger::Attribute*> TenantLedger::FindOrAddAttribute(std::string_view name) {
  if (Attribute* found = FindAttribute(name)) return found;
  Attribute& added = AddAttribute(static_cast<std::uint32_t>(attributes_.size()) + 1, name);
  MarkDirty(added);
  return &added;
}

bool TenantLedger::IsUnknown(const KnownAttribute& known) const {
  return known.value.unknown || known.epoch < epoch_ ||
         known.epoch < attributes_by_id_[known.attribute_id]->epoch;
}

AttributeView TenantLedger::ViewOf(CustomerState& state, WaitingCustomer* customer,
                                   std::uint32_t attribute_id) {
  AttributeView view;
  view.known = state.Find(attribute_id);
  view.known_is_unknown = view.known != nullptr && IsUnknown(*view.known);
  if (customer == nullptr) return view;
  const auto under_way = [](const Slot& slot) {
    return UnderWay{&slot.value, slot.updated_at, slot.may_have_been_sent, slot.forced_since != 0};
  };
  view.customer_in_flight = customer->lease != 0;
  if (const Slot* waiting = customer->FindWaiting(attribute_id)) view.waiting = under_way(*waiting);
  if (const Slot* sent = customer->FindInFlight(attribute_id)) view.in_flight = under_way(*sent);
  return view;
}

absl::Status TenantLedger::ReadState(std::string_view key, OpenState* open) {
  open->key = key;
  open->hash = HashOf(key);
  const absl::StatusOr<bool> alone = states_.Read(open->hash, key, &open->state);
  PEAKSYNC_RETURN_IF_ERROR(Sql(alone.status()));
  open->alone = *alone;
  for (const KnownAttribute& known : open->state.attributes) {
    if (known.attribute_id < attributes_by_id_.size() &&
        attributes_by_id_[known.attribute_id] != nullptr) {
      continue;
    }
    return Sql(absl::DataLossError("a customer's row names an unknown attribute"));
  }
  return absl::OkStatus();
}

absl::Status TenantLedger::WriteState(const OpenState& open) {
  return Sql(states_.Write(open.hash, open.key, open.state, open.alone, journal_));
}

absl::Status TenantLedger::WriteTouched(const OpenState& open, const Touch& touch) {
  const bool all_touched = std::ranges::none_of(
      open.state.attributes,
      [&](const KnownAttribute& known) { return known.updated_at < touch.updated_at; });
  if (!open.alone || !all_touched) return WriteState(open);
  states_.Write(open.hash, touch, journal_);
  return absl::OkStatus();
}

absl::Status TenantLedger::DecideUpdate(BatchContext& context, PreparedUpdate& update) {
  ActiveRun& run = *context.run;
  OpenState open;
  PEAKSYNC_RETURN_IF_ERROR(ReadState(update.customer_key, &open));
  CustomerState& state = open.state;
  WaitingCustomer* customer = waiting_.Find(update.customer_key);
  OutboxRow row;
  row.updated_at = update.updated_at;
  row.source_id = context.source_id;
  row.attempts = context.attempts;
  OutboxId outbox_id = 0;
  bool state_changed = false;

  for (AttributeValue& incoming : update.values) {
    PEAKSYNC_ASSIGN_OR_RETURN(Attribute * attribute, FindOrAddAttribute(incoming.name));
    const AttributeView view = ViewOf(state, customer, attribute->attribute_id);
    KnownAttribute* known = state.Find(attribute->attribute_id);
    DecideOptions how{.round = attribute->round, .min_change = attribute->min_change};
    const UnixNanos forced_since = ForcedSince(run.run(), known, context.now);
    how.force = forced_since != 0;
    const Decision decision = Decide(view, incoming.value, update.updated_at, how);

    if (decision == Decision::kStale) {
      auto& shown = run.run().stale_newest_known_time;
      shown = std::max(shown, NewestTime(view));
      runs_.Count(run, &ValueCounts::stale, 1);
      continue;
    }
    if (decision == Decision::kCancelOut) {
      Slot* slot = customer->FindWaiting(attribute->attribute_id);
      SettleSlot(*slot, &ValueCounts::superseded, &ValueCounts::superseded);
      customer->waiting.erase(customer->waiting.begin() + (slot - customer->waiting.data()));
    }
    if (decision == Decision::kUnchanged || decision == Decision::kCancelOut) {
      runs_.Count(run, &ValueCounts::unchanged, 1);
      // Or else a late older value would overtake it.
      if (update.updated_at > known->updated_at) {
        known->updated_at = update.updated_at;
        known->source_id = context.source_id;
        state_changed = true;
      }
      PEAKSYNC_RETURN_IF_ERROR(
          CloseRejection(update.customer_key, attribute->name, update.updated_at));
      continue;
    }
    if (row.attributes.empty()) outbox_id = outbox_.NextId();
    if (customer == nullptr) customer = &waiting_.At(update.customer_key, *update.customer);
    row.forced_since = std::max(row.forced_since, forced_since);
    Accept(*customer, *attribute, outbox_id, row, incoming.value, decision,
           std::max(update.updated_at, known != nullptr ? known->updated_at : update.updated_at));
  }

  if (state_changed) {
    PEAKSYNC_RETURN_IF_ERROR(WriteTouched(open, {update.updated_at, context.source_id}));
  }
  ++(row.attributes.empty() ? run.run().updates.unchanged : run.run().updates.changed);
  runs_.MarkDirty(run);
  if (!row.attributes.empty()) {
    PEAKSYNC_RETURN_IF_ERROR(InsertOutbox(run, row, *std::move(update.customer)));
  }
  if (customer != nullptr) waiting_.Place(*customer, options_.clock->Steady());
  return absl::OkStatus();
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

absl::Status TenantLedger::InsertOutbox(ActiveRun& run, OutboxRow& row, Customer customer) {
  const auto values = static_cast<std::int64_t>(row.attributes.size());
  runs_.Count(run, &ValueCounts::pending, values);
  row.customer = std::move(customer);
  row.Pack(&scratch_);
  return Sql(outbox_.Add(run.stored.number, static_cast<std::uint32_t>(values), scratch_));
}

void TenantLedger::Accept(WaitingCustomer& customer, const Attribute& attribute, OutboxId outbox_id,
                          OutboxRow& row, Value& value, Decision decision, UnixNanos updated_at) {
  if (customer.waiting.empty()) customer.since = options_.clock->Steady();
  const bool joins = decision == Decision::kJoin;
  row.attributes.push_back({attribute.attribute_id, joins, value});
  Slot* slot = customer.FindWaiting(attribute.attribute_id);
  if (slot == nullptr) {
    slot = &customer.waiting.emplace_back();
    slot->attribute_id = attribute.attribute_id;
    slot->updated_at = updated_at;
  }
  if (!joins) {
    // The older value gives way, and its claims wait for the newer one to be settled.
    for (Claim& claim : slot->claims) claim.overtaken = true;
    slot->value = std::move(value);
    slot->attempts = 0;
  }
  slot->attempts = std::max(slot->attempts, row.attempts);
  slot->updated_at = std::max(slot->updated_at, updated_at);
  slot->source_id = row.source_id;
  slot->forced_since = std::max(slot->forced_since, row.forced_since);
  slot->claims.push_back({outbox_id});
}

}  // namespace peaksync

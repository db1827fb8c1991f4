// Attributes by name, and customers' states as they are read and written.
#include <algorithm>
#include <memory>
#include <utility>

#include "server/base/status_macros.h"
#include "server/domain/concat.h"
#include "server/ledger/tenant_ledger.h"

namespace peaksync {

// Updates of a source mostly have the same attributes in the same places.
TenantLedger::Attribute* TenantLedger::FindAttribute(std::string_view name, std::size_t place) {
  if (place >= attributes_by_place_.size()) attributes_by_place_.resize(place + 1);
  Attribute*& found = attributes_by_place_[place];
  if (found == nullptr || found->name != name) found = FindAttribute(name);
  return found;
}

TenantLedger::Attribute* TenantLedger::FindAttribute(std::string_view name) {
  const auto found = attributes_.find(Abseil(name));
  return found == attributes_.end() ? nullptr : found->second.get();
}

void TenantLedger::ApplyRule(Attribute& attribute) const {
  attribute.round.reset();
  attribute.min_change.reset();
  attribute.has_type = false;
  for (const auto& [model_name, rule] : options_.rules->attributes) {
    if (attribute.name != (rule.rename.empty() ? model_name : rule.rename)) continue;
    attribute.round = rule.round;
    attribute.min_change = rule.min_change;
    attribute.has_type = rule.type.has_value();
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

TenantLedger::Attribute& TenantLedger::FindOrAddAttribute(std::string_view name,
                                                          std::size_t place) {
  if (Attribute* found = FindAttribute(name, place)) return *found;
  Attribute& added = AddAttribute(static_cast<std::uint32_t>(attributes_.size()) + 1, name);
  MarkDirty(added);
  return added;
}

bool TenantLedger::IsUnknown(const KnownAttribute& known) const {
  return known.value.unknown || known.epoch < epoch_ ||
         known.epoch < attributes_by_id_[known.attribute_id]->epoch;
}

absl::Status TenantLedger::ReadState(CustomerHash hash, std::string_view key, OpenState* open) {
  open->key = key;
  open->hash = hash;
  const absl::StatusOr<bool> alone = states_.Read(hash, key, &open->state);
  PEAKSYNC_RETURN_IF_ERROR(Sql(alone.status()));
  open->alone = *alone;
  const bool all_named = std::ranges::all_of(open->state.attributes, [&](const auto& known) {
    return known.attribute_id < attributes_by_id_.size() &&
           attributes_by_id_[known.attribute_id] != nullptr;
  });
  if (all_named) return absl::OkStatus();
  return Sql(absl::DataLossError("a customer's row names an unknown attribute"));
}

absl::Status TenantLedger::ReadState(const WaitingCustomer& customer, OpenState* open) {
  if (!customer.known) return ReadState(customer.hash, customer.key, open);
  open->key = customer.key;
  open->hash = customer.hash;
  open->alone = true;
  if (!customer.known->empty()) return Sql(CustomerState::Unpack(*customer.known, &open->state));
  open->state.attributes.clear();
  return absl::OkStatus();
}

// So that settling need not look for the row again.
void TenantLedger::KeepState(const OpenState& open, WaitingCustomer& customer) {
  customer.known.reset();
  if (!open.alone || !waiting_.IsAlone(customer)) return;
  customer.known.emplace();
  if (!open.state.attributes.empty()) open.state.Pack(&*customer.known);
}

absl::Status TenantLedger::WriteState(const OpenState& open) {
  if (WaitingCustomer* customer = waiting_.Find(open.hash, open.key)) customer->known.reset();
  return Sql(states_.Write(open.hash, open.key, open.state, open.alone, journal_));
}

absl::Status TenantLedger::WriteTouched(const OpenState& open, const Touch& touch) {
  const bool all_touched = std::ranges::none_of(open.state.attributes, [&](const auto& known) {
    return known.updated_at < touch.updated_at;
  });
  if (!open.alone || !all_touched) return WriteState(open);
  states_.Write(open.hash, touch, journal_);
  return absl::OkStatus();
}

bool TenantLedger::MakeUnknown(CustomerState& state, std::uint32_t attribute_id) {
  KnownAttribute* known = state.Find(attribute_id);
  if (known == nullptr || IsUnknown(*known)) return false;
  known->value = KnownValue::Unknown();
  Attribute& attribute = *attributes_by_id_[attribute_id];
  --attribute.known_values;
  MarkDirty(attribute);
  return true;
}

void TenantLedger::MarkDirty(Attribute& attribute) {
  if (attribute.dirty) return;
  attribute.dirty = true;
  dirty_attributes_.push_back(&attribute);
}

}  // namespace peaksync

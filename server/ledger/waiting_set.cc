#include "server/ledger/waiting_set.h"

#include <algorithm>
#include <iterator>
#include <memory>
#include <utility>

#include "server/base/check.h"
#include "server/base/limits.h"
#include "server/domain/concat.h"

namespace peaksync {
namespace {

// More than a body needs for them: braces, quotes, the name of the identifier, escapes.
constexpr std::int64_t kObjectOverhead = 128;
// An attribute's name (at most 255 characters) is not known here; its usual length is below this,
// and the lane measures the body it makes exactly.
constexpr std::int64_t kAttributeOverhead = 64;

std::int64_t SlotBytes(const Slot& slot) {
  return static_cast<std::int64_t>(slot.value.json().size() + sizeof(Slot) +
                                   slot.claims.size() * sizeof(Claim)) +
         kAttributeOverhead;
}

}  // namespace

Slot* WaitingCustomer::FindWaiting(std::uint32_t attribute_id) {
  const auto found = std::ranges::find(waiting, attribute_id, &Slot::attribute_id);
  return found == waiting.end() ? nullptr : &*found;
}

const Slot* WaitingCustomer::FindInFlight(std::uint32_t attribute_id) const {
  const auto found = std::ranges::find(in_flight, attribute_id, &Slot::attribute_id);
  return found == in_flight.end() ? nullptr : &*found;
}

namespace {

// All that waits, or as much as one object may hold: merging must not make it larger than any
// single update could be.
void MoveToFlight(WaitingCustomer& customer) {
  PEAKSYNC_CHECK(customer.in_flight.empty());
  constexpr auto kBytesMax = static_cast<std::int64_t>(limits::kObjectBytesMax);
  if (customer.bytes <= kBytesMax) {
    customer.in_flight = std::exchange(customer.waiting, {});
    return;
  }
  std::int64_t bytes = 0;
  auto end = customer.waiting.begin();
  while (end != customer.waiting.end() && (bytes == 0 || bytes + SlotBytes(*end) <= kBytesMax)) {
    bytes += SlotBytes(*end++);
  }
  customer.in_flight.assign(std::make_move_iterator(customer.waiting.begin()),
                            std::make_move_iterator(end));
  customer.waiting.erase(customer.waiting.begin(), end);
}

}  // namespace

WaitingCustomer& WaitingSet::At(CustomerHash hash, std::string_view key, const Customer& customer) {
  std::unique_ptr<WaitingCustomer>* at = &customers_[hash];
  for (; *at != nullptr; at = &(*at)->same_hash) {
    if ((*at)->key == key) return **at;
    (*at)->known.reset();  // Not alone any more.
  }
  *at = std::make_unique<WaitingCustomer>();
  ++count_;
  WaitingCustomer& added = **at;
  added.hash = hash;
  added.key = key;
  added.customer = customer;
  added.not_before = all_not_before_;
  if (!forgotten_not_before_.empty()) {
    if (const auto delay = forgotten_not_before_.find(added.key);
        delay != forgotten_not_before_.end()) {
      added.not_before = std::max(delay->second, all_not_before_);
      forgotten_not_before_.erase(delay);
    }
  }
  return added;
}

WaitingCustomer* WaitingSet::Find(CustomerHash hash, std::string_view key) {
  const auto found = customers_.find(hash);
  if (found == customers_.end()) return nullptr;
  for (WaitingCustomer* at = found->second.get(); at != nullptr; at = at->same_hash.get()) {
    if (at->key == key) return at;
  }
  return nullptr;
}

void WaitingSet::Erase(WaitingCustomer& customer) {
  const auto found = customers_.find(customer.hash);
  std::unique_ptr<WaitingCustomer>* at = &found->second;
  while (at->get() != &customer) at = &(*at)->same_hash;
  *at = std::move((*at)->same_hash);
  --count_;
  if (found->second == nullptr) customers_.erase(found);
}

WaitingCustomer* WaitingSet::FindLease(LeaseId lease) {
  const auto found = leases_.find(lease);
  return found == leases_.end() ? nullptr : found->second;
}

std::vector<WaitingCustomer*> WaitingSet::All() {
  std::vector<WaitingCustomer*> all;
  all.reserve(static_cast<std::size_t>(count_));
  for (const auto& [hash, first] : customers_) {
    for (WaitingCustomer* at = first.get(); at != nullptr; at = at->same_hash.get()) {
      all.push_back(at);
    }
  }
  return all;
}

void WaitingSet::Unqueue(WaitingCustomer& customer) {
  switch (customer.place) {
    case WaitingCustomer::Place::kNone:
      return;
    case WaitingCustomer::Place::kReady:
      if (customer.flush) --flush_customers_;
      customer.flush = false;
      ready_bytes_ -= customer.bytes;
      --ready_count_;
      (customer.ready_before != nullptr ? customer.ready_before->ready_after : first_ready_) =
          customer.ready_after;
      (customer.ready_after != nullptr ? customer.ready_after->ready_before : last_ready_) =
          customer.ready_before;
      break;
    case WaitingCustomer::Place::kDelayed:
      delayed_.erase(customer.delayed_at);
      break;
  }
  customer.place = WaitingCustomer::Place::kNone;
}

void WaitingSet::Measure(WaitingCustomer& customer) {
  std::int64_t bytes =
      kObjectOverhead + static_cast<std::int64_t>(sizeof(WaitingCustomer) + customer.key.size() +
                                                  customer.customer.id.size() +
                                                  (customer.known ? customer.known->size() : 0));
  for (const Slot& slot : customer.waiting) bytes += SlotBytes(slot);
  for (const Slot& slot : customer.in_flight) bytes += SlotBytes(slot);
  const std::int64_t change = bytes - customer.bytes;
  bytes_ += change;
  if (customer.place == WaitingCustomer::Place::kReady) ready_bytes_ += change;
  customer.bytes = bytes;
}

void WaitingSet::Place(WaitingCustomer& customer, absl::Time now) {
  if (customer.lease == 0 && customer.waiting.empty()) {
    Unqueue(customer);
    bytes_ -= customer.bytes;
    if (customer.not_before > now) RememberDelay(customer);  // What it waited for was discarded.
    return Erase(customer);
  }
  Measure(customer);
  if (customer.lease != 0 || customer.waiting.empty()) return;
  if (customer.place == WaitingCustomer::Place::kReady) return;  // Keeps its turn.
  Unqueue(customer);
  if (customer.not_before > now) {
    customer.delayed_at = delayed_.emplace(customer.not_before, &customer);
    customer.place = WaitingCustomer::Place::kDelayed;
    return;
  }
  customer.ready_before = last_ready_;
  customer.ready_after = nullptr;
  (last_ready_ != nullptr ? last_ready_->ready_after : first_ready_) = &customer;
  last_ready_ = &customer;
  ++ready_count_;
  customer.place = WaitingCustomer::Place::kReady;
  ready_bytes_ += customer.bytes;
}

void WaitingSet::RememberDelay(const WaitingCustomer& customer) {
  forgotten_not_before_[customer.key] = customer.not_before;
  forgotten_.emplace(customer.not_before, customer.key);
}

void WaitingSet::PromoteDelayed(absl::Time now) {
  while (!forgotten_.empty() && forgotten_.begin()->first <= now) {
    const auto delay = forgotten_not_before_.find(forgotten_.begin()->second);
    if (delay != forgotten_not_before_.end() && delay->second <= now) {
      forgotten_not_before_.erase(delay);
    }
    forgotten_.erase(forgotten_.begin());
  }
  while (!delayed_.empty() && delayed_.begin()->first <= now) {
    WaitingCustomer& customer = *delayed_.begin()->second;
    Unqueue(customer);
    Place(customer, now);
  }
}

void WaitingSet::FlushReady() {
  for (WaitingCustomer* at = first_ready_; at != nullptr; at = at->ready_after) at->flush = true;
  flush_customers_ = ready_count_;
}

std::vector<WaitingCustomer*> WaitingSet::TakeBatch(int objects_max, std::int64_t bytes_max,
                                                    bool partial, absl::Time now,
                                                    std::uint64_t* next_lease) {
  PromoteDelayed(now);
  std::vector<WaitingCustomer*> batch;
  std::int64_t bytes = 0;
  bool full = false;
  for (WaitingCustomer* customer = first_ready_; customer != nullptr;
       customer = customer->ready_after) {
    if (!batch.empty() && bytes + customer->bytes > bytes_max) {
      full = true;
      break;
    }
    bytes += customer->bytes;
    batch.push_back(customer);
    full = batch.size() == static_cast<std::size_t>(objects_max);
    if (full) break;
  }
  if (!full && !partial) return {};
  for (const WaitingCustomer* customer : batch) {
    claim_wanted_ = std::max(claim_wanted_, customer->last_claim);
  }
  if (claim_wanted_ > claim_max_) return {};
  for (WaitingCustomer* customer : batch) {
    Unqueue(*customer);
    customer->lease = (*next_lease)++;
    leases_.emplace(customer->lease, customer);
    MoveToFlight(*customer);
  }
  return batch;
}

void WaitingSet::EndLease(WaitingCustomer& customer) {
  PEAKSYNC_CHECK(leases_.erase(customer.lease) == 1);
  customer.lease = 0;
  customer.released = false;
}

void WaitingSet::ForgetSlots() {
  for (WaitingCustomer* customer : All()) {
    Unqueue(*customer);
    customer->waiting.clear();
    customer->in_flight.clear();
    customer->known.reset();
    if (customer->lease == 0) {
      bytes_ -= customer->bytes;
      if (customer->not_before != absl::InfinitePast()) RememberDelay(*customer);
      Erase(*customer);
      continue;
    }
    customer->released = true;
    Measure(*customer);
  }
}

bool WaitingSet::HasUnseenDelays(absl::Time now) {
  PromoteDelayed(now);
  return !forgotten_not_before_.empty() || all_not_before_ > now;
}

bool WaitingSet::IsQuiet(absl::Time now) {
  return !HasUnseenDelays(now) && leases_.empty() && delayed_.empty();
}

ReadyState WaitingSet::Ready(absl::Time now) {
  PromoteDelayed(now);
  ReadyState state;
  state.customers = ready_count_;
  state.bytes = ready_bytes_;
  state.flush_customers = flush_customers_;
  if (first_ready_ != nullptr) state.oldest = first_ready_->since;
  if (!delayed_.empty()) state.next_delayed = delayed_.begin()->first;
  return state;
}

}  // namespace peaksync

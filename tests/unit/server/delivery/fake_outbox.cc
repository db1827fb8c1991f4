#include "tests/unit/server/delivery/fake_outbox.h"

#include <utility>

namespace peaksync::testing {

void FakeOutbox::Add(const std::string& id, const std::string& json, absl::Time now) {
  const auto found = waiting_.find(id);
  if (found != waiting_.end()) {
    const bool ready = !found->second.flying && found->second.not_before <= now;
    if (ready) ready_bytes_ += Bytes(json) - Bytes(found->second.json);
    found->second.json = json;
    return;
  }
  Waiting& added = waiting_[id];
  added.json = json;
  added.since = now;
  added.flying = flying_.contains(id);
  if (!added.flying) Place(id, now);
}

void FakeOutbox::Place(const std::string& id, absl::Time now) {
  const Waiting& waiting = waiting_.at(id);
  if (waiting.not_before > now) {
    delayed_.emplace(waiting.not_before, id);
    return;
  }
  ready_.push_back(id);
  ready_bytes_ += Bytes(waiting.json);
}

void FakeOutbox::Promote(absl::Time now) {
  while (!delayed_.empty() && delayed_.begin()->first <= now) {
    const std::string id = delayed_.begin()->second;
    delayed_.erase(delayed_.begin());
    waiting_.at(id).not_before = absl::InfinitePast();
    Place(id, now);
  }
}

void FakeOutbox::Flush() {
  for (const std::string& id : ready_) waiting_.at(id).flush = true;
  flush_ = static_cast<std::int64_t>(ready_.size());
}

std::vector<LeasedBatch> FakeOutbox::Lease(const LeaseRequest& request, absl::Time now) {
  Promote(now);
  std::vector<LeasedBatch> batches;
  while (batches.size() < static_cast<std::size_t>(request.batches_max)) {
    std::size_t count = 0;
    std::int64_t bytes = 0;
    bool full = false;
    while (count < ready_.size() && !full) {
      const std::int64_t more = Bytes(waiting_.at(ready_[count]).json);
      if (count > 0 && bytes + more > request.bytes_max) {
        full = true;
        break;
      }
      bytes += more;
      full = ++count == static_cast<std::size_t>(request.objects_max);
    }
    if (count == 0 || (!full && !request.partial)) break;
    LeasedBatch& batch = batches.emplace_back();
    for (; count > 0; --count) {
      const std::string id = std::move(ready_.front());
      ready_.pop_front();
      const auto waiting = waiting_.find(id);
      ready_bytes_ -= Bytes(waiting->second.json);
      if (waiting->second.flush) --flush_;
      const LeaseId lease = next_lease_++;
      batch.push_back({.lease = lease,
                       .customer = {IdentifierKind::kExternalId, id, ""},
                       .attributes = {{kAttribute, waiting->second.json}}});
      leases_[lease] = {id, std::move(waiting->second.json)};
      flying_[id] = lease;
      waiting_.erase(waiting);
    }
  }
  return batches;
}

ReadyState FakeOutbox::Ready(absl::Time now) {
  Promote(now);
  ReadyState state;
  state.customers = static_cast<std::int64_t>(ready_.size());
  state.bytes = ready_bytes_;
  state.flush_customers = flush_;
  if (!ready_.empty()) state.oldest = waiting_.at(ready_.front()).since;
  if (!delayed_.empty()) state.next_delayed = delayed_.begin()->first;
  return state;
}

const FakeOutbox::Flying* FakeOutbox::Find(LeaseId lease) const {
  const auto found = leases_.find(lease);
  return found == leases_.end() ? nullptr : &found->second;
}

void FakeOutbox::Settle(const ObjectOutcome& outcome, absl::Time now) {
  Flying flying = std::move(leases_.at(outcome.lease));
  leases_.erase(outcome.lease);
  flying_.erase(flying.id);
  const bool back = outcome.kind == ObjectOutcome::Kind::kReturned ||
                    outcome.kind == ObjectOutcome::Kind::kUnsent;
  auto waiting = waiting_.find(flying.id);
  if (waiting == waiting_.end()) {
    if (!back) return;
    waiting = waiting_.try_emplace(flying.id).first;
    waiting->second.json = std::move(flying.json);
    waiting->second.since = now;
  }
  waiting->second.flying = false;
  waiting->second.not_before = outcome.not_before;
  Place(flying.id, now);
}

}  // namespace peaksync::testing

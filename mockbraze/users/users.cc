#include "mockbraze/users/users.h"

#include <algorithm>
#include <utility>

#include "mockbraze/base/limits.h"
#include "mockbraze/base/text.h"
#include "mockbraze/users/event_rules.h"

namespace mockbraze {
namespace {

// Where in the processing delay a user's turn is: over 0, up to 1.
double Turn(std::uint64_t seed, const Identifier& id) {
  const std::uint64_t mixed = Mix(seed + id.Hash());
  return static_cast<double>((mixed >> 11) + 1) * 0x1p-53;
}

}  // namespace

Users::Users(std::uint64_t seed, const Clock& clock) : seed_(seed), clock_(clock) {
  store_.emplace(seed_);
}

void Users::Configure(std::shared_ptr<const UserRules> rules, Processing processing) {
  const std::lock_guard lock(mutex_);
  ApplyDue();
  rules_ = std::move(rules);
  store_->names().Obey(*rules_);
  processing_ = processing;
  if (!waiting_.empty()) no_earlier_ = waiting_.rbegin()->first;
}

LostUpdates::Flight Users::BeginFlight(const std::vector<Identifier>& ids) {
  const std::lock_guard lock(mutex_);
  std::vector<LostUpdates::Customer> customers;
  customers.reserve(ids.size());
  for (const Identifier& id : ids) {
    customers.push_back(LostUpdates::CustomerOf(id, store_->Find(id)));
  }
  return lost_updates_.Begin(std::move(customers));
}

void Users::Accept(std::vector<TrackObject> objects, LostUpdates::Flight flight) {
  const std::lock_guard lock(mutex_);
  ApplyDue();
  if (IsForgotten(flight)) return;
  lost_updates_.Answered(flight, objects.size());
  const bool at_once = processing_.delay.count() == 0 && waiting_.empty();
  if (at_once) Expect(objects);
  const Clock::Time now = at_once ? Clock::Time() : clock_.Now();
  for (TrackObject& object : objects) {
    if (object.array != InputArray::kAttributes) BoundTime(clock_.Now(), &object.members);
    Count(object);
    if (at_once) {
      Apply(std::move(object), flight);
    } else {
      Wait(std::move(object), flight, now);
    }
  }
  while (waiting_.size() > limits::waiting_objects_max ||
         waiting_bytes_ > limits::waiting_bytes_max) {
    RunOldest();
  }
}

bool Users::IsForgotten(LostUpdates::Flight flight) const {
  return flight != LostUpdates::none && !lost_updates_.IsOpen(flight);
}

void Users::Expect(const std::vector<TrackObject>& objects) const {
  std::vector<std::uint64_t> external_ids;
  external_ids.reserve(objects.size());
  for (const TrackObject& object : objects) {
    const Identifier& id = *object.identifier();
    if (id.kind == IdKind::kExternalId) external_ids.push_back(ExternalIdIndex::Hash(id.value));
  }
  store_->Expect(external_ids);
}

void Users::AcceptNow(TrackObject object, LostUpdates::Flight flight,
                      const std::function<void(ProfileStore&, const Profile*)>& look) {
  const std::lock_guard lock(mutex_);
  ApplyDue();
  if (IsForgotten(flight)) return;
  lost_updates_.Answered(flight, 1);
  if (object.array != InputArray::kAttributes) BoundTime(clock_.Now(), &object.members);
  Count(object);
  const Identifier id = *object.identifier();
  Apply(std::move(object), flight);
  look(*store_, store_->Find(id));
}

void Users::Wait(TrackObject object, LostUpdates::Flight flight, Clock::Time now) {
  if (now < accepted_last_ && !waiting_.empty()) no_earlier_ = waiting_.rbegin()->first;
  accepted_last_ = now;
  std::chrono::milliseconds delay = processing_.delay;
  if (processing_.partial) {
    const double turn = Turn(seed_, *object.identifier());
    delay = std::chrono::milliseconds(
        static_cast<std::int64_t>(turn * static_cast<double>(delay.count())));
    if (!store_->Find(*object.identifier()) && !UpdatesOnly(object)) {
      Keep(now + delay / 2, Waiting{object, LostUpdates::none, true});
    }
  }
  Keep(now + delay, Waiting{std::move(object), flight, false});
}

void Users::Keep(Clock::Time until, Waiting waiting) {
  waiting_bytes_ += waiting.Bytes();
  waiting_.emplace(std::max(until, no_earlier_), std::move(waiting));
}

std::size_t Users::Waiting::Bytes() const { return sizeof(Waiting) + BytesOf(object.members); }

void Users::ApplyDue() {
  if (waiting_.empty()) return;
  const Clock::Time now = clock_.Now();
  while (!waiting_.empty() && waiting_.begin()->first <= now) RunOldest();
}

void Users::RunOldest() {
  Waiting waiting = std::move(waiting_.extract(waiting_.begin()).mapped());
  waiting_bytes_ -= waiting.Bytes();
  if (waiting.creates_only) {
    FindOrCreate(waiting.object);
  } else {
    Apply(std::move(waiting.object), waiting.flight);
  }
}

void Users::With(const std::function<void(ProfileStore&, Clock::Time now)>& run) {
  const std::lock_guard lock(mutex_);
  ApplyDue();
  run(*store_, clock_.Now());
}

Clock::Time Users::ProcessedAt() {
  const std::lock_guard lock(mutex_);
  ApplyDue();
  return waiting_.empty() ? Clock::Time::min() : waiting_.rbegin()->first;
}

std::optional<Value> Users::Export(const Identifier& id) {
  const std::lock_guard lock(mutex_);
  ApplyDue();
  const Profile* profile = store_->Find(id);
  if (!profile) return std::nullopt;
  return store_->ExportWithTypes(*profile);
}

UsersPage Users::Page(std::string_view after, std::size_t limit, std::string_view prefix) {
  const std::lock_guard lock(mutex_);
  ApplyDue();
  const auto profiles = store_->After(after, limit + 1, prefix);
  UsersPage page;
  for (std::size_t i = 0; i < std::min(limit, profiles.size()); ++i) {
    page.users.push_back(store_->ExportWithTypes(*profiles[i]));
  }
  if (profiles.size() > limit && limit > 0) page.next_after = profiles[limit - 1]->external_id;
  return page;
}

UsersCounters Users::counters() {
  const std::lock_guard lock(mutex_);
  ApplyDue();
  UsersCounters counters = counters_;
  counters.profiles = store_->size();
  return counters;
}

void Users::Reset() {
  const std::lock_guard lock(mutex_);
  store_.emplace(seed_);
  store_->names().Obey(*rules_);
  product_ids_.clear();
  names_before_.clear();
  waiting_.clear();
  waiting_bytes_ = 0;
  no_earlier_ = accepted_last_ = {};
  lost_updates_.Reset();
  counters_ = {};
}

}  // namespace mockbraze

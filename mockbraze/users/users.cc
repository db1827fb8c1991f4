#include "mockbraze/users/users.h"

#include <algorithm>
#include <utility>

#include "mockbraze/base/limits.h"
#include "mockbraze/users/attribute_rules.h"
#include "mockbraze/users/profile_fields.h"

namespace mockbraze {
namespace {

std::optional<bool> Flag(const Value::Object& members, std::string_view name) {
  const Value* value = FindMember(members, name);
  if (!value || !value->boolean()) return std::nullopt;
  return *value->boolean();
}

// Section 2.2: absent means false, but for an alias it means true.
bool UpdatesOnly(const Identifier& id, const Value::Object& members) {
  return Flag(members, "_update_existing_only").value_or(id.kind == IdKind::kAlias);
}

// The members of an attributes object that carry a value.
bool IsValue(const Identifier& id, std::string_view name) {
  const NameKind kind = KindOf(name);
  if (kind == NameKind::kIdentifier || kind == NameKind::kControl) return false;
  return !(id.kind == IdKind::kEmail && name == "email") &&
         !(id.kind == IdKind::kPhone && name == "phone");
}

std::uint64_t CountValues(const Identifier& id, const Value::Object& members) {
  return static_cast<std::uint64_t>(std::ranges::count_if(
      members, [&](const Value::Member& member) { return IsValue(id, member.name); }));
}

std::string Text(const Value::Object& members, std::string_view name) {
  const Value* value = FindMember(members, name);
  return value && value->string() ? *value->string() : std::string();
}

void CountHappening(std::string name, const std::string& time, std::int64_t times,
                    std::vector<Happening>* happenings) {
  auto found = std::ranges::find(*happenings, name, &Happening::name);
  if (found == happenings->end()) {
    happenings->push_back({std::move(name), time, time, times});
    return;
  }
  found->last = time;
  found->count += times;
}

}  // namespace

Users::Users(std::uint64_t seed, const Clock& clock) : seed_(seed), clock_(clock) {
  store_.emplace(seed_);
}

void Users::SetProcessingDelay(std::chrono::milliseconds delay) {
  const std::lock_guard lock(mutex_);
  processing_delay_ = delay;
}

std::chrono::milliseconds Users::processing_delay() const {
  const std::lock_guard lock(mutex_);
  return processing_delay_;
}

void Users::Accept(std::vector<TrackObject> objects) {
  const std::lock_guard lock(mutex_);
  ApplyDue();
  const Clock::Time due = clock_.Now() + processing_delay_;
  for (TrackObject& object : objects) {
    Count(object);
    if (processing_delay_.count() == 0 && waiting_.empty()) {
      Apply(std::move(object));
    } else {
      // The delay may have been shortened: nobody overtakes who waits already.
      waiting_.push_back(
          {waiting_.empty() ? due : std::max(due, waiting_.back().due), std::move(object)});
    }
  }
  while (waiting_.size() > limits::waiting_objects_max) {
    Apply(std::move(waiting_.front().object));
    waiting_.pop_front();
  }
}

void Users::ApplyDue() {
  if (waiting_.empty()) return;
  const Clock::Time now = clock_.Now();
  while (!waiting_.empty() && waiting_.front().due <= now) {
    Apply(std::move(waiting_.front().object));
    waiting_.pop_front();
  }
}

void Users::Count(const TrackObject& object) {
  switch (object.array) {
    case InputArray::kAttributes: {
      ++counters_.attribute_objects;
      const std::uint64_t values = CountValues(*object.identifier(), object.members);
      counters_.attribute_values += values;
      // Section 8, simplified: one per value, changed or not.
      counters_.data_points += values;
      break;
    }
    case InputArray::kEvents:
      ++counters_.events;
      ++counters_.data_points;
      break;
    case InputArray::kPurchases:
      ++counters_.purchases;
      ++counters_.data_points;
      break;
  }
}

void Users::Apply(TrackObject object) {
  const Identifier& id = *object.identifier();
  Profile* profile = store_->Find(id);
  if (!profile) {
    // Section 2.2: update-only objects of unknown users are dropped in silence. So are those by
    // braze_id, which cannot create users (section 2.1).
    if (id.kind == IdKind::kBrazeId || UpdatesOnly(id, object.members)) {
      counters_.silent_drops +=
          object.array == InputArray::kAttributes ? CountValues(id, object.members) : 1;
      return;
    }
    profile = store_->Create(id, clock_.Now());
  }
  store_->Touch(profile);
  const std::string time = Text(object.members, "time");
  switch (object.array) {
    case InputArray::kAttributes:
      return ApplyAttributes(id, std::move(object.members), profile);
    case InputArray::kEvents:
      return CountHappening(Text(object.members, "name"), time, 1, &profile->events);
    case InputArray::kPurchases: {
      const Value* quantity = FindMember(object.members, "quantity");
      const std::int64_t times = quantity && quantity->integer() ? *quantity->integer() : 1;
      // Section 3: revenue is price times quantity.
      profile->revenue +=
          FindMember(object.members, "price")->AsDouble() * static_cast<double>(times);
      return CountHappening(Text(object.members, "product_id"), time, times, &profile->purchases);
    }
  }
}

void Users::ApplyAttributes(const Identifier& id, Value::Object members, Profile* profile) {
  const bool merge = Flag(members, "_merge_objects").value_or(false);
  for (Value::Member& member : members) {
    if (!IsValue(id, member.name)) continue;
    Effect effect = Effect::kDropped;
    switch (KindOf(member.name)) {
      case NameKind::kCustom:
        if (const auto name = NameFor(member.name, *profile)) {
          effect = ApplyAttribute(*name, std::move(member.value), merge, profile);
        }
        break;
      case NameKind::kProfile: {
        const bool found_by = member.name == "email" || member.name == "phone";
        if (found_by) store_->Unindex(profile);
        effect = ApplyField(member.name, std::move(member.value), profile);
        if (found_by) store_->Index(profile);
        break;
      }
      default:  // ignored by Braze, such as bio
        break;
    }
    if (effect == Effect::kUnchanged) ++counters_.unchanged_values;
    if (effect == Effect::kDropped) ++counters_.silent_drops;
  }
}

std::optional<std::uint32_t> Users::NameFor(const std::string& name, const Profile& profile) {
  if (profile.attributes.size() < limits::profile_attributes_max) {
    return store_->names().Intern(name);
  }
  return store_->names().Find(name);
}

std::optional<Value> Users::Export(const Identifier& id) {
  const std::lock_guard lock(mutex_);
  ApplyDue();
  const Profile* profile = store_->Find(id);
  if (!profile) return std::nullopt;
  return store_->Export(*profile);
}

UsersPage Users::Page(std::string_view after, std::size_t limit) {
  const std::lock_guard lock(mutex_);
  ApplyDue();
  const auto profiles = store_->After(after, limit + 1);
  UsersPage page;
  for (std::size_t i = 0; i < std::min(limit, profiles.size()); ++i) {
    page.users.push_back(store_->Export(*profiles[i]));
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
  waiting_.clear();
  counters_ = {};
}

}  // namespace mockbraze

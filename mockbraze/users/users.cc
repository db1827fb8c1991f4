#include "mockbraze/users/users.h"

#include <algorithm>
#include <utility>

#include "mockbraze/base/limits.h"
#include "mockbraze/base/text.h"
#include "mockbraze/users/attribute_rules.h"
#include "mockbraze/users/profile_fields.h"

namespace mockbraze {
namespace {

std::optional<bool> Flag(const Value::Object& members, std::string_view name) {
  const Value* value = FindMember(members, name);
  if (!value || !value->boolean()) return std::nullopt;
  return *value->boolean();
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

// Where in the processing delay a user's turn is: over 0, up to 1.
double Turn(std::uint64_t seed, const std::string& customer) {
  const std::uint64_t mixed = Mix(seed + std::hash<std::string>()(customer));
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
  processing_ = processing;
  if (!waiting_.empty()) no_earlier_ = waiting_.rbegin()->first;
}

LostUpdates::Flight Users::BeginFlight(std::vector<std::string> customers) {
  const std::lock_guard lock(mutex_);
  return lost_updates_.Begin(std::move(customers));
}

void Users::Accept(std::vector<TrackObject> objects, LostUpdates::Flight flight) {
  const std::lock_guard lock(mutex_);
  ApplyDue();
  lost_updates_.Answered(flight, objects.size());
  const bool at_once = processing_.delay.count() == 0 && waiting_.empty();
  const Clock::Time now = at_once ? Clock::Time() : clock_.Now();
  for (TrackObject& object : objects) {
    Count(object);
    if (at_once) {
      Apply(std::move(object), flight);
    } else {
      Wait(std::move(object), flight, now);
    }
  }
  while (waiting_.size() > limits::waiting_objects_max) {
    Run(std::move(waiting_.extract(waiting_.begin()).mapped()));
  }
}

void Users::AcceptNow(TrackObject object, LostUpdates::Flight flight,
                      const std::function<void(ProfileStore&, const Profile*)>& look) {
  const std::lock_guard lock(mutex_);
  ApplyDue();
  lost_updates_.Answered(flight, 1);
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
    const double turn = Turn(seed_, object.identifier()->CustomerKey());
    delay = std::chrono::milliseconds(
        static_cast<std::int64_t>(turn * static_cast<double>(delay.count())));
    if (!store_->Find(*object.identifier()) && !UpdatesOnly(object)) {
      waiting_.emplace(std::max(now + delay / 2, no_earlier_),
                       Waiting{object, LostUpdates::none, true});
    }
  }
  waiting_.emplace(std::max(now + delay, no_earlier_), Waiting{std::move(object), flight, false});
}

void Users::ApplyDue() {
  if (waiting_.empty()) return;
  const Clock::Time now = clock_.Now();
  while (!waiting_.empty() && waiting_.begin()->first <= now) {
    Run(std::move(waiting_.extract(waiting_.begin()).mapped()));
  }
}

void Users::Run(Waiting waiting) {
  if (waiting.creates_only) {
    FindOrCreate(waiting.object);
  } else {
    Apply(std::move(waiting.object), waiting.flight);
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

// Section 2.2: absent means false, but for an alias it means true. A braze_id cannot create users
// (section 2.1).
bool Users::UpdatesOnly(const TrackObject& object) const {
  const IdKind kind = object.identifier()->kind;
  if (kind == IdKind::kBrazeId) return true;
  const bool alias = kind == IdKind::kAlias;
  if (alias && rules_->alias_update_only) return true;
  return Flag(object.members, "_update_existing_only").value_or(alias);
}

Profile* Users::FindOrCreate(const TrackObject& object) {
  Profile* profile = store_->Find(*object.identifier());
  if (profile || UpdatesOnly(object)) return profile;
  return store_->Create(*object.identifier(), clock_.Now());
}

void Users::Apply(TrackObject object, LostUpdates::Flight flight) {
  const Identifier& id = *object.identifier();
  std::optional<Profile> base;
  if (flight != LostUpdates::none) {
    base = lost_updates_.BeforeChange(flight, id.CustomerKey(), store_->Find(id));
    lost_updates_.Applied(flight);
  }
  Profile* profile = FindOrCreate(object);
  if (!profile) {
    // Update-only objects of unknown users are dropped in silence.
    counters_.silent_drops +=
        object.array == InputArray::kAttributes ? CountValues(id, object.members) : 1;
    return;
  }
  if (base) {
    store_->Restore(profile, std::move(*base));
    ++counters_.lost_updates;
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

UsersPage Users::Page(std::string_view after, std::size_t limit) {
  const std::lock_guard lock(mutex_);
  ApplyDue();
  const auto profiles = store_->After(after, limit + 1);
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
  waiting_.clear();
  no_earlier_ = accepted_last_ = {};
  lost_updates_.Reset();
  counters_ = {};
}

}  // namespace mockbraze

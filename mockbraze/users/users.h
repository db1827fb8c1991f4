#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "mockbraze/base/clock.h"
#include "mockbraze/base/json.h"
#include "mockbraze/users/attribute_rules.h"
#include "mockbraze/users/drop_reason.h"
#include "mockbraze/users/lost_updates.h"
#include "mockbraze/users/profile_store.h"
#include "mockbraze/users/track_request.h"
#include "mockbraze/users/user_rules.h"

namespace mockbraze {

// What was sent about users, and what was made of it. "Accepted" is what Braze answers success to,
// whether or not it keeps it.
struct UsersCounters {
  std::uint64_t attribute_objects = 0;  // accepted
  std::uint64_t attribute_values = 0;   // accepted: custom attributes and profile fields
  std::uint64_t events = 0;
  std::uint64_t purchases = 0;
  std::uint64_t data_points = 0;
  std::uint64_t unchanged_values = 0;  // the profile had the same value with the same type already
  std::uint64_t silent_drops = 0;      // accepted, but not kept
  DropCounters silent_drops_by_reason{};
  std::uint64_t lost_updates = 0;  // objects that overwrote what others had written
  std::uint64_t profiles = 0;
};

struct UsersPage {
  Value::List users;
  std::optional<std::string> next_after;  // absent on the last page
};

// When what was accepted changes the profiles.
struct Processing {
  std::chrono::milliseconds delay{0};
  bool partial = false;  // each user at a time of its own within the delay, attributes last
};

// The users of a workspace: profiles in memory, changed by what is accepted about them.
//
// With a processing delay an accepted object changes its profile only that much later, as Braze
// does after its 201 (docs/braze-contract.md sections 4.6 and 11); objects of one user keep their
// order. Waiting objects are applied by the next call after their time, so no thread or timer is
// needed.
// Thread safety: all calls from any thread.
class Users {
 public:
  // The clock must outlive the users.
  Users(std::uint64_t seed, const Clock& clock);

  void Configure(std::shared_ptr<const UserRules> rules, Processing processing);

  // For the hazard of section 1.10: the flight of a request that names these users, to be handed to
  // Accept.
  LostUpdates::Flight BeginFlight(const std::vector<Identifier>& ids);

  // Takes objects that CheckObject found good, in their order. Those of a flight that a Reset has
  // ended are dropped.
  void Accept(std::vector<TrackObject> objects, LostUpdates::Flight flight = LostUpdates::none);

  // Takes one such object and applies it at once, whatever the delay, and before what still waits.
  // `look` is shown the profile then; null: there is none. It is not called when the flight was
  // ended by a Reset.
  void AcceptNow(TrackObject object, LostUpdates::Flight flight,
                 const std::function<void(ProfileStore&, const Profile*)>& look);

  // Runs a change or a look at the profiles, with all that is due applied.
  void With(const std::function<void(ProfileStore&, Clock::Time now)>& run);

  // The profile in the form of the export (see ExportProfile), absent when there is none.
  std::optional<Value> Export(const Identifier& id);
  UsersPage Page(std::string_view after, std::size_t limit, std::string_view prefix = {});
  UsersCounters counters();
  // From this time on all that has been accepted until now is processed.
  Clock::Time ProcessedAt();

  // As after construction, but for the configuration.
  void Reset();

 private:
  struct Waiting {
    TrackObject object;
    LostUpdates::Flight flight = LostUpdates::none;
    bool creates_only = false;  // makes the profile, and leaves the rest to another

    std::size_t Bytes() const;
  };
  void Expect(const std::vector<TrackObject>& objects) const;
  void ApplyDue();
  void Wait(TrackObject object, LostUpdates::Flight flight, Clock::Time now);
  void Keep(Clock::Time until, Waiting waiting);
  void RunOldest();
  bool IsForgotten(LostUpdates::Flight flight) const;
  Profile* FindOrCreate(const TrackObject& object);
  void Apply(TrackObject object, LostUpdates::Flight flight);
  void ApplyAttributes(const Identifier& id, Value::Object members, Profile* profile);
  Effect ApplyCustom(Value::Member member, std::size_t place, const AttributeRules& rules,
                     Profile* profile);
  // None for a new name on a profile that is full (limits::profile_attributes_max).
  // `place`: how many custom attributes the object has before it.
  std::optional<std::uint32_t> NameFor(const std::string& name, std::size_t place,
                                       const Profile& profile);
  Effect ApplyProfileField(std::string_view name, Value value, Profile* profile);
  void ShareGroups(const Profile& profile, Value groups);
  // Takes the tokens that somebody has out of a push_token_import; false when none is left.
  bool KeepNewTokens(Value::Object* members);
  void CountEvent(const Value::Object& members, Profile* profile);
  void BuyProduct(const Value::Object& members, Profile* profile);
  void Drop(DropReason reason, std::uint64_t times = 1);
  void Count(const TrackObject& object);
  bool UpdatesOnly(const TrackObject& object) const;

  const std::uint64_t seed_;
  const Clock& clock_;
  mutable std::mutex mutex_;
  std::shared_ptr<const UserRules> rules_ = std::make_shared<UserRules>();
  Processing processing_;
  std::optional<ProfileStore> store_;  // always there; made anew by Reset
  // The names of the latest objects by place: the next object most likely has the same.
  std::vector<std::uint32_t> names_before_;
  std::multimap<Clock::Time, Waiting> waiting_;
  std::size_t waiting_bytes_ = 0;
  Clock::Time no_earlier_{};  // so that nobody overtakes after the delay or the clock was changed
  Clock::Time accepted_last_{};
  LostUpdates lost_updates_;
  std::unordered_set<std::string> product_ids_;  // at most limits::product_ids_max
  UsersCounters counters_;
};

}  // namespace mockbraze

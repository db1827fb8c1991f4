#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <string_view>
#include <vector>

#include "mockbraze/base/clock.h"
#include "mockbraze/base/json.h"
#include "mockbraze/users/profile_store.h"
#include "mockbraze/users/track_request.h"

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
  std::uint64_t profiles = 0;
};

struct UsersPage {
  Value::List users;
  std::optional<std::string> next_after;  // absent on the last page
};

// The users of a workspace: profiles in memory, changed by what /users/track accepts.
//
// With a processing delay an accepted object changes its profile only that much later, as Braze
// does after its 201 (docs/braze-contract.md sections 4.6 and 11); objects keep their order.
// Waiting objects are applied by the next call after their time, so no thread or timer is needed.
// Thread safety: all calls from any thread.
class Users {
 public:
  // The clock must outlive the users.
  Users(std::uint64_t seed, const Clock& clock);

  void SetProcessingDelay(std::chrono::milliseconds delay);
  std::chrono::milliseconds processing_delay() const;

  // Takes objects that CheckObject found good, in their order.
  void Accept(std::vector<TrackObject> objects);

  // The profile in the form of the export (see ExportProfile), absent when there is none.
  std::optional<Value> Export(const Identifier& id);
  UsersPage Page(std::string_view after, std::size_t limit);
  UsersCounters counters();

  // As after construction, but for the processing delay.
  void Reset();

 private:
  struct Waiting {
    Clock::Time due;
    TrackObject object;
  };
  void ApplyDue();
  void Apply(TrackObject object);
  void ApplyAttributes(const Identifier& id, Value::Object members, Profile* profile);
  // None for a new name on a profile that is full (limits::profile_attributes_max).
  std::optional<std::uint32_t> NameFor(const std::string& name, const Profile& profile);
  void Count(const TrackObject& object);

  const std::uint64_t seed_;
  const Clock& clock_;
  mutable std::mutex mutex_;
  std::chrono::milliseconds processing_delay_{0};
  std::optional<ProfileStore> store_;  // always there; made anew by Reset
  std::deque<Waiting> waiting_;
  UsersCounters counters_;
};

}  // namespace mockbraze

#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "mockbraze/users/profile.h"

namespace mockbraze {

// The hazard of docs/braze-contract.md section 1.10: a request works on the profile as it was when
// the request arrived, and writes all of it back; what others wrote meanwhile is lost.
//
// A flight is one request, open from its arrival until its last object has been applied. Profiles
// are copied only where flights really meet.
// Thread safety: none; guarded by its owner.
class LostUpdates {
 public:
  using Flight = std::uint64_t;
  static constexpr Flight none = 0;

  // Keys of the customers that the request names.
  Flight Begin(std::vector<std::string> customers);
  // The answer was given: requests that begin later start from what this one wrote.
  void Answered(Flight flight, std::size_t objects);

  // To be called before a flight's object changes the customer's profile, null when there is none
  // yet. Answers the state that the flight began from, when others have changed it since: the
  // change is to be made to that.
  std::optional<Profile> BeforeChange(Flight flight, const std::string& customer,
                                      const Profile* profile);
  // One object of the flight has been applied; the last one ends it.
  void Applied(Flight flight);
  void End(Flight flight) { open_.erase(flight); }
  void Reset() { open_.clear(); }

 private:
  struct Open {
    std::map<std::string, std::optional<Profile>> began_from;  // by customer; absent: as it is now
    std::uint64_t answered = 0;                                // in order of begins and answers
    std::size_t objects = 0;                                   // not applied yet
  };

  std::map<Flight, Open> open_;
  std::uint64_t order_ = 0;
};

}  // namespace mockbraze

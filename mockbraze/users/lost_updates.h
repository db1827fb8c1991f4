#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "mockbraze/users/identifier.h"
#include "mockbraze/users/profile.h"

namespace mockbraze {

// The hazard of docs/braze-contract.md section 1.10: a request works on the profile as it was when
// the request arrived, and writes all of it back; what others wrote meanwhile is lost.
//
// A flight is one request, open from its arrival until its last object has been applied. Profiles
// are copied only where flights really meet. Two identifiers of one profile are one customer when
// the profile had both as the request arrived; those of a profile that is made later are not.
// Thread safety: none; guarded by its owner.
class LostUpdates {
 public:
  using Flight = std::uint64_t;
  // A profile that was there, or an identifier that nobody had.
  using Customer = std::uint64_t;
  static constexpr Flight none = 0;

  // Of an identifier and the profile that has it; null: there is none.
  static Customer CustomerOf(const Identifier& id, const Profile* profile) {
    return profile ? profile->serial : id.Hash();
  }

  // The customers that the request names.
  Flight Begin(std::vector<Customer> customers);
  // The answer was given: requests that begin later start from what this one wrote.
  void Answered(Flight flight, std::size_t objects);
  // False when it has ended, or was there before a Reset.
  bool IsOpen(Flight flight) const { return open_.contains(flight); }

  // To be called before a flight's object changes the profile that its identifier has, null when
  // there is none yet. Answers the state that the flight began from, when others have changed it
  // since: the change is to be made to that.
  std::optional<Profile> BeforeChange(Flight flight, const Identifier& id, const Profile* profile);
  // One object of the flight has been applied; the last one ends it.
  void Applied(Flight flight);
  void Reset();

 private:
  struct Open {
    std::vector<Customer> customers;
    std::uint64_t answered = 0;  // in order of begins and answers
    std::size_t objects = 0;     // not applied yet
  };
  using Flights = std::unordered_map<Flight, Open>;
  void End(Flights::iterator flight);

  Flights open_;
  // What each flight began from, for each customer that it names; absent: as it is now.
  std::map<std::pair<Customer, Flight>, std::optional<Profile>> began_from_;
  std::uint64_t order_ = 0;
};

}  // namespace mockbraze

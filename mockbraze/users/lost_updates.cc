#include "mockbraze/users/lost_updates.h"

namespace mockbraze {

LostUpdates::Flight LostUpdates::Begin(std::vector<Customer> customers) {
  const Flight flight = ++order_;
  for (const Customer customer : customers) began_from_.try_emplace({customer, flight});
  open_[flight].customers = std::move(customers);
  return flight;
}

void LostUpdates::Answered(Flight flight, std::size_t objects) {
  const auto found = open_.find(flight);
  if (found == open_.end()) return;
  found->second.answered = ++order_;
  found->second.objects = objects;
  if (objects == 0) End(found);
}

std::optional<Profile> LostUpdates::BeforeChange(Flight flight, const Identifier& id,
                                                 const Profile* profile) {
  const auto self = open_.find(flight);
  if (self == open_.end()) return std::nullopt;
  std::optional<Profile> base;
  // Flights that began before there was this profile have it by its identifier.
  for (const Customer customer : {CustomerOf(id, nullptr), CustomerOf(id, profile)}) {
    for (auto at = began_from_.lower_bound({customer, none});
         at != began_from_.end() && at->first.first == customer; ++at) {
      const Flight other = at->first.second;
      if (other == flight) {
        if (at->second) base = std::exchange(at->second, std::nullopt);
      } else if (other < self->second.answered && !at->second) {
        // Who began after this answer has seen it.
        at->second = profile ? *profile : Profile{};
      }
    }
  }
  return base;
}

void LostUpdates::Applied(Flight flight) {
  const auto found = open_.find(flight);
  if (found != open_.end() && --found->second.objects == 0) End(found);
}

void LostUpdates::End(Flights::iterator flight) {
  for (const Customer customer : flight->second.customers) {
    began_from_.erase({customer, flight->first});
  }
  open_.erase(flight);
}

void LostUpdates::Reset() {
  open_.clear();
  began_from_.clear();
}

}  // namespace mockbraze

#include "mockbraze/users/lost_updates.h"

#include <utility>

namespace mockbraze {

LostUpdates::Flight LostUpdates::Begin(std::vector<std::string> customers) {
  const Flight flight = ++order_;
  Open& open = open_[flight];
  for (std::string& customer : customers) open.began_from.try_emplace(std::move(customer));
  return flight;
}

void LostUpdates::Answered(Flight flight, std::size_t objects) {
  const auto found = open_.find(flight);
  if (found == open_.end()) return;
  found->second.answered = ++order_;
  found->second.objects = objects;
  if (objects == 0) open_.erase(found);
}

std::optional<Profile> LostUpdates::BeforeChange(Flight flight, const std::string& customer,
                                                 const Profile* profile) {
  const auto self = open_.find(flight);
  if (self == open_.end()) return std::nullopt;
  for (auto& [other, open] : open_) {
    // Who began after this answer has seen it.
    if (other == flight || other > self->second.answered) continue;
    const auto named = open.began_from.find(customer);
    if (named == open.began_from.end() || named->second) continue;
    named->second = profile ? *profile : Profile{};
  }
  const auto mine = self->second.began_from.find(customer);
  if (mine == self->second.began_from.end()) return std::nullopt;
  std::optional<Profile> base = std::exchange(mine->second, std::nullopt);
  return base;
}

void LostUpdates::Applied(Flight flight) {
  const auto found = open_.find(flight);
  if (found != open_.end() && --found->second.objects == 0) open_.erase(found);
}

}  // namespace mockbraze

#include "mockbraze/users/external_id_index.h"

#include <algorithm>
#include <utility>

#include "mockbraze/base/text.h"

namespace mockbraze {
namespace {

constexpr std::size_t slots_min = 64;
constexpr std::size_t cache_line = 64;
constexpr std::size_t prefetched_bytes_max = 512;

}  // namespace

std::uint64_t ExternalIdIndex::Hash(std::string_view external_id) { return HashText(external_id); }

Profile* ExternalIdIndex::Find(std::string_view external_id) const {
  if (slots_.empty()) return nullptr;
  const std::uint64_t hash = Hash(external_id);
  for (std::size_t place = Home(hash); slots_[place].profile; place = Next(place)) {
    const Slot& slot = slots_[place];
    if (slot.hash == hash && slot.profile->external_id == external_id) return slot.profile;
  }
  return nullptr;
}

void ExternalIdIndex::Insert(Profile* profile) {
  if ((size_ + 1) * 3 > slots_.size() * 2) Grow();
  const std::uint64_t hash = Hash(profile->external_id);
  std::size_t place = Home(hash);
  while (slots_[place].profile) place = Next(place);
  slots_[place] = {hash, profile};
  ++size_;
}

void ExternalIdIndex::Erase(const Profile* profile) {
  if (slots_.empty()) return;
  std::size_t hole = Home(Hash(profile->external_id));
  while (slots_[hole].profile != profile) {
    if (!slots_[hole].profile) return;
    hole = Next(hole);
  }
  // Those behind move up where the hole would hide them, so that no marker is left.
  for (std::size_t place = Next(hole); slots_[place].profile; place = Next(place)) {
    const std::size_t from_home = (place - Home(slots_[place].hash)) & (slots_.size() - 1);
    const std::size_t from_hole = (place - hole) & (slots_.size() - 1);
    if (from_home < from_hole) continue;
    slots_[hole] = slots_[place];
    hole = place;
  }
  slots_[hole] = {};
  --size_;
}

void ExternalIdIndex::PrefetchSlot(std::uint64_t hash) const {
  if (!slots_.empty()) __builtin_prefetch(&slots_[Home(hash)]);
}

void ExternalIdIndex::PrefetchProfile(std::uint64_t hash) const {
  if (slots_.empty()) return;
  const Slot& slot = slots_[Home(hash)];
  if (!slot.profile) return;
  const auto* bytes = reinterpret_cast<const char*>(slot.profile);
  for (std::size_t line = 0; line < sizeof(Profile); line += cache_line)
    __builtin_prefetch(bytes + line);
}

void ExternalIdIndex::PrefetchContents(std::uint64_t hash) const {
  if (slots_.empty()) return;
  const Profile* profile = slots_[Home(hash)].profile;
  if (!profile) return;
  __builtin_prefetch(profile->external_id.data());
  const auto* bytes = reinterpret_cast<const char*>(profile->attributes.data());
  const std::size_t size =
      std::min(profile->attributes.size() * sizeof(Attribute), prefetched_bytes_max);
  for (std::size_t line = 0; line < size; line += cache_line) __builtin_prefetch(bytes + line);
}

void ExternalIdIndex::Grow() {
  const std::vector<Slot> old =
      std::exchange(slots_, std::vector<Slot>(slots_.empty() ? slots_min : slots_.size() * 2));
  for (const Slot& slot : old) {
    if (!slot.profile) continue;
    std::size_t place = Home(slot.hash);
    while (slots_[place].profile) place = Next(place);
    slots_[place] = slot;
  }
}

}  // namespace mockbraze

#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "mockbraze/users/profile.h"

namespace mockbraze {

// Profiles by external id: a flat hash table, because finding a user is what a mock with a million
// of them spends most of its time on, and every hop to another part of memory costs as much as
// reading an attribute. Profiles must keep their external id while they are in it.
// Thread safety: none; guarded by its owner.
class ExternalIdIndex {
 public:
  // Null when there is none.
  Profile* Find(std::string_view external_id) const;
  // The id must not be in the index yet.
  void Insert(Profile* profile);
  void Erase(const Profile* profile);
  std::size_t size() const { return size_; }

  // Calls use(Profile*) for each, in no order.
  template <typename Use>
  void ForEach(Use use) const {
    for (const Slot& slot : slots_) {
      if (slot.profile) use(slot.profile);
    }
  }

  // Begins to bring into the cache what Find and an update will read. Each step needs what the one
  // before it has brought.
  void PrefetchSlot(std::uint64_t hash) const;
  void PrefetchProfile(std::uint64_t hash) const;
  void PrefetchContents(std::uint64_t hash) const;
  static std::uint64_t Hash(std::string_view external_id);

 private:
  struct Slot {
    std::uint64_t hash = 0;
    Profile* profile = nullptr;  // null: free
  };
  std::size_t Home(std::uint64_t hash) const { return hash & (slots_.size() - 1); }
  std::size_t Next(std::size_t place) const { return (place + 1) & (slots_.size() - 1); }
  void Grow();

  std::vector<Slot> slots_;  // a power of two of them, at most two thirds in use
  std::size_t size_ = 0;
};

}  // namespace mockbraze

#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "mockbraze/users/profile.h"

namespace mockbraze {

// Profiles in the order of their external ids (bytes), made when somebody first asks. New ones are
// then merged into it, because sorting a million anew takes too long for a page that looks every
// two seconds. The profiles must outlive the order, or Drop must be called.
// Thread safety: none; guarded by its owner.
class IdOrder {
 public:
  bool is_made() const { return made_; }
  void Make(std::vector<const Profile*> all);
  // An id has gone or changed.
  void Drop();
  // A profile whose id is new.
  void Add(const Profile* profile) {
    if (made_) fresh_.push_back(profile);
  }

  // Those whose id begins with the prefix, from the first after `after`.
  std::vector<const Profile*> After(std::string_view after, std::size_t limit,
                                    std::string_view prefix);

 private:
  void MergeFresh();

  bool made_ = false;
  std::vector<const Profile*> sorted_;
  std::vector<const Profile*> fresh_;
};

}  // namespace mockbraze

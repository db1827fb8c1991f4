#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "mockbraze/users/external_id_index.h"
#include "mockbraze/users/id_order.h"
#include "mockbraze/users/identifier.h"
#include "mockbraze/users/profile.h"

namespace mockbraze {

// The profiles of a workspace and how they are found, docs/braze-contract.md section 2.1.
// Thread safety: none; guarded by its owner.
class ProfileStore {
 public:
  explicit ProfileStore(std::uint64_t seed) : seed_(seed) {}

  // Null when there is none. By e-mail or phone, of several matches the most recently updated one
  // with an external id wins, else the most recently updated.
  Profile* Find(const Identifier& id);
  // Users of these external ids (ExternalIdIndex::Hash) will be looked for: brings what that needs
  // closer, all of it at once instead of one after the other.
  void Expect(std::span<const std::uint64_t> external_ids) const;
  // A profile of that identifier alone; never for a braze_id, which Braze assigns.
  Profile* Create(const Identifier& id, Clock::Time now);

  // All users of that e-mail or phone, in no order; of other identifiers the one or none.
  std::vector<Profile*> FindAll(const Identifier& id);
  // Nobody finds the profile any more, and the pointer is dead.
  void Remove(Profile* profile);
  // Each answers false, and changes nothing, when another user has it already.
  bool AddAlias(Profile* profile, Alias alias);
  bool SetExternalId(Profile* profile, const std::string& external_id);
  void DropAliases(Profile* profile);
  // Moves what `from` holds to `into` (see TakeOver), with those of its aliases whose label is free
  // there, and removes `from`.
  void Merge(Profile* from, Profile* into);
  // Users with a push token of that device, by age. Looks at every profile.
  std::vector<Profile*> FindByDevice(const std::string& device_id) const;
  // Gives a profile what a copy of it holds, but for its identity.
  void Restore(Profile* profile, Profile copy);

  // To be called around a change of a profile's e-mail, phone or push_tokens field.
  void Unindex(Profile* profile);
  void Index(Profile* profile);

  void Touch(Profile* profile) { profile->touched = ++touches_; }
  std::size_t size() const { return profiles_.size() - removed_; }
  NamePool& names() { return names_; }
  // As /users/export/ids has it.
  Value::Object Export(const Profile& profile) const {
    return ExportProfile(profile, names_, seed_);
  }
  // The same with `custom_attribute_types`, for those who look into the mock.
  Value::Object ExportWithTypes(const Profile& profile) const;

  // Profiles with an external id that begins with the prefix, in the order of those ids (bytes),
  // from the first after `after`.
  std::vector<const Profile*> After(std::string_view after, std::size_t limit,
                                    std::string_view prefix = {});
  // Shows all profiles, those that were made first first.
  template <typename Visit>
  void ForEach(Visit visit) const {
    for (const auto& profile : profiles_) {
      if (profile) visit(std::as_const(*profile));
    }
  }

 private:
  using ByField = std::unordered_multimap<std::string, Profile*>;
  static Profile* Best(const ByField& index, const std::string& key);
  static void Erase(ByField& index, const std::string& key, const Profile* profile);

  const std::uint64_t seed_;
  NamePool names_;
  std::vector<std::unique_ptr<Profile>> profiles_;  // by serial - 1; null: removed
  ExternalIdIndex by_external_id_;
  std::unordered_map<std::string, Profile*> by_alias_;  // by CustomerKey
  ByField by_email_;
  ByField by_phone_;
  ByField by_push_token_;
  IdOrder order_;
  std::size_t removed_ = 0;
  std::uint64_t touches_ = 0;
};

}  // namespace mockbraze

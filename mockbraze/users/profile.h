#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "mockbraze/base/clock.h"
#include "mockbraze/base/json.h"
#include "mockbraze/users/forced_types.h"
#include "mockbraze/users/user_rules.h"

namespace mockbraze {

// The names of custom attributes, each kept once, and what is demanded of them. Thread safety:
// none; guarded by its owner.
class NamePool {
 public:
  std::uint32_t Intern(const std::string& name);
  std::optional<std::uint32_t> Find(const std::string& name) const;
  const std::string& Name(std::uint32_t id) const { return *names_[id]; }

  // Forced types and blocklisted names from now on; locked types stay while the rules lock types.
  void Obey(const UserRules& rules);
  NameRules& rules() { return rules_; }
  const NameRules& rules() const { return rules_; }

 private:
  NameRules rules_;
  std::unordered_map<std::string, std::uint32_t> ids_;
  std::vector<const std::string*> names_;  // the keys of ids_, which stay where they are
};

struct Alias {
  std::string name;
  std::string label;
};

// How often something happened, and when first and last (as sent).
struct Happening {
  std::string name;
  std::string first;
  std::string last;
  std::int64_t count = 0;
};

struct Attribute {
  std::uint32_t name = 0;  // in the NamePool
  Value value;
};

// A user of the workspace. Kept small: tests hold a million.
struct Profile {
  std::uint64_t serial = 0;  // 1 for the first made; never used again
  std::string external_id;   // empty: an alias-only, e-mail-only or phone-only profile
  std::vector<Alias> aliases;
  Value::Object fields;  // profile fields that are set, docs/braze-contract.md section 2.3
  std::vector<Attribute> attributes;
  std::vector<Happening> events;
  std::vector<Happening> purchases;
  double revenue = 0;
  Clock::Time created;
  std::uint64_t touched = 0;  // grows with every update of any profile

  const Attribute* FindAttribute(std::uint32_t name) const;
  Attribute* FindAttribute(std::uint32_t name);
};

// The 24 hex digits of a profile, and back; 0 for what is none of this seed.
std::string BrazeId(std::uint64_t serial, std::uint64_t seed);
std::uint64_t SerialOf(std::string_view braze_id, std::uint64_t seed);

// The type that Braze infers for a value, section 2.4: boolean, integer, float, string, date,
// array, object, object_array.
std::string_view InferredType(const Value& value);

// The profile as an item of `users` of /users/export/ids (sections 7.1 and 11).
Value::Object ExportProfile(const Profile& profile, const NamePool& names, std::uint64_t seed);
// Its custom attributes, name to inferred type.
Value::Object ExportTypes(const Profile& profile, const NamePool& names);

}  // namespace mockbraze

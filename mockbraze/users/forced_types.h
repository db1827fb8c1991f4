#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "mockbraze/base/json.h"
#include "mockbraze/users/user_rules.h"

namespace mockbraze {

// The type that Braze infers for a value, docs/braze-contract.md section 2.4.
ForcedType InferType(const Value& value);

// The value in a forced type, section 2.4: "1", "true", "t" and "0", "false", "f" in any case are
// booleans, numeric text is a number. None for what cannot be coerced.
std::optional<Value> Coerce(Value value, ForcedType type);

// What the workspace demands of single custom attributes, by the number of their name (NamePool).
// Empty, and no cost, while nothing is demanded. Thread safety: none; guarded by its owner.
class NameRules {
 public:
  struct Rule {
    std::optional<ForcedType> type;
    bool locked = false;  // the type is the first that was seen, not one of the settings
    bool blocklisted = false;
  };

  // Null when there is none.
  const Rule* Find(std::uint32_t name) const {
    return name < rules_.size() ? &rules_[name] : nullptr;
  }
  Rule& At(std::uint32_t name) {
    if (name >= rules_.size()) rules_.resize(name + std::size_t{1});
    return rules_[name];
  }
  // Forgets all but the locked types, and those too unless they are to be kept.
  void Clear(bool keep_locked);
  // The first type that is seen of a name stays its type; nothing else changes it.
  void Lock(std::uint32_t name, const Value& seen);

 private:
  std::vector<Rule> rules_;
};

}  // namespace mockbraze

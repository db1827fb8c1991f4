#pragma once

#include <string_view>

#include "mockbraze/base/json.h"
#include "mockbraze/users/drop_reason.h"
#include "mockbraze/users/profile.h"
#include "mockbraze/users/user_rules.h"

// The names that are not custom attributes, docs/braze-contract.md sections 2.1 to 2.3.
// Thread safety: pure functions.
namespace mockbraze {

enum class NameKind {
  kIdentifier,  // external_id, braze_id, user_alias, alias_name, alias_label
  kControl,     // _update_existing_only, _merge_objects, push_token_import
  kIgnored,     // bio
  kProfile,     // first_name, email_subscribe, ...
  kCustom,
};

NameKind KindOf(std::string_view name);

// The fault of a profile field that rejects the whole object (section 4.2), as a documented code;
// empty when there is none.
std::string_view CheckProfileFields(const Value::Object& members, const UserRules& rules);

// True for the fields that cost a data point (section 8).
bool IsBillableField(std::string_view name);

// Applies one profile field (section 2.3) that CheckProfileFields found good. What it does not take
// is dropped in silence.
Effect ApplyField(std::string_view name, Value value, Profile* profile);

}  // namespace mockbraze

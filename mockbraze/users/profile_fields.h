#pragma once

#include <string>
#include <string_view>

#include "mockbraze/base/json.h"

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
std::string CheckProfileFields(const Value::Object& members);

// True when Braze takes the value for the profile field; otherwise it is dropped in silence
// (sections 2.3 and 4.2).
bool IsStorableField(std::string_view name, const Value& value);

}  // namespace mockbraze

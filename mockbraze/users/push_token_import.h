#pragma once

#include <optional>
#include <string_view>

#include "mockbraze/base/json.h"
#include "mockbraze/users/identifier.h"

// Objects with `push_token_import`, docs/braze-contract.md section 2.2. Thread safety: pure
// functions.
namespace mockbraze {

bool IsPushTokenImport(const Value::Object& members);

// Who an import without any identifier is about: an anonymous user, known by the first token.
// None when the object names a user.
std::optional<Identifier> AnonymousImporter(const Value::Object& members);

// BAD_PUSH_TOKEN_IMPORT when the import has no tokens, or an external_id or braze_id; else empty.
std::string_view CheckPushTokenImport(const Value::Object& members);

}  // namespace mockbraze

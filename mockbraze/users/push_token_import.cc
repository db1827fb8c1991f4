#include "mockbraze/users/push_token_import.h"

#include <algorithm>
#include <array>

namespace mockbraze {
namespace {

bool IsPresent(const Value::Object& members, std::string_view name) {
  const Value* value = FindMember(members, name);
  return value && !value->is_null();
}

}  // namespace

bool IsPushTokenImport(const Value::Object& members) {
  const Value* flag = FindMember(members, "push_token_import");
  return flag && flag->boolean() && *flag->boolean();
}

std::optional<Identifier> AnonymousImporter(const Value::Object& members) {
  static constexpr std::array<std::string_view, 5> identifiers = {"external_id", "braze_id",
                                                                  "user_alias", "email", "phone"};
  const bool named = std::ranges::any_of(
      identifiers, [&](std::string_view name) { return IsPresent(members, name); });
  if (named) return std::nullopt;
  Identifier id{IdKind::kPushToken, {}, {}};
  const Value* tokens = FindMember(members, "push_tokens");
  const bool some = tokens && tokens->list() && !tokens->list()->empty();
  const Value* token = some ? (*tokens->list())[0].Find("token") : nullptr;
  if (token && token->string()) id.value = *token->string();
  return id;
}

std::string_view CheckPushTokenImport(const Value::Object& members) {
  if (!IsPushTokenImport(members)) return {};
  const Value* tokens = FindMember(members, "push_tokens");
  // What is no list at all has a code of its own: BAD_PUSH_TOKEN_VALUE.
  const bool some = tokens && !tokens->is_null() && !(tokens->list() && tokens->list()->empty());
  const bool good = some && !IsPresent(members, "external_id") && !IsPresent(members, "braze_id");
  return good ? std::string_view() : "BAD_PUSH_TOKEN_IMPORT";
}

}  // namespace mockbraze

#include "mockbraze/users/identifier.h"

#include <algorithm>
#include <optional>
#include <string_view>

#include "mockbraze/base/limits.h"
#include "mockbraze/base/text.h"

namespace mockbraze {
namespace {

using Answer = std::variant<Identifier, IdentifierError>;

constexpr char required[] = "'external_id' or 'braze_id' or 'user_alias' is required";

// A member that is there and not null.
const Value* Present(const Value::Object& object, std::string_view name) {
  const Value* value = FindMember(object, name);
  return value && !value->is_null() ? value : nullptr;
}

Answer ReadExternalId(const Value& value) {
  // docs/braze-contract.md section 11: an integer is accepted and stored as a string.
  std::string text;
  if (const auto* string = value.string()) {
    text = *string;
  } else if (value.integer() || value.big_integer()) {
    text = ToJson(value);
  }
  if (text.empty()) return IdentifierError{required};
  // Sections 1.7 and 4.2.
  if (text.size() > limits::external_id_bytes_max) {
    return IdentifierError{"EXTERNAL_USER_ID_TOO_LARGE"};
  }
  return Identifier{IdKind::kExternalId, std::move(text), {}};
}

Answer ReadAlias(const Value& value) {
  const Value* name = value.Find("alias_name");
  const Value* label = value.Find("alias_label");
  const auto usable = [](const Value* part) {
    return part && part->string() && !part->string()->empty() &&
           part->string()->size() <= limits::alias_bytes_max;
  };
  // Sections 1.7 and 2.1 give the limits; the outcome of a breach is not stated. Ours.
  if (!usable(name) || !usable(label)) {
    return IdentifierError{
        "'user_alias' must have an 'alias_name' and an 'alias_label' of 1 to 236 bytes"};
  }
  return Identifier{IdKind::kAlias, *name->string(), *label->string()};
}

Answer ReadSecondary(const Value* email, const Value* phone) {
  // Section 2.1: with both, email wins.
  if (email) {
    if (!email->string() || !IsEmailAddress(*email->string())) {
      return IdentifierError{"EMAIL_BAD_FORMAT"};
    }
    return Identifier{IdKind::kEmail, ToLower(*email->string()), {}};
  }
  if (!phone->string() || !IsPhoneNumber(*phone->string())) {
    return IdentifierError{"'phone' must be a valid phone number"};  // ours
  }
  return Identifier{IdKind::kPhone, *phone->string(), {}};
}

}  // namespace

std::string Identifier::CustomerKey() const {
  static constexpr char kinds[] = "xbaept";
  std::string key(1, kinds[static_cast<int>(kind)]);
  key += value;
  if (kind == IdKind::kAlias) key += '\0' + label;
  return key;
}

std::uint64_t Identifier::Hash() const {
  const std::uint64_t name = HashText(value) + static_cast<std::uint64_t>(kind);
  return Mix(kind == IdKind::kAlias ? Mix(name) + HashText(label) : name);
}

Answer ReadIdentifier(const Value::Object& object) {
  const Value* external_id = Present(object, "external_id");
  const Value* alias = Present(object, "user_alias");
  const Value* braze_id = Present(object, "braze_id");
  const int primaries = (external_id ? 1 : 0) + (alias ? 1 : 0) + (braze_id ? 1 : 0);
  // Section 2.1: two or more primary identifiers reject the object. The text is ours.
  if (primaries > 1) {
    return IdentifierError{
        "only one of 'external_id', 'braze_id' and 'user_alias' is allowed in an object"};
  }
  if (external_id) return ReadExternalId(*external_id);
  if (alias) return ReadAlias(*alias);
  if (braze_id) {
    if (!braze_id->string() || braze_id->string()->empty()) return IdentifierError{required};
    return Identifier{IdKind::kBrazeId, *braze_id->string(), {}};
  }
  const Value* email = Present(object, "email");
  const Value* phone = Present(object, "phone");
  if (!email && !phone) return IdentifierError{required};
  return ReadSecondary(email, phone);
}

bool IsEmailAddress(const std::string& text) {
  const std::size_t at = text.find('@');
  if (at == std::string::npos || at == 0 || text.find('@', at + 1) != std::string::npos) {
    return false;
  }
  const std::size_t dot = text.rfind('.');
  const bool clean = std::ranges::none_of(
      text, [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == 0x7F; });
  return clean && dot != std::string::npos && dot > at + 1 && dot + 1 < text.size() &&
         text[at + 1] != '.';
}

bool IsPhoneNumber(const std::string& text) {
  const std::string_view digits = std::string_view(text).substr(text.starts_with('+') ? 1 : 0);
  return digits.size() >= 7 && digits.size() <= 15 && digits[0] != '0' &&
         std::ranges::all_of(digits, [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace mockbraze

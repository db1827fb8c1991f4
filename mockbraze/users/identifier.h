#pragma once

#include <cstdint>
#include <string>
#include <variant>

#include "mockbraze/base/json.h"

namespace mockbraze {

// kPushToken: an anonymous user, who comes from push_token_import (push_token_import.h).
enum class IdKind { kExternalId, kBrazeId, kAlias, kEmail, kPhone, kPushToken };

// The customer an object is about, docs/braze-contract.md section 2.1.
struct Identifier {
  IdKind kind = IdKind::kExternalId;
  std::string value;  // of an alias its name; an e-mail address is in lower case
  std::string label;  // of an alias

  // One text per customer, for maps.
  std::string CustomerKey() const;
  // A number per customer that can be taken for the customer: two share one in 2^64.
  std::uint64_t Hash() const;
  bool operator==(const Identifier&) const = default;
};

// Why an object has no usable identifier: the `type` of its error entry (section 4.2).
struct IdentifierError {
  std::string type;
};

// Reads the identifier of an object of /users/track by the rules of section 2.1: exactly one of
// external_id, user_alias and braze_id; without them e-mail, then phone.
std::variant<Identifier, IdentifierError> ReadIdentifier(const Value::Object& object);

// The form of an address that Braze takes, roughly: something@host.tld without spaces.
bool IsEmailAddress(const std::string& text);
// E.164, with or without the plus.
bool IsPhoneNumber(const std::string& text);

}  // namespace mockbraze

#pragma once

#include <cstdint>
#include <string>

namespace peaksync {

// The kind of identifier; the numbers stand in ledgers on disk and never change.
enum class IdentifierKind : std::uint8_t {
  kExternalId = 1,
  kBrazeId = 2,
  kUserAlias = 3,
  kEmail = 4,
  kPhone = 5,
};

// A Braze user profile by exactly one identifier, as the tenant gave it.
struct Customer {
  IdentifierKind kind = IdentifierKind::kExternalId;
  std::string id;     // The alias name, for kUserAlias.
  std::string label;  // The alias label; empty for the other kinds.

  // What the ledger knows the customer by: e-mail addresses are case-folded (ASCII), everything
  // else is exact.
  std::string Key() const;

  friend bool operator==(const Customer&, const Customer&) = default;
};

}  // namespace peaksync

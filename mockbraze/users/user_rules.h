#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>

#include "mockbraze/base/limits.h"

namespace mockbraze {

// The type that the dashboard forces on a custom attribute (docs/braze-contract.md section 2.4).
enum class ForcedType { kBoolean, kNumber, kString, kDate, kArray, kObject, kObjectArray };

// What happens to an array beyond its limit: the two readings of section 12, 5.
enum class ArrayOverflow {
  kDropOldest,  // items fall off the front
  kTruncate,    // items beyond the limit are not taken
};

// How the `type` of an error entry is written: the two styles of section 4.2.
enum class ErrorStyle { kCode, kSentence };

// What a workspace can be told about how it treats objects about users. Thread safety: as a plain
// struct; shared as const.
struct UserRules {
  using Names = std::set<std::string, std::less<>>;

  std::size_t array_limit = limits::array_items_max;
  ArrayOverflow array_overflow = ArrayOverflow::kDropOldest;
  std::map<std::string, ForcedType, std::less<>> forced_types;
  // True: the first type that the workspace sees of a custom attribute forces it, as if it had been
  // set in the dashboard. Ours: no page documents it.
  bool type_locking = false;
  Names blocklisted_attributes;  // not stored (section 2.4)
  Names blocked_external_ids;    // BLACKLISTED_EXTERNAL_USER_ID (section 4.2)
  Names app_ids;                 // of push tokens; empty: any text
  Names subscription_groups;     // empty: any UUID
  ErrorStyle error_style = ErrorStyle::kCode;
  // Recommended e-commerce events are checked against their schemas (section 3).
  bool ecommerce_schema_checks = false;
  // Properties of an event or a purchase: 100 KB or 50 KB (section 12, 7).
  std::size_t properties_bytes_max = limits::properties_bytes_max;
  // Objects by alias never create a user, whatever they say (section 12, 6).
  bool alias_update_only = false;
};

}  // namespace mockbraze

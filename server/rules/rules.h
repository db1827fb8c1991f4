#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "absl/time/time.h"

namespace peaksync {

// What a value must be, by configuration (`type = "double"`).
enum class RuleType : std::uint8_t {
  kBool,
  kInteger,
  kDouble,
  kString,
  kTimestamp,
  kList,
  kObject,
};

// `[tenants.NAME.attributes.MODEL_NAME]`.
struct AttributeRule {
  std::string rename;                              // Braze's name; empty: the model's.
  std::optional<RuleType> type;                    // Absent: any.
  std::optional<std::pair<double, double>> range;  // Inclusive; numbers only.
  std::optional<int> round;                        // Digits after the point, 0 to 15.
  std::optional<double> min_change;                // > 0; a smaller difference is insignificant.
  std::string source;                              // Only this source may write it; empty: any.

  friend bool operator==(const AttributeRule&, const AttributeRule&) = default;
};

// What a tenant's configuration says of its updates. Immutable once built.
struct TenantRules {
  enum class OnInvalid : std::uint8_t { kSkipUpdate, kSkipAttribute };

  OnInvalid on_invalid = OnInvalid::kSkipUpdate;
  bool accept_unlisted_attributes = true;
  bool create_profiles = true;
  double max_invalid_percent = 5;         // 0 to 100.
  std::int64_t max_rejections = 100'000;  // Kept at most.
  std::int64_t max_waiting_bytes = std::int64_t{1} << 30;
  // A value that was confirmed longer ago is sent again; absent: never.
  std::optional<absl::Duration> resend_after;
  std::map<std::string, AttributeRule> attributes;  // By the model's name.

  friend bool operator==(const TenantRules&, const TenantRules&) = default;
};

}  // namespace peaksync

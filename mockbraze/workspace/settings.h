#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "mockbraze/base/json.h"
#include "mockbraze/base/limits.h"
#include "mockbraze/base/result.h"
#include "mockbraze/users/user_rules.h"
#include "mockbraze/workspace/keys.h"

namespace mockbraze {

// Objects per request of /users/track (docs/braze-contract.md section 1.6).
struct BatchLimit {
  bool per_array = false;  // each array by itself; otherwise all arrays together
  std::size_t objects = limits::track_objects_max;
};

// Contracts by data points, or by monthly active users (section 1.8).
enum class RateLimitMode { kGeneral, kMau };

// The rate headers (section 1.9). kByMode: as the mode's page has them.
enum class RateHeaders {
  kByMode,
  kEpoch,       // all three, the reset in epoch seconds, on every answer
  kDelta,       // all three, the reset in seconds left, on every answer
  kRetryAfter,  // as kDelta, but on a 429 X-Ratelimit-Retry-After alone
  kEmpty,       // all three, empty
  kNone,
};

// The limit of /users/track; the other endpoints have their own (rate_limiter.h).
struct RateLimit {
  std::int64_t limit = limits::rate_requests;  // requests in a window
  std::int64_t window_s = limits::rate_window.count();
  std::int64_t hourly = limits::rate_hourly;  // in a clock hour; only in mode mau
  bool enforced = true;                       // false: counted and shown, never a 429
  RateHeaders headers = RateHeaders::kByMode;
};

enum class BulkPermission {
  kStrict,   // users.track.bulk opens /users/track/bulk
  kPartner,  // users.track does too (section 12, 10)
};

// What a person would set in the dashboard of a workspace, or know of its contract, and what a test
// wants of its mock. Thread safety: as a plain struct; shared as const.
struct Settings {
  std::vector<ApiKey> keys;    // none: every key that is not empty may do everything
  bool account_active = true;  // false: 403 (section 4.3)
  bool maintenance = false;    // true: 202 queued (section 4.4)
  std::string host;            // requests to another host are 401 (section 1.1); empty: any
  std::string company;         // workspaces of one company share their limits; empty: none
  BatchLimit batch_limit;
  RateLimitMode rate_limit_mode = RateLimitMode::kGeneral;
  RateLimit rate_limit;
  std::chrono::milliseconds processing_delay{0};
  // True: what waits for its processing becomes visible bit by bit (section 11).
  bool partial_processing = false;
  // True: requests in flight for one user overwrite each other (section 1.10).
  bool lost_updates = false;
  std::chrono::milliseconds latency{0};
  BulkPermission bulk_permission = BulkPermission::kStrict;
  std::string onboarded = "2024-08-22";  // when the customer came to Braze (section 7.1)
  int unknown_key_status = 401;          // 401 or 404 (section 12, 9)
  int oversize_status = 0;               // 413 or 400 (section 12, 8); 0: by endpoint
  UserRules rules;
};

// The settings after a partial object in the form of POST /_mock/workspace, or what is wrong with
// it. `rate_limit.remaining` is no setting and ignored here; see RemainingOf.
Result<Settings> Change(Settings settings, const Value& changes);
// `rate_limit.remaining` of a body that Change took, if it is there.
std::optional<std::int64_t> RemainingOf(const Value& changes);
// All of them, in the form that Change reads.
Value::Object ToValue(const Settings& settings);

}  // namespace mockbraze

#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <mutex>

#include "mockbraze/base/clock.h"
#include "mockbraze/workspace/settings.h"

namespace mockbraze {

// What shares one limit (docs/braze-contract.md section 1.8).
enum class RateBucket {
  kTrack,
  kBulk,
  kSync,
  kExport,        // with the limit of when the customer came to Braze
  kExportFields,  // with fields_to_export
  kUsers,         // delete, alias/new, identify and merge together
  kSubscription,
  kGeneral,  // all others together
};
inline constexpr std::size_t rate_buckets = 8;

// Where a request found its limit.
struct RateState {
  std::int64_t limit = 0;
  std::int64_t remaining = 0;
  std::int64_t reset_s = 0;  // epoch seconds
  std::int64_t now_s = 0;
  bool refused = false;  // 429
};

// Counts requests in fixed windows that begin at multiples of their length, so that an hour is a
// clock hour. In mode mau a request to /users/track must fit into its burst window and its hour,
// and the state is the hour's unless the burst refused it.
// Thread safety: all calls from any thread.
class RateLimiter {
 public:
  // Takes one request out of the bucket, if it fits.
  RateState Take(RateBucket bucket, const Settings& settings, Clock::Time now);
  // What Take would say, without taking.
  RateState Look(RateBucket bucket, const Settings& settings, Clock::Time now);
  // Leaves that many requests in the running window of /users/track (in mode mau: of its hour).
  void SetRemaining(std::int64_t remaining, const Settings& settings, Clock::Time now);
  void Reset();

 private:
  struct Window {
    std::int64_t number = -1;  // since the epoch
    std::int64_t used = 0;
  };
  struct Rule {
    std::int64_t limit;
    std::int64_t window_s;
  };
  static Rule RuleOf(RateBucket bucket, const Settings& settings);
  static RateState StateOf(Window& window, Rule rule, std::int64_t now_s);
  RateState Advance(RateBucket bucket, const Settings& settings, Clock::Time now, bool take);

  std::mutex mutex_;
  std::array<Window, rate_buckets> windows_;
  Window hour_;  // of /users/track in mode mau
};

}  // namespace mockbraze

#include "mockbraze/workspace/rate_limiter.h"

#include <algorithm>
#include <string_view>

#include "mockbraze/base/limits.h"

namespace mockbraze {
namespace {

constexpr std::int64_t second = 1;
constexpr std::int64_t minute = 60;
constexpr std::int64_t hour = 3600;
// Section 1.8: from this day on /users/export/ids has the lower limit.
constexpr std::string_view low_export_since = "2024-08-22";

std::int64_t EpochSeconds(Clock::Time time) {
  return std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
}

}  // namespace

// The figures are section 1.8's.
RateLimiter::Rule RateLimiter::RuleOf(RateBucket bucket, const Settings& settings) {
  switch (bucket) {
    case RateBucket::kTrack:
      return {settings.rate_limit.limit, settings.rate_limit.window_s};
    case RateBucket::kBulk:
      return {50, second};
    case RateBucket::kSync:
      return {500, minute};
    case RateBucket::kExport:
      return {settings.onboarded < low_export_since ? 2500 : 250, minute};
    case RateBucket::kExportFields:
      return {40, second};
    case RateBucket::kUsers:
      return {20'000, minute};
    case RateBucket::kSubscription:
      return {5000, minute};
    case RateBucket::kGeneral:
      break;
  }
  return {250'000, hour};
}

RateState RateLimiter::StateOf(Window& window, Rule rule, std::int64_t now_s) {
  const std::int64_t number = now_s / rule.window_s;
  if (window.number != number) window = {number, 0};
  const std::int64_t remaining = std::max<std::int64_t>(rule.limit - window.used, 0);
  return {rule.limit, remaining, (number + 1) * rule.window_s, now_s, remaining == 0};
}

RateState RateLimiter::Advance(RateBucket bucket, const Settings& settings, Clock::Time now,
                               bool take) {
  const std::int64_t now_s = EpochSeconds(now);
  const bool hourly =
      bucket == RateBucket::kTrack && settings.rate_limit_mode == RateLimitMode::kMau;
  const std::lock_guard lock(mutex_);
  Window& window = windows_[static_cast<std::size_t>(bucket)];
  RateState state = StateOf(window, RuleOf(bucket, settings), now_s);
  if (hourly && !state.refused) state = StateOf(hour_, {settings.rate_limit.hourly, hour}, now_s);
  if (take && (!state.refused || !settings.rate_limit.enforced)) {
    ++window.used;
    if (hourly) ++hour_.used;
    state.remaining = std::max<std::int64_t>(state.remaining - 1, 0);
  }
  state.refused = state.refused && settings.rate_limit.enforced;
  return state;
}

RateState RateLimiter::Take(RateBucket bucket, const Settings& settings, Clock::Time now) {
  return Advance(bucket, settings, now, true);
}

RateState RateLimiter::Look(RateBucket bucket, const Settings& settings, Clock::Time now) {
  return Advance(bucket, settings, now, false);
}

void RateLimiter::SetRemaining(std::int64_t remaining, const Settings& settings, Clock::Time now) {
  const bool mau = settings.rate_limit_mode == RateLimitMode::kMau;
  const Rule rule =
      mau ? Rule{settings.rate_limit.hourly, hour} : RuleOf(RateBucket::kTrack, settings);
  const std::lock_guard lock(mutex_);
  Window& window = mau ? hour_ : windows_[static_cast<std::size_t>(RateBucket::kTrack)];
  StateOf(window, rule, EpochSeconds(now));
  window.used = rule.limit - std::min(remaining, rule.limit);
}

void RateLimiter::Reset() {
  const std::lock_guard lock(mutex_);
  windows_ = {};
  hour_ = {};
}

}  // namespace mockbraze

#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "mockbraze/workspace/rate_limiter.h"

namespace mockbraze {

// The limits that workspaces of one company share (docs/braze-contract.md section 1.8).
// Thread safety: all calls from any thread.
class Companies {
 public:
  std::shared_ptr<RateLimiter> LimiterOf(const std::string& company) {
    const std::lock_guard lock(mutex_);
    // Those that no workspace uses any more go, so that names cannot pile up.
    std::erase_if(limiters_, [](const auto& entry) { return entry.second.expired(); });
    std::weak_ptr<RateLimiter>& limiter = limiters_[company];
    auto shared = limiter.lock();
    if (!shared) limiter = shared = std::make_shared<RateLimiter>();
    return shared;
  }

 private:
  std::mutex mutex_;
  std::map<std::string, std::weak_ptr<RateLimiter>> limiters_;
};

}  // namespace mockbraze

#pragma once

#include <memory>
#include <mutex>

#include "mockbraze/base/clock.h"
#include "mockbraze/faults/fault.h"
#include "mockbraze/users/users.h"
#include "mockbraze/workspace/options.h"
#include "mockbraze/workspace/rate_limiter.h"
#include "mockbraze/workspace/recorder.h"
#include "mockbraze/workspace/settings.h"
#include "mockbraze/workspace/stubs.h"
#include "mockbraze/workspace/traffic.h"

namespace mockbraze {

class Companies;

// All that the mock remembers of one workspace, shared by Braze's endpoints and the control
// endpoints.
// Thread safety: each part guards itself.
class Workspace {
 public:
  // The options, the clock and the companies must outlive the workspace.
  Workspace(const Options& options, const Clock& base_clock, Companies& companies);

  std::shared_ptr<const Settings> settings() const;
  void Configure(Settings settings);
  // Changes what is given (see settings.h), or says what is wrong with it and changes nothing.
  std::string Change(const Value& changes);
  // The limits that this workspace counts against, maybe shared with others of its company.
  std::shared_ptr<RateLimiter> limiter() const;

  // Back to the state after start: flags in force, nobody known, nothing counted. Limits that are
  // shared with other workspaces stay as they are.
  void Reset();

  const Options& options;
  MovableClock clock;
  FaultPlan faults;
  Users users;
  Traffic traffic;
  Recorder recorder;
  Stubs stubs;

 private:
  void Put(Settings settings);  // with mutex_ held

  Companies& companies_;
  mutable std::mutex mutex_;
  std::shared_ptr<const Settings> settings_;
  std::shared_ptr<RateLimiter> own_limiter_ = std::make_shared<RateLimiter>();
  std::shared_ptr<RateLimiter> limiter_ = own_limiter_;
};

}  // namespace mockbraze

#include "mockbraze/workspace/workspace.h"

#include <utility>

#include "mockbraze/workspace/companies.h"

namespace mockbraze {

Workspace::Workspace(const Options& start, const Clock& base_clock, Companies& companies)
    : options(start),
      clock(base_clock),
      faults(start.seed),
      users(start.seed, clock),
      companies_(companies) {
  Reset();
}

std::shared_ptr<const Settings> Workspace::settings() const {
  const std::lock_guard lock(mutex_);
  return settings_;
}

std::shared_ptr<RateLimiter> Workspace::limiter() const {
  const std::lock_guard lock(mutex_);
  return limiter_;
}

void Workspace::Configure(Settings settings) {
  const std::lock_guard lock(mutex_);
  Put(std::move(settings));
}

std::string Workspace::Change(const Value& changes) {
  const std::lock_guard lock(mutex_);
  Result<Settings> settings = mockbraze::Change(*settings_, changes);
  if (!settings.ok()) return settings.error();
  Put(std::move(settings.value()));
  return {};
}

void Workspace::Put(Settings settings) {
  auto fresh = std::make_shared<const Settings>(std::move(settings));
  // The rules are a part of the settings, and live as long as these.
  users.Configure(std::shared_ptr<const UserRules>(fresh, &fresh->rules),
                  {fresh->processing_delay, fresh->partial_processing});
  limiter_ = fresh->company.empty() ? own_limiter_ : companies_.LimiterOf(fresh->company);
  settings_ = std::move(fresh);
}

void Workspace::Reset() {
  clock.Reset();
  users.Reset();
  Configure(options.settings);
  own_limiter_->Reset();
  faults.Set(options.faults);
  traffic.Reset();
  recorder.Reset();
  stubs.Reset();
}

}  // namespace mockbraze

#include "mockbraze/workspace/workspace_set.h"

#include <utility>

#include "mockbraze/base/limits.h"

namespace mockbraze {

WorkspaceSet::WorkspaceSet(Options options, const Clock& clock)
    : options_(std::move(options)),
      clock_(clock),
      common_(std::make_shared<Workspace>(options_, clock, companies_)) {}

std::shared_ptr<Workspace> WorkspaceSet::Of(std::string_view key) {
  if (!options_.workspace_per_key) return common_;
  if (key.empty()) return nullptr;
  const std::lock_guard lock(mutex_);
  const auto found = by_key_.find(key);
  if (found != by_key_.end()) return found->second;
  if (by_key_.size() >= limits::workspaces_max) return nullptr;
  auto fresh = std::make_shared<Workspace>(options_, clock_, companies_);
  by_key_.emplace(key, fresh);
  return fresh;
}

void WorkspaceSet::Reset(std::string_view key) {
  if (!options_.workspace_per_key) return common_->Reset();
  const std::lock_guard lock(mutex_);
  const auto found = by_key_.find(key);
  if (found != by_key_.end()) by_key_.erase(found);
}

}  // namespace mockbraze

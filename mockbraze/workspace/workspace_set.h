#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "mockbraze/base/clock.h"
#include "mockbraze/workspace/companies.h"
#include "mockbraze/workspace/workspace.h"

namespace mockbraze {

// The workspaces of a mock: one for all keys, or with Options::workspace_per_key one for each key,
// made when the key is first used, limits::workspaces_max at most.
// Thread safety: all calls from any thread.
class WorkspaceSet {
 public:
  // The clock must outlive the set.
  WorkspaceSet(Options options, const Clock& clock);

  // Null, with a workspace per key, for no key, and for one key too many.
  std::shared_ptr<Workspace> Of(std::string_view key);
  // The one that is there without any key.
  const std::shared_ptr<Workspace>& common() const { return common_; }
  // What to say to one key too many.
  static constexpr char too_many[] =
      "this mock has as many workspaces as it can hold; POST /_mock/reset with a key frees its own";

  // Back to the state after start; a workspace of a key begins anew when the key is next used.
  void Reset(std::string_view key);

  const Options& options() const { return options_; }

 private:
  const Options options_;
  const Clock& clock_;
  Companies companies_;
  const std::shared_ptr<Workspace> common_;
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Workspace>, std::less<>> by_key_;
};

}  // namespace mockbraze

#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"

namespace peaksync::client {

// The folder for locks and the agent's state: `given`, else $XDG_STATE_HOME/peaksync, else
// ~/.local/state/peaksync. Made when it is not there, for its owner only. INVALID_ARGUMENT when
// that can't be done.
absl::StatusOr<std::string> OpenStateDir(const std::string& given);

// Keeps a job to one run at a time on this machine. Held until it is destroyed, or the process ends
// however it ends.
//
// Thread safety: none.
class JobLock {
 public:
  // ABORTED when somebody holds it, naming the process; INVALID_ARGUMENT when the file can't be
  // made. `name` is the job's, or `agent`.
  static absl::StatusOr<std::unique_ptr<JobLock>> Take(const std::string& state_dir,
                                                       const std::string& name);
  ~JobLock();
  JobLock(const JobLock&) = delete;
  JobLock& operator=(const JobLock&) = delete;

 private:
  explicit JobLock(int fd) : fd_(fd) {}

  const int fd_;
};

}  // namespace peaksync::client

#pragma once

#include <sys/types.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "bench/proc_usage.h"

namespace peaksync::bench {

// A program that runs beside the driver, with its output in a file. It dies with the driver,
// however that ends.
//
// Thread safety: one thread, which must outlive it: the kernel ends the child with that thread.
class ChildProcess {
 public:
  static absl::StatusOr<std::unique_ptr<ChildProcess>> Start(
      const std::vector<std::string>& command, const std::string& output_file);
  ~ChildProcess();  // Kills what still runs.
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  pid_t pid() const { return pid_; }
  // Waits for a line of the output with `text` in it. The error shows the output's end.
  absl::StatusOr<std::string> AwaitLine(const std::string& text, absl::Duration patience);
  // SIGTERM; an error unless it ends with 0 in time. What it used from its start to its end.
  absl::StatusOr<ProcUsage> Stop(absl::Duration patience);
  // For one that ends by itself; an error unless it does, with 0, in time. Likewise.
  absl::StatusOr<ProcUsage> AwaitEnd(absl::Duration patience);
  // SIGKILL. Likewise.
  absl::StatusOr<ProcUsage> Kill();

 private:
  ChildProcess(pid_t pid, std::string name, std::string output_file);
  bool HasEnded();
  absl::Status Failure(const std::string& what) const;

  pid_t pid_;
  std::string name_;
  std::string output_file_;
  bool ended_ = false;
  int wait_status_ = 0;
  ProcUsage usage_;  // Complete when ended_.
};

}  // namespace peaksync::bench

#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

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
  // SIGTERM; an error unless it ends with 0 in time. What it wrote to disks in all, when it did.
  absl::StatusOr<std::int64_t> Stop(absl::Duration patience);

 private:
  ChildProcess(pid_t pid, std::string name, std::string output_file);
  bool HasEnded();
  absl::Status Failure(const std::string& what) const;

  pid_t pid_;
  std::string name_;
  std::string output_file_;
  bool ended_ = false;
  int wait_status_ = 0;
  std::int64_t written_bytes_ = 0;
};

}  // namespace peaksync::bench

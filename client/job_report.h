#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "client/command_base.h"
#include "client/exit_status.h"

namespace peaksync::client {

// What `jobs check` has found out about a job.
struct JobFindings {
  std::string job;
  Destination to;  // Empty when the service could not be asked.
  std::vector<absl::Status> problems;
  std::size_t told_elsewhere = 0;  // Its problems among those of the file and of the databases.
  std::vector<std::string> notes;  // Good to know.
  std::int64_t rows = 0;           // Of the table.
  std::vector<std::string> attributes;  // `churn (double precision)`.
};

// `jobs init` and `jobs check` for scripts, described in docs/client.md. `problems`: those of no
// job.
std::string FileJson(const std::string& file);
std::string CheckJson(ExitStatus exit, const std::vector<absl::Status>& problems,
                      const std::vector<JobFindings>& findings);

}  // namespace peaksync::client

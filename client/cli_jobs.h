#pragma once

#include <functional>
#include <string>

#include "client/agent.h"
#include "client/exit_status.h"
#include "client/output.h"
#include "client/push_options.h"
#include "client/sync_options.h"

namespace CLI {
class App;
}

namespace peaksync::client {

// Everything that the flags of `sync`, `jobs` and `agent` can set.
struct JobsLine {
  JobsPlace place;
  SyncOptions sync;
  AgentOptions agent;
  std::string init_file = "jobs.toml";
  std::string check_job;
};

// Adds the commands. A command that was chosen is given to `choose`.
//
// Lifetime: `common` and `line` must outlive `app`.
void AddJobCommands(CLI::App& app, const CommonOptions& common, JobsLine& line,
                    const std::function<void(std::function<ExitStatus(Output)>)>& choose);

}  // namespace peaksync::client

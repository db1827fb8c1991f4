#pragma once

#include <string>

#include "client/exit_status.h"
#include "client/output.h"
#include "client/push_options.h"
#include "client/sync_options.h"

namespace peaksync::client {

// The flags of `agent`, as they were given.
struct AgentOptions {
  std::string timeout = "1h";  // Of each sync.
};

// `peaksync agent`: runs the jobs on their schedules, each as a process `peaksync sync JOB`, until
// SIGTERM or SIGINT. Then the runs that go on are told to end too, and end at once: what the
// service has of them is delivered, and their slots run once after the next start. SIGHUP reads the
// file again; a bad one changes nothing.
ExitStatus RunAgent(const CommonOptions& common, const JobsPlace& place,
                    const AgentOptions& options, Output output);

}  // namespace peaksync::client

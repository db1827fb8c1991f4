#pragma once

#include <string>

#include "client/exit_status.h"
#include "client/output.h"
#include "client/push_options.h"
#include "client/sync_options.h"

namespace peaksync::client {

// `peaksync jobs init`: writes a jobs.toml with every key explained; never over a file that is
// there.
ExitStatus RunJobsInit(const CommonOptions& common, const std::string& path, Output output);

// `peaksync jobs check [JOB]`: the file, the credentials, the service, the databases and the first
// rows of every table; says everything that is wrong. `job` empty: all jobs. Nothing is sent.
ExitStatus RunJobsCheck(const CommonOptions& common, const JobsPlace& place, const std::string& job,
                        Output output);

}  // namespace peaksync::client

#pragma once

#include <string>

#include "client/exit_status.h"
#include "client/output.h"
#include "client/push_options.h"

namespace peaksync::client {

// The commands. Each says on `err` why it did not come to its end; the status is the process's.
ExitStatus RunPush(const CommonOptions& common, const PushOptions& options, Output output);
// `limit`: at most so many runs, newest first. `source`: only of this one; empty: of all.
ExitStatus RunRunsList(const CommonOptions& common, const std::string& source, int limit,
                       Output output);
ExitStatus RunRunsShow(const CommonOptions& common, const std::string& run_id, Output output);
ExitStatus RunRunsWatch(const CommonOptions& common, const std::string& run_id,
                        const std::string& timeout, const std::string& pause_timeout,
                        Output output);
ExitStatus RunRunsCancel(const CommonOptions& common, const std::string& run_id, Output output);
ExitStatus RunSourcesList(const CommonOptions& common, Output output);
// `cursor`: a time, or `none` to remove it.
ExitStatus RunSourcesSetCursor(const CommonOptions& common, const std::string& source,
                               const std::string& cursor, Output output);
ExitStatus RunLastSync(const CommonOptions& common, const std::string& source, Output output);

}  // namespace peaksync::client

#pragma once

#include "absl/time/time.h"
#include "client/database.h"
#include "client/job.h"
#include "client/job_report.h"

namespace peaksync::client {

// Describes the job's table, counts it, and reads its first rows as a sync would. `now` tells what
// is of the future.
JobFindings CheckTable(Database& database, const Job& job, absl::Time now);

}  // namespace peaksync::client

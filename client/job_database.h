#pragma once

#include <memory>
#include <string>
#include <vector>

#include "client/database.h"
#include "client/job.h"
#include "client/push_options.h"

namespace peaksync::client {

// Connects to a job's database with its credentials.
absl::StatusOr<std::unique_ptr<Database>> OpenJobDatabase(const JobDatabase& database);

// What the job selects of the database. Everything that is wrong is added to `problems`; an error
// when the database could not be asked.
absl::StatusOr<TablePlan> PlanJob(Database& database, const Job& job,
                                  std::vector<std::string>* problems);

// The flags with what the job says where they say nothing: the server, the token, the tenant that
// is meant. INVALID_ARGUMENT when the token can't be read.
absl::StatusOr<CommonOptions> CommonOf(const CommonOptions& flags, const JobService& service,
                                       const Job* job);

}  // namespace peaksync::client

#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "client/database.h"
#include "client/schedule.h"
#include "client/selection.h"
#include "client/toml_section.h"

// What jobs.toml says: which tables are synced where, and when.
namespace peaksync::client {

// Reads a secret, without the line end behind it. INVALID_ARGUMENT, naming the place and never the
// secret, when it is not there. `what` begins the message.
absl::StatusOr<std::string> ReadSecret(std::string_view what, const SecretPlace& place);

// How the service is reached; flags and variables of the command line win.
struct JobService {
  std::string server;
  std::string tenant;  // The one that is meant; see --tenant.
  SecretPlace token;
  std::string cacert_file;
  std::string cert_file;
  std::string key_file;
};

struct JobDatabase {
  std::string name;
  DatabaseKind kind = DatabaseKind::kPostgresql;
  std::string connection;  // Or:
  SecretPlace connection_place;
  SecretPlace password;
  std::vector<std::string> setup;
};

// A schedule with its words, and the zone whose clock it follows.
struct JobSchedule {
  std::string text;
  Schedule schedule;
  absl::TimeZone zone;
};

struct Job {
  std::string name;    // [a-z0-9][a-z0-9_-]{0,62}
  std::string source;  // Default: the name.
  std::string database;
  TableSpec table;
  absl::Duration lookback = absl::Hours(24);
  std::optional<JobSchedule> schedule;
  std::string tenant;  // These two win over the service's.
  SecretPlace token;
};

struct JobsFile {
  JobService service;
  std::string state_dir;  // Where locks and the agent's state are; empty: the default.
  std::vector<JobDatabase> databases;
  std::vector<Job> jobs;  // In the file's order.

  const Job* FindJob(std::string_view name) const;
  const JobDatabase* FindDatabase(std::string_view name) const;
  // INVALID_ARGUMENT: there is no job `name`, and which ones there are.
  absl::Status NoSuchJob(std::string_view file_name, std::string_view name) const;
};

// Reads the text of a jobs.toml. Everything that is wrong comes in `problems`, each as
// `FILE:LINE: what`; the file is good when nothing was. Pure.
JobsFile ParseJobs(const std::string& file_name, std::string_view text,
                   std::vector<std::string>* problems);
// The same from a file. INVALID_ARGUMENT with all problems, a line each.
absl::StatusOr<JobsFile> ReadJobs(const std::string& path);

// A jobs.toml with every key, its meaning and its default.
std::string_view JobsTemplate();

}  // namespace peaksync::client

#pragma once

#include <string>

#include "client/limits.h"

namespace peaksync::client {

// Where jobs are, of every command about them.
struct JobsPlace {
  std::string jobs_file = "jobs.toml";
  std::string state_dir;
};

// The flags of `sync`, as they were given.
struct SyncOptions {
  std::string job;
  std::string since;  // TIME or empty.
  bool full = false;
  bool retry_refused = false;
  bool no_wait = false;
  std::string timeout = "1h";
  std::string pause_timeout = "30s";
  std::string connect_timeout = "30s";
  bool allow_rejections = false;
  std::string rejects;
  int batch_size = limits::kBatchUpdatesDefault;
};

}  // namespace peaksync::client

#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "client/exit_status.h"
#include "client/job.h"

namespace peaksync::client {

// Up to when the slots of each job are done with. What the agent keeps over restarts.
using DoneUntil = std::map<std::string, absl::Time>;

// Lines `JOB TIME`. Lines that can't be read are left out: such a job begins anew.
std::string WriteDoneUntil(const DoneUntil& done);
DoneUntil ReadDoneUntil(std::string_view text);

// Decides which job runs when. Pure: time comes as an argument, and nothing is started here.
//
// A job's slots that have passed count as one, so a missed slot runs once, however many there were.
// A job never runs twice at a time; slots that come meanwhile run once after it. A run that could
// not finish (exit status 1, or killed) is tried again after a minute, then after two, up to an
// hour; its slot stays open until then, also over a restart. A job that is new waits for its next
// slot.
//
// Thread safety: none.
class AgentPlan {
 public:
  // Only jobs with a schedule count.
  AgentPlan(const std::vector<Job>& jobs, DoneUntil done, absl::Time now);

  // Other jobs from now on. Those that run go on.
  void Reconfigure(const std::vector<Job>& jobs, absl::Time now);

  // The jobs to start now; they count as running. At most limits::kAgentRunsMax run at a time.
  std::vector<std::string> Start(absl::Time now);
  void Ended(const std::string& job, std::optional<ExitStatus> exit, absl::Time now);

  // When Start() may have something again without an end of a run.
  absl::Time NextStart() const;
  // When the job runs next; nothing for one that is not known.
  std::optional<absl::Time> NextStart(const std::string& job) const;
  int running() const { return running_; }
  const DoneUntil& done() const { return done_; }

 private:
  struct Entry {
    std::optional<JobSchedule> schedule;  // Nothing: the job is gone, and its run still goes on.
    absl::Time next;                      // Its next start.
    bool runs = false;
    absl::Time started;
    int attempts = 0;  // In a row, that could not finish.
  };

  std::map<std::string, Entry> jobs_;
  DoneUntil done_;
  int running_ = 0;
};

}  // namespace peaksync::client

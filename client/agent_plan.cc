#include "client/agent_plan.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_split.h"
#include "client/limits.h"
#include "client/text.h"
#include "client/time_text.h"

namespace peaksync::client {

std::string WriteDoneUntil(const DoneUntil& done) {
  std::string text;
  for (const auto& [job, time] : done) {
    Append(&text, job, " ", FormatTime({absl::ToUnixSeconds(time), 0}), "\n");
  }
  return text;
}

DoneUntil ReadDoneUntil(std::string_view text) {
  DoneUntil done;
  for (const absl::string_view line : absl::StrSplit(ToAbsl(text), '\n', absl::SkipEmpty())) {
    const std::vector<std::string> parts = absl::StrSplit(line, ' ');
    if (parts.size() != 2) continue;
    const absl::StatusOr<TimePoint> time = ParseTime(parts[1]);
    if (time.ok()) done[parts[0]] = absl::FromUnixSeconds(time->seconds);
  }
  return done;
}

AgentPlan::AgentPlan(const std::vector<Job>& jobs, DoneUntil done, absl::Time now)
    : done_(std::move(done)) {
  Reconfigure(jobs, now);
}

void AgentPlan::Reconfigure(const std::vector<Job>& jobs, absl::Time now) {
  for (auto& [name, entry] : jobs_) entry.schedule.reset();
  for (const Job& job : jobs) {
    if (!job.schedule) continue;
    Entry& entry = jobs_[job.name];
    entry.schedule = job.schedule;
    absl::Time& done = done_.emplace(job.name, now).first->second;
    done = std::min(done, now);  // The clock was set back.
    if (entry.attempts == 0)
      entry.next = job.schedule->schedule.NextAfter(done, job.schedule->zone);
  }
  std::erase_if(jobs_, [](const auto& job) { return !job.second.schedule && !job.second.runs; });
  std::erase_if(done_, [&](const auto& job) { return !jobs_.contains(job.first); });
}

std::vector<std::string> AgentPlan::Start(absl::Time now) {
  std::vector<std::string> started;
  for (auto& [name, entry] : jobs_) {
    if (running_ >= limits::kAgentRunsMax) break;
    if (entry.runs || !entry.schedule || entry.next > now) continue;
    entry.runs = true;
    entry.started = now;
    ++running_;
    started.push_back(name);
  }
  return started;
}

void AgentPlan::Ended(const std::string& job, std::optional<ExitStatus> exit, absl::Time now) {
  const auto found = jobs_.find(job);
  if (found == jobs_.end() || !found->second.runs) return;
  Entry& entry = found->second;
  entry.runs = false;
  --running_;
  if (!entry.schedule) {
    jobs_.erase(found);
    done_.erase(job);
    return;
  }
  if (exit && *exit != ExitStatus::kNotFinished) {
    done_[job] = entry.started;
    entry.attempts = 0;
    entry.next = entry.schedule->schedule.NextAfter(entry.started, entry.schedule->zone);
    return;
  }
  const absl::Duration wait = limits::kAgentRetryMin * (1 << std::min(entry.attempts, 10));
  entry.next = now + std::min(wait, limits::kAgentRetryMax);
  ++entry.attempts;
}

absl::Time AgentPlan::NextStart() const {
  absl::Time next = absl::InfiniteFuture();
  if (running_ >= limits::kAgentRunsMax) return next;
  for (const auto& [name, entry] : jobs_) {
    if (!entry.runs && entry.schedule) next = std::min(next, entry.next);
  }
  return next;
}

std::optional<absl::Time> AgentPlan::NextStart(const std::string& job) const {
  const auto found = jobs_.find(job);
  return found == jobs_.end() ? std::nullopt : std::optional(found->second.next);
}

}  // namespace peaksync::client

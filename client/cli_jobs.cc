#include "client/cli_jobs.h"

#include <CLI/CLI.hpp>

#include "client/job_commands.h"
#include "client/sync_command.h"

namespace peaksync::client {
namespace {

void AddPlace(CLI::App& command, JobsPlace& place, bool has_state) {
  command.add_option("--jobs", place.jobs_file, "The file that says what the jobs are")
      ->envname("PEAKSYNC_JOBS")
      ->capture_default_str();
  if (!has_state) return;
  command
      .add_option("--state-dir", place.state_dir,
                  "Folder for locks and the agent's state (default: ~/.local/state/peaksync)")
      ->envname("PEAKSYNC_STATE_DIR");
}

void AddSyncFlags(CLI::App& sync, SyncOptions& options) {
  sync.add_option("job", options.job, "The job's name")->required();
  sync.add_option("--since", options.since,
                  "Select what was updated at this TIME or later, instead of since the last sync");
  sync.add_flag("--full", options.full, "Select the whole table, and send all of it once");
  sync.add_flag("--retry-refused", options.retry_refused,
                "Try again also what Braze itself has refused");
  sync.add_option("--batch-size", options.batch_size, "Updates a message, up to 5000")
      ->capture_default_str();
  sync.add_flag("--no-wait", options.no_wait, "Don't wait for Braze's answers");
  sync.add_option("--timeout", options.timeout, "For everything: 90s, 30m, 1h")
      ->capture_default_str();
  sync.add_option("--pause-timeout", options.pause_timeout,
                  "How long to wait while the tenant's delivery is paused")
      ->capture_default_str();
  sync.add_option("--connect-timeout", options.connect_timeout,
                  "How long to try to reach the service at first")
      ->capture_default_str();
  sync.add_flag("--allow-rejections", options.allow_rejections,
                "Exit status 0 also when values were invalid or rejected");
  sync.add_option("--rejects", options.rejects,
                  "Write the refused rows with their reasons (only you can read it)");
}

}  // namespace

void AddJobCommands(CLI::App& app, const CommonOptions& common, JobsLine& line,
                    const std::function<void(std::function<ExitStatus(Output)>)>& choose) {
  CLI::App* const sync = app.add_subcommand("sync", "Send what a job's table has new");
  AddSyncFlags(*sync, line.sync);
  AddPlace(*sync, line.place, true);
  sync->footer(
      "Examples:\n"
      "  peaksync sync churn\n"
      "  peaksync sync churn --since 2026-09-01T00:00:00Z\n\n"
      "Selects what was updated since the source's last successful sync, and a day before it for\n"
      "rows that came late; the first time everything. Exit status as of push; 1 also while the\n"
      "job runs elsewhere.");
  sync->callback([&common, &line, choose] {
    choose([&](Output output) { return RunSync(common, line.place, line.sync, output); });
  });

  CLI::App* const jobs = app.add_subcommand("jobs", "The file that says what the jobs are");
  jobs->require_subcommand(1);
  jobs->footer("Example: peaksync jobs init && peaksync jobs check");
  CLI::App* const init = jobs->add_subcommand("init", "Write one, with every key explained");
  init->footer("Example: peaksync jobs init jobs.toml");
  init->add_option("file", line.init_file, "Where to")->capture_default_str();
  init->callback([&common, &line, choose] {
    choose([&](Output output) { return RunJobsInit(common, line.init_file, output); });
  });
  CLI::App* const check = jobs->add_subcommand(
      "check", "Look at all of it: the file, credentials, service, databases, tables");
  check->footer(
      "Example: peaksync jobs check churn\n\n"
      "Reads the first 10,000 rows of each table as a sync would, and sends nothing. Says every\n"
      "problem at once; exit status 2 when something must be mended.");
  check->add_option("job", line.check_job, "Only this job");
  AddPlace(*check, line.place, false);
  check->callback([&common, &line, choose] {
    choose([&](Output output) { return RunJobsCheck(common, line.place, line.check_job, output); });
  });

  CLI::App* const agent = app.add_subcommand("agent", "Run the jobs on their schedules");
  AddPlace(*agent, line.place, true);
  agent->add_option("--timeout", line.agent.timeout, "For each sync")->capture_default_str();
  agent->footer(
      "Example: peaksync agent --jobs /etc/peaksync/jobs.toml --state-dir "
      "/var/lib/peaksync-agent\n\n"
      "Runs until SIGTERM or SIGINT; SIGHUP reads the file again. A slot that was missed runs\n"
      "once. A job that could not finish is tried again after 1 min, then less often.");
  agent->callback([&common, &line, choose] {
    choose([&](Output output) { return RunAgent(common, line.place, line.agent, output); });
  });
}

}  // namespace peaksync::client

#include "client/cli.h"

#include <CLI/CLI.hpp>

#include <functional>

#include "client/cli_jobs.h"
#include "client/commands.h"
#include "client/rejection_commands.h"

namespace peaksync::client {
namespace {

// Everything that flags can set, and the command that was chosen.
struct CommandLine {
  CommonOptions common;
  PushOptions push;
  std::string output = "table";
  std::string run_id;
  std::string runs_source;
  int runs_limit = 50;
  std::string watch_timeout = "1h";
  std::string watch_pause_timeout = "30s";
  std::string last_sync_source;
  std::string cursor_source;
  std::string cursor;
  RejectionFlags rejections;  // Of all commands about rejections; one is chosen.
  int rejections_limit = 50;
  ExportFlags rejections_export;
  RetryFlags rejections_retry;
  ResyncFlags resync;
  JobsLine jobs;
  bool yes = false;
  CLI::Option* server = nullptr;
  std::function<ExitStatus(Output)> run;  // The command.
};

// A subcommand that does something. `help` ends with an example.
CLI::App* AddCommand(CLI::App& parent, const std::string& name, const std::string& what,
                     const std::string& help, CommandLine& line,
                     std::function<ExitStatus(Output)> run) {
  CLI::App* const command = parent.add_subcommand(name, what);
  command->footer(help);
  command->callback([&line, run = std::move(run)] { line.run = run; });
  return command;
}

// A subcommand of which another one has to be named.
CLI::App* AddGroup(CLI::App& parent, const std::string& name, const std::string& what,
                   const std::string& example) {
  CLI::App* const group = parent.add_subcommand(name, what);
  group->require_subcommand(1);
  group->footer(example);
  return group;
}

void AddCommonFlags(CLI::App& app, CommandLine& line) {
  ConnectionOptions& connection = line.common.connection;
  const auto group = "Common (also after the command)";
  line.server = app.add_option("--server", connection.server, "The service: HOST:PORT")
                    ->envname("PEAKSYNC_SERVER")
                    ->capture_default_str()
                    ->group(group);
  app.add_option("--token-file", line.common.token_file,
                 "File with the tenant's token; or the token itself in PEAKSYNC_TOKEN")
      ->envname("PEAKSYNC_TOKEN_FILE")
      ->group(group);
  app.add_option("--tenant", line.common.tenant,
                 "The tenant that is meant; refuses a token of another one")
      ->envname("PEAKSYNC_TENANT")
      ->group(group);
  app.add_option("--cacert", connection.cacert_file,
                 "PEM file of the authorities to trust (default: the system's); means TLS")
      ->envname("PEAKSYNC_CACERT")
      ->group(group);
  app.add_option("--cert", connection.cert_file, "PEM file of the client's certificate (mTLS)")
      ->envname("PEAKSYNC_CERT")
      ->group(group);
  app.add_option("--key", connection.key_file, "PEM file of its private key")
      ->envname("PEAKSYNC_KEY")
      ->group(group);
  app.add_flag("--insecure", connection.insecure,
               "Plaintext also off this machine: token and data can be read on the way")
      ->envname("PEAKSYNC_INSECURE")
      ->group(group);
  app.add_option("-o,--output", line.output, "table or json")
      ->envname("PEAKSYNC_OUTPUT")
      ->check(CLI::IsMember({"table", "json"}))
      ->capture_default_str()
      ->group(group);
  app.add_flag("--no-progress", line.common.no_progress, "No progress on standard error")
      ->envname("PEAKSYNC_NO_PROGRESS")
      ->group(group);
}

void AddList(CLI::App& app, const std::string& flag, std::vector<std::string>& target,
             const std::string& help) {
  app.add_option(flag, target, help)->delimiter(',')->allow_extra_args(false);
}

void AddPushColumns(CLI::App& push, PushOptions& options) {
  push.add_option("file", options.file, "The file, or - for standard input")->required();
  push.add_option("--source", options.source, "The source these updates are of, such as churn")
      ->required();
  push.add_option("--id-column", options.id_column, "Column of the customers' identifiers")
      ->required();
  push.add_option("--id-kind", options.id_kind,
                  "external_id, braze_id, email, phone or user_alias:LABEL")
      ->capture_default_str();
  AddList(push, "--columns", options.columns, "Send only these columns: a,b,c");
  AddList(push, "--exclude", options.exclude, "Send all columns but these: a,b,c");
  push.add_option("--updated-at-column", options.updated_at_column,
                  "Column with the time of each prediction (RFC 3339); not sent itself");
  push.add_option("--updated-at", options.updated_at,
                  "Time of all predictions, or now (the service's clock); wins over the column");
  AddList(push, "--types", options.types,
          "Types of CSV columns: col=bool|integer|double|string|timestamp|json,...");
  push.add_option_function<std::string>(
      "--null-value", [&options](const std::string& text) { options.null_value = text; },
      "A CSV cell with this text unsets the attribute (an empty cell leaves it alone)");
  push.add_option("--format", options.format,
                  "csv or jsonl; default: by the file's name, with or without .gz");
}

void AddPushBehaviour(CLI::App& push, PushOptions& options) {
  push.add_flag("--full", options.full, "Send everything, also what Braze already has");
  push.add_option("--set-cursor", options.set_cursor,
                  "Cursor of the source once all is done: TIME, or max (newest updated_at sent)");
  push.add_option("--batch-size", options.batch_size, "Updates a message, up to 5000")
      ->capture_default_str();
  push.add_flag("--no-wait", options.no_wait, "Don't wait for Braze's answers");
  push.add_option("--timeout", options.timeout, "For everything: 90s, 30m, 1h")
      ->capture_default_str();
  push.add_option("--pause-timeout", options.pause_timeout,
                  "How long to wait while the tenant's delivery is paused")
      ->capture_default_str();
  push.add_option("--connect-timeout", options.connect_timeout,
                  "How long to try to reach the service at first")
      ->capture_default_str();
  push.add_flag("--allow-rejections", options.allow_rejections,
                "Exit status 0 also when values were invalid or rejected");
  push.add_option("--rejects", options.rejects,
                  "Write the refused rows with line and reason (only you can read it)");
  push.footer(
      "Examples:\n"
      "  peaksync push scores.csv --source churn --id-column external_id \\\n"
      "      --updated-at-column scored_at\n"
      "  unload | peaksync push - --format jsonl --source clv --id-column id --set-cursor max \\\n"
      "      --updated-at-column at --server sync.example.com:7443 --token-file /run/token\n\n"
      "Exit status: 0 done; 1 not finished, safe to run again; 2 usage; 3 done, some values "
      "invalid\n"
      "or rejected; 4 not permitted; 5 a person must look.");
}

void AddPush(CLI::App& app, CommandLine& line) {
  CLI::App* const push = app.add_subcommand("push", "Send the predictions of a file");
  AddPushColumns(*push, line.push);
  AddPushBehaviour(*push, line.push);
  push->callback([&line] {
    line.run = [&line](Output output) { return RunPush(line.common, line.push, output); };
  });
}

void AddWaiting(CLI::App& command, std::string& timeout, std::string& pause_timeout) {
  command.add_option("--timeout", timeout, "How long at most")->capture_default_str();
  command
      .add_option("--pause-timeout", pause_timeout,
                  "How long while the tenant's delivery is paused")
      ->capture_default_str();
}

void AddRuns(CLI::App& app, CommandLine& line) {
  CLI::App& runs = *AddGroup(app, "runs", "What became of sync runs",
                             "Example: peaksync runs list --source churn");
  CLI::App* const list =
      AddCommand(runs, "list", "The newest runs",
                 "Example: peaksync runs list --source churn --limit 10 -o json", line,
                 [&line](Output output) {
                   return RunRunsList(line.common, line.runs_source, line.runs_limit, output);
                 });
  list->add_option("--source", line.runs_source, "Only of this source");
  list->add_option("--limit", line.runs_limit, "At most so many")->capture_default_str();

  CLI::App* const show = AddCommand(
      runs, "show", "One run", "Example: peaksync runs show 01JC8Y3V5N8Q6W2R7T9X4B1K0M", line,
      [&line](Output output) { return RunRunsShow(line.common, line.run_id, output); });
  show->add_option("run", line.run_id, "The run's id")->required();

  CLI::App* const watch =
      AddCommand(runs, "watch", "Wait until Braze has answered all of a run",
                 "Example: peaksync runs watch 01JC8Y3V5N8Q6W2R7T9X4B1K0M --timeout 10m", line,
                 [&line](Output output) {
                   return RunRunsWatch(line.common, line.run_id, line.watch_timeout,
                                       line.watch_pause_timeout, output);
                 });
  watch->add_option("run", line.run_id, "The run's id")->required();
  AddWaiting(*watch, line.watch_timeout, line.watch_pause_timeout);

  CLI::App* const cancel = AddCommand(
      runs, "cancel", "Withdraw a run: what of it still waits is not sent",
      "Example: peaksync runs cancel 01JC8Y3V5N8Q6W2R7T9X4B1K0M\n\n"
      "A value that another run brought too is still delivered, and what is on its way to Braze\n"
      "settles. Exit status 5: the run has completed already.",
      line, [&line](Output output) { return RunRunsCancel(line.common, line.run_id, output); });
  cancel->add_option("run", line.run_id, "The run's id")->required();
}

void AddSources(CLI::App& app, CommandLine& line) {
  CLI::App& sources =
      *AddGroup(app, "sources", "The tenant's sources", "Example: peaksync sources list");
  AddCommand(sources, "list", "All sources with their cursors",
             "Example: peaksync sources list -o json", line,
             [&line](Output output) { return RunSourcesList(line.common, output); });
  CLI::App* const set = AddCommand(
      sources, "set-cursor", "Move a source's cursor: where its next sync starts",
      "Examples:\n"
      "  peaksync sources set-cursor churn 2026-09-01T00:00:00Z\n"
      "  peaksync sources set-cursor churn none\n\n"
      "Back: more is selected again, and what Braze has is not sent twice. Ahead: what changed in\n"
      "between is never selected. none: the next sync selects everything.",
      line, [&line](Output output) {
        return RunSourcesSetCursor(line.common, line.cursor_source, line.cursor, output);
      });
  set->add_option("source", line.cursor_source, "The source")->required();
  set->add_option("time", line.cursor, "Its cursor (RFC 3339), or none")->required();
  CLI::App* const last = AddCommand(
      app, "last-sync", "The last successful sync of a source",
      "Example: peaksync last-sync --source churn -o json", line,
      [&line](Output output) { return RunLastSync(line.common, line.last_sync_source, output); });
  last->add_option("--source", line.last_sync_source, "The source")->required();
}

void AddText(CLI::App& command, const std::string& flag, std::optional<std::string>& target,
             const std::string& help) {
  command.add_option_function<std::string>(
      flag, [&target](const std::string& text) { target = text; }, help);
}

void AddCustomer(CLI::App& command, std::optional<std::string>& customer,
                 std::optional<std::string>& id_kind) {
  AddText(command, "--customer", customer, "Of this customer: the identifier");
  AddText(command, "--id-kind", id_kind,
          "What --customer is: external_id (default), braze_id, email, phone or user_alias:LABEL");
}

void AddFilter(CLI::App& command, RejectionFlags& filter) {
  AddText(command, "--source", filter.source, "Of this source");
  AddText(command, "--run", filter.run_id, "Of this run");
  AddText(command, "--attribute", filter.attribute, "Of this attribute, by Braze's name");
  AddCustomer(command, filter.customer, filter.id_kind);
  AddText(command, "--kind", filter.kind, "By whom they were refused: validation or braze");
}

void AddYes(CLI::App& command, CommandLine& line) {
  command.add_flag("-y,--yes", line.yes, "Don't ask; needed where nobody can be asked");
}

void AddRejectionReaders(CLI::App& group, CommandLine& line) {
  CLI::App* const list = AddCommand(
      group, "list", "Which values were refused, and why",
      "Example: peaksync rejections list --source churn --kind braze --limit 10", line,
      [&line](Output output) {
        return RunRejectionsList(line.common, line.rejections, line.rejections_limit, output);
      });
  AddFilter(*list, line.rejections);
  list->add_option("--limit", line.rejections_limit, "At most so many")->capture_default_str();

  CLI::App* const write = AddCommand(
      group, "export", "Write them to a file that can be mended and pushed",
      "Example: peaksync rejections export refused.jsonl --source churn\n\n"
      "Says the command that pushes the mended file. CSV of one --attribute can be pushed too.",
      line, [&line](Output output) {
        line.rejections_export.filter = line.rejections;
        return RunRejectionsExport(line.common, line.rejections_export, output);
      });
  write->add_option("file", line.rejections_export.file, "The file, or - for standard output")
      ->required();
  write->add_option("--format", line.rejections_export.format,
                    "csv or jsonl; default: by the file's name, jsonl for -");
  AddFilter(*write, line.rejections);
}

void AddRejectionWriters(CLI::App& group, CommandLine& line) {
  CLI::App* const retry = AddCommand(
      group, "retry", "Try them again, once the cause is gone",
      "Example: peaksync rejections retry --source churn --kind braze\n\n"
      "They keep their own times, so a newer value wins. Exit status as of push; 3 also when some\n"
      "could not be retried.",
      line, [&line](Output output) {
        line.rejections_retry.filter = line.rejections;
        return RunRejectionsRetry(line.common, line.rejections_retry, output);
      });
  AddFilter(*retry, line.rejections);
  retry->add_flag("--all", line.rejections.all, "All rejections of the tenant");
  retry->add_flag("--wait,!--no-wait", line.rejections_retry.wait, "Wait for Braze's answers")
      ->capture_default_str();
  AddWaiting(*retry, line.rejections_retry.timeout, line.rejections_retry.pause_timeout);

  CLI::App* const discard =
      AddCommand(group, "discard", "Give them up",
                 "Example: peaksync rejections discard --attribute old_score --yes", line,
                 [&line](Output output) {
                   return RunRejectionsDiscard(line.common, line.rejections, line.yes, output);
                 });
  AddFilter(*discard, line.rejections);
  discard->add_flag("--all", line.rejections.all, "All rejections of the tenant");
  AddYes(*discard, line);
}

void AddResync(CLI::App& app, CommandLine& line) {
  CLI::App* const resync = AddCommand(
      app, "resync", "Forget what Braze has, so that it is sent again",
      "Example: peaksync resync --attribute churn_risk\n\n"
      "Says first how many values the next runs will send again. Then push the current data.",
      line,
      [&line](Output output) { return RunResync(line.common, line.resync, line.yes, output); });
  AddText(*resync, "--attribute", line.resync.attribute, "Of this attribute, by Braze's name");
  AddCustomer(*resync, line.resync.customer, line.resync.id_kind);
  resync->add_flag("--all", line.resync.all, "Everything of the tenant");
  AddYes(*resync, line);
}

}  // namespace

int RunCommandLine(int argc, const char* const* argv, Output output) {
  CommandLine line;
  CLI::App app("Brings AI predictions into Braze, through a PeakSync service.", "peaksync");
  app.fallthrough();
  app.require_subcommand(1);
  app.set_version_flag("--version", std::string("peaksync ") + PEAKSYNC_VERSION);
  AddCommonFlags(app, line);
  app.footer(
      "Example: peaksync push scores.csv --source churn --id-column external_id\n"
      "`peaksync COMMAND --help` says more.");
  AddPush(app, line);
  AddJobCommands(app, line.common, line.jobs,
                 [&line](std::function<ExitStatus(Output)> run) { line.run = std::move(run); });
  AddRuns(app, line);
  AddSources(app, line);
  CLI::App* const rejections = AddGroup(app, "rejections", "Values that were refused",
                                        "Example: peaksync rejections list --source churn");
  AddRejectionReaders(*rejections, line);
  AddRejectionWriters(*rejections, line);
  AddResync(app, line);

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    // CLI11 reports by exceptions; they end here.
    const int code = app.exit(error, output.out, output.err);
    return code == 0 ? 0 : static_cast<int>(ExitStatus::kUsage);
  }
  line.common.json = line.output == "json";
  line.common.server_given = line.server->count() > 0;
  return static_cast<int>(line.run(output));
}

}  // namespace peaksync::client

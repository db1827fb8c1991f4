#include "client/cli.h"

#include <CLI/CLI.hpp>

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
};

void AddCommonFlags(CLI::App& app, CommandLine& line) {
  ConnectionOptions& connection = line.common.connection;
  const auto group = "Common (also after the command)";
  app.add_option("--server", connection.server, "The service: HOST:PORT")
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
  push.add_option("--format", options.format, "csv or jsonl; default: by the file's name");
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
  push.add_option("--rejects", options.rejects, "Write the refused rows, with line and reason");
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

}  // namespace

int RunCommandLine(int argc, const char* const* argv, Output output) {
  CommandLine line;
  ExitStatus status = ExitStatus::kDone;
  CLI::App app("Brings AI predictions into Braze, through a PeakSync service.", "peaksync");
  app.fallthrough();
  app.require_subcommand(1);
  app.set_version_flag("--version", std::string("peaksync ") + PEAKSYNC_VERSION);
  AddCommonFlags(app, line);
  app.footer(
      "Example: peaksync push scores.csv --source churn --id-column external_id\n"
      "`peaksync COMMAND --help` says more.");

  CLI::App* const push = app.add_subcommand("push", "Send the predictions of a file");
  AddPushColumns(*push, line.push);
  AddPushBehaviour(*push, line.push);

  CLI::App* const runs = app.add_subcommand("runs", "What became of sync runs");
  runs->require_subcommand(1);
  runs->footer("Example: peaksync runs list --source churn");
  CLI::App* const list = runs->add_subcommand("list", "The newest runs");
  list->add_option("--source", line.runs_source, "Only of this source");
  list->add_option("--limit", line.runs_limit, "At most so many")->capture_default_str();
  list->footer("Example: peaksync runs list --source churn --limit 10 -o json");
  CLI::App* const show = runs->add_subcommand("show", "One run");
  show->add_option("run", line.run_id, "The run's id")->required();
  show->footer("Example: peaksync runs show 01JC8Y3V5N8Q6W2R7T9X4B1K0M");
  CLI::App* const watch =
      runs->add_subcommand("watch", "Wait until Braze has answered all of a run");
  watch->add_option("run", line.run_id, "The run's id")->required();
  watch->add_option("--timeout", line.watch_timeout, "How long at most")->capture_default_str();
  watch
      ->add_option("--pause-timeout", line.watch_pause_timeout,
                   "How long while the tenant's delivery is paused")
      ->capture_default_str();
  watch->footer("Example: peaksync runs watch 01JC8Y3V5N8Q6W2R7T9X4B1K0M --timeout 10m");

  CLI::App* const sources = app.add_subcommand("sources", "The tenant's sources");
  sources->require_subcommand(1);
  sources->footer("Example: peaksync sources list");
  CLI::App* const sources_list = sources->add_subcommand("list", "All sources with their cursors");
  sources_list->footer("Example: peaksync sources list -o json");

  CLI::App* const last = app.add_subcommand("last-sync", "The last successful sync of a source");
  last->add_option("--source", line.last_sync_source, "The source")->required();
  last->footer("Example: peaksync last-sync --source churn -o json");

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    // CLI11 reports by exceptions; they end here.
    const int code = app.exit(error, output.out, output.err);
    return code == 0 ? 0 : static_cast<int>(ExitStatus::kUsage);
  }
  line.common.json = line.output == "json";

  if (push->parsed()) status = RunPush(line.common, line.push, output);
  if (list->parsed()) status = RunRunsList(line.common, line.runs_source, line.runs_limit, output);
  if (show->parsed()) status = RunRunsShow(line.common, line.run_id, output);
  if (watch->parsed()) {
    status = RunRunsWatch(line.common, line.run_id, line.watch_timeout, line.watch_pause_timeout,
                          output);
  }
  if (sources_list->parsed()) status = RunSourcesList(line.common, output);
  if (last->parsed()) status = RunLastSync(line.common, line.last_sync_source, output);
  return static_cast<int>(status);
}

}  // namespace peaksync::client

#include <map>
#include <utility>

#include "absl/strings/ascii.h"
#include "client/command_base.h"
#include "client/limits.h"
#include "client/private_file.h"
#include "client/progress.h"
#include "client/rejection_commands.h"
#include "client/rejection_export.h"
#include "client/rejection_pages.h"
#include "client/rejection_report.h"
#include "client/rpc_client.h"
#include "client/status_macros.h"
#include "client/text.h"

namespace peaksync::client {
namespace {

absl::StatusOr<FileFormat> FormatOf(const ExportFlags& flags) {
  const std::string name = absl::AsciiStrToLower(flags.file);
  if (flags.format == "csv") return FileFormat::kCsv;
  if (flags.format == "jsonl") return FileFormat::kJsonLines;
  if (!flags.format.empty()) {
    return Invalid("--format: '", flags.format, "' is neither csv nor jsonl");
  }
  if (absl::EndsWith(name, ".csv")) return FileFormat::kCsv;
  if (name == "-" || absl::EndsWith(name, ".jsonl") || absl::EndsWith(name, ".ndjson")) {
    return FileFormat::kJsonLines;
  }
  return Invalid("--format: say csv or jsonl; the name ", flags.file, " does not tell");
}

// Which source a run is of. Empty: the service has forgotten the run.
class SourceBook {
 public:
  SourceBook(RpcClient& client, std::string filter) : client_(client), filter_(std::move(filter)) {}

  absl::StatusOr<std::string> Find(const std::string& run_id) {
    if (!filter_.empty()) return filter_;
    const auto known = sources_.find(run_id);
    if (known != sources_.end()) return known->second;
    const absl::StatusOr<v1::SyncRun> run = client_.GetSyncRun(run_id);
    if (!run.ok() && !absl::IsNotFound(run.status())) return run.status();
    return sources_[run_id] = run.ok() ? run->source() : "";
  }

 private:
  RpcClient& client_;
  const std::string filter_;
  std::map<std::string, std::string> sources_;
};

// What to do with the file. Holds no customer.
void TellNext(const ExportFlags& flags, FileFormat format, const RejectionWriter& writer,
              Output output) {
  if (writer.rejections() == 0) return;
  const std::string attribute = flags.filter.attribute.value_or("");
  std::string commands;
  int count = 0;
  for (const PushTarget& target : writer.targets()) {
    const std::string command = PushCommand(flags.file, format, attribute, target);
    if (!command.empty() && ++count <= limits::kPushHintsMax)
      Append(&commands, "  ", command, "\n");
  }
  if (commands.empty()) {
    output.err << "To push mended values export them as --format jsonl, or one --attribute.\n";
    return;
  }
  output.err << "Mend the values, then push them:\n" << commands;
  if (writer.targets().size() > 1) {
    output.err << "Each command needs the rows of its source and id_kind alone: split the file, or "
                  "export with --source.\n";
  }
}

absl::StatusOr<ExportReport> Export(const CommonOptions& common, const ExportFlags& flags,
                                    Output output) {
  PEAKSYNC_CLIENT_ASSIGN_OR_RETURN(const v1::RejectionFilter filter, ToFilter(flags.filter));
  ExportReport report;
  report.file = flags.file;
  PEAKSYNC_CLIENT_ASSIGN_OR_RETURN(report.format, FormatOf(flags));
  PEAKSYNC_CLIENT_ASSIGN_OR_RETURN(const auto channel, OpenChannel(common));
  RpcClient client(*channel);
  std::unique_ptr<PrivateFile> file;
  if (flags.file != "-") {
    PEAKSYNC_CLIENT_ASSIGN_OR_RETURN(file, PrivateFile::Open(flags.file));
  }
  RejectionWriter writer(report.format, filter.attribute(),
                         file == nullptr ? output.out : file->out());
  SourceBook sources(client, filter.source());
  absl::Status status = ForEachRejection(client, filter, [&](const v1::Rejection& rejection) {
    const absl::StatusOr<std::string> source = sources.Find(rejection.run_id());
    if (source.ok()) writer.Add(rejection, *source);
    return source.status();
  });
  writer.Finish();
  if (file != nullptr) {
    const absl::Status closed = file->Close();
    if (status.ok()) status = closed;
  } else if (!output.out.flush() && status.ok()) {
    status = absl::UnavailableError("standard output could not be written to its end");
  }
  PEAKSYNC_CLIENT_RETURN_IF_ERROR(Doing(
      Cat("exporting rejections to ", flags.file, " (what is there is not complete)"), status));
  report.rejections = writer.rejections();
  report.rows = writer.rows();
  TellNext(flags, report.format, writer, output);
  return report;
}

}  // namespace

ExitStatus RunRejectionsExport(const CommonOptions& common, const ExportFlags& flags,
                               Output output) {
  const bool to_stdout = flags.file == "-";
  CommonOptions quiet = common;
  quiet.json = common.json && !to_stdout;  // Standard output is the file then.
  const auto report = Export(common, flags, output);
  if (!report.ok()) return Fail(report.status(), quiet, output);
  const std::string summary =
      Cat(WithCommas(report->rejections), " rejections in ", WithCommas(report->rows), " rows");
  if (to_stdout) {
    output.err << summary << '\n';
  } else {
    output.out << (common.json
                       ? ExportJson(*report)
                       : Cat(summary, " written to ", flags.file, ", which only you can read\n"));
  }
  return ExitStatus::kDone;
}

}  // namespace peaksync::client

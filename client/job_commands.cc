#include "client/job_commands.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <map>
#include <sstream>
#include <utility>
#include <vector>

#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "client/command_base.h"
#include "client/job_check.h"
#include "client/job_database.h"
#include "client/progress.h"
#include "client/report.h"
#include "client/rpc_client.h"
#include "client/status_macros.h"
#include "client/text.h"

namespace peaksync::client {
namespace {

absl::Status WriteTemplate(const std::string& path) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  if (fd < 0 && errno == EEXIST) {
    return Invalid(path, " is there already; it was left as it is. Name another file");
  }
  if (fd < 0) return Invalid("can't write ", path, ": ", std::strerror(errno));
  const std::string_view text = JobsTemplate();
  const bool written = ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  if (::close(fd) == 0 && written) return absl::OkStatus();
  return absl::UnavailableError(Cat("can't write all of ", path, ": ", std::strerror(errno)));
}

// All that `jobs check` does. Problems that belong to no job come first.
class Checker {
 public:
  Checker(const CommonOptions& flags, const JobsPlace& place, std::string only)
      : flags_(flags), place_(place), only_(std::move(only)) {}

  absl::Status Run();
  const std::vector<absl::Status>& problems() const { return problems_; }
  const std::vector<JobFindings>& findings() const { return findings_; }

 private:
  void CheckService(const Job* job, JobFindings* findings);
  void CheckJob(const Job& job);
  // Null: it can't be reached, and that was told.
  Database* Connect(const JobDatabase& database);
  std::size_t CountFileProblems(const Job& job) const;

  const CommonOptions& flags_;
  const JobsPlace& place_;
  const std::string only_;
  JobsFile file_;
  std::vector<std::string> file_problems_;
  std::vector<absl::Status> problems_;
  std::vector<JobFindings> findings_;
  std::map<std::string, std::unique_ptr<Database>> databases_;
};

std::size_t Checker::CountFileProblems(const Job& job) const {
  const std::string section = Cat("[jobs.", job.name, "]");
  return static_cast<std::size_t>(std::count_if(
      file_problems_.begin(), file_problems_.end(),
      [&](const std::string& problem) { return problem.find(section) != std::string::npos; }));
}

// Else the file says too little of the table to look at it.
bool IsNamed(const TableSpec& table) {
  return table.table.empty() != table.query.empty() && !table.id_column.empty() &&
         !table.updated_at_column.empty() &&
         (!table.is_long || (!table.attribute_column.empty() && !table.value_column.empty()));
}

Database* Checker::Connect(const JobDatabase& database) {
  const auto known = databases_.find(database.name);
  if (known != databases_.end()) return known->second.get();
  absl::StatusOr<std::unique_ptr<Database>> opened = OpenJobDatabase(database);
  if (!opened.ok()) problems_.push_back(opened.status());
  return (databases_[database.name] = opened.ok() ? *std::move(opened) : nullptr).get();
}

// The token opens the tenant that is meant.
void Checker::CheckService(const Job* job, JobFindings* findings) {
  const auto ask = [&]() -> absl::Status {
    PEAKSYNC_CLIENT_ASSIGN_OR_RETURN(const CommonOptions common,
                                     CommonOf(flags_, file_.service, job));
    PEAKSYNC_CLIENT_ASSIGN_OR_RETURN(const auto channel, OpenChannel(common));
    RpcClient client(*channel);
    PEAKSYNC_CLIENT_ASSIGN_OR_RETURN(findings->to, DestinationOf(client, common.tenant));
    return absl::OkStatus();
  };
  const absl::Status status = Doing("the service", ask());
  if (!status.ok()) findings->problems.push_back(status);
}

void Checker::CheckJob(const Job& job) {
  const JobDatabase* const settings = file_.FindDatabase(job.database);
  Database* const database = settings == nullptr ? nullptr : Connect(*settings);
  JobFindings findings;
  findings.job = job.name;
  if (database != nullptr && IsNamed(job.table)) {
    findings = CheckTable(*database, job, absl::Now());
  } else {
    findings.notes.emplace_back("its table was not looked at: mend what is said above first");
  }
  findings.told_elsewhere = CountFileProblems(job);
  if (settings != nullptr && database == nullptr) ++findings.told_elsewhere;
  CheckService(&job, &findings);
  findings_.push_back(std::move(findings));
}

absl::Status Checker::Run() {
  std::ifstream stream(place_.jobs_file);
  std::ostringstream text;
  if (!stream || !(text << stream.rdbuf())) return ReadJobs(place_.jobs_file).status();
  file_ = ParseJobs(place_.jobs_file, text.str(), &file_problems_);
  for (const std::string& problem : file_problems_) problems_.push_back(Invalid(problem));
  if (!only_.empty() && file_.FindJob(only_) == nullptr) {
    problems_.push_back(file_.NoSuchJob(place_.jobs_file, only_));
  }
  for (const Job& job : file_.jobs) {
    if (only_.empty() || job.name == only_) CheckJob(job);
  }
  return absl::OkStatus();
}

// A wrong configuration is told before what may pass by itself.
ExitStatus Judge(const std::vector<absl::Status>& problems) {
  ExitStatus exit = ExitStatus::kDone;
  for (const absl::Status& problem : problems) {
    const ExitStatus one = ExitStatusOf(problem);
    if (one == ExitStatus::kUsage) return one;
    if (exit == ExitStatus::kDone) exit = one;
  }
  return exit;
}

// An older service does not say it.
std::string ToText(const Destination& to) {
  if (to.tenant.empty()) return "";
  return Cat("\n            to tenant ", to.tenant, ", workspace ", to.workspace, " at ", to.host);
}

void Print(const JobFindings& findings, bool as_json, Output output) {
  if (!as_json) {
    const std::size_t problems = findings.problems.size() + findings.told_elsewhere;
    output.out << "job " << findings.job << ": "
               << (problems == 0
                       ? Cat("good; ", WithCommas(findings.rows), " rows; attributes ",
                             absl::StrJoin(findings.attributes, ", "), ToText(findings.to))
                       : Cat(problems, problems == 1 ? " problem" : " problems"))
               << '\n';
  }
  for (const absl::Status& problem : findings.problems) {
    output.err << "job " << findings.job << ": " << MessageOf(problem) << HintFor(problem) << '\n';
  }
  for (const std::string& note : findings.notes) {
    output.err << "job " << findings.job << ": note: " << note << '\n';
  }
}

}  // namespace

ExitStatus RunJobsInit(const CommonOptions& common, const std::string& path, Output output) {
  const absl::Status status = WriteTemplate(path);
  if (!status.ok()) return Fail(status, common, output);
  if (common.json) {
    output.out << FileJson(path);
  } else {
    output.out << "wrote " << path << ": mend it, then run `peaksync jobs check --jobs " << path
               << "`\n";
  }
  return ExitStatus::kDone;
}

ExitStatus RunJobsCheck(const CommonOptions& common, const JobsPlace& place, const std::string& job,
                        Output output) {
  Checker checker(common, place, job);
  if (const absl::Status status = checker.Run(); !status.ok()) return Fail(status, common, output);
  std::vector<absl::Status> problems = checker.problems();
  for (const absl::Status& problem : problems) output.err << MessageOf(problem) << '\n';
  for (const JobFindings& findings : checker.findings()) {
    Print(findings, common.json, output);
    problems.insert(problems.end(), findings.problems.begin(), findings.problems.end());
  }
  const ExitStatus exit = Judge(problems);
  if (common.json) output.out << CheckJson(exit, checker.problems(), checker.findings());
  return exit;
}

}  // namespace peaksync::client

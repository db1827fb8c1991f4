#include "client/job_database.h"

#include "client/command_base.h"
#include "client/status_macros.h"
#include "client/text.h"

namespace peaksync::client {

absl::StatusOr<std::unique_ptr<Database>> OpenJobDatabase(const JobDatabase& database) {
  DatabaseSettings settings;
  settings.name = database.name;
  settings.kind = database.kind;
  settings.connection = database.connection;
  settings.setup = database.setup;
  const std::string what = Cat("[databases.", database.name, "]");
  if (!database.connection_place.empty()) {
    PEAKSYNC_CLIENT_ASSIGN_OR_RETURN(settings.connection,
                                     ReadSecret(what, database.connection_place));
  }
  if (!database.password.empty()) {
    PEAKSYNC_CLIENT_ASSIGN_OR_RETURN(settings.password, ReadSecret(what, database.password));
  }
  return OpenDatabase(settings);
}

absl::StatusOr<TablePlan> PlanJob(Database& database, const Job& job,
                                  std::vector<std::string>* problems) {
  PEAKSYNC_CLIENT_ASSIGN_OR_RETURN(const std::vector<DbColumn> columns,
                                   database.Describe(DescribeSql(job.table)));
  return PlanTable(job.table, columns, database.style(), problems);
}

absl::StatusOr<CommonOptions> CommonOf(const CommonOptions& flags, const JobService& service,
                                       const Job* job) {
  CommonOptions common = flags;
  const auto fill = [](std::string* flag, const std::string& value) {
    if (flag->empty()) *flag = value;
  };
  if (!flags.server_given && !service.server.empty()) common.connection.server = service.server;
  fill(&common.connection.cacert_file, service.cacert_file);
  fill(&common.connection.cert_file, service.cert_file);
  fill(&common.connection.key_file, service.key_file);
  if (job != nullptr) fill(&common.tenant, job->tenant);
  fill(&common.tenant, service.tenant);
  if (!common.token_file.empty() || !TokenOfEnvironment().empty()) return common;
  const bool of_job = job != nullptr && !job->token.empty();
  const SecretPlace& token = of_job ? job->token : service.token;
  if (token.empty()) return common;
  if (!token.file.empty()) {
    common.token_file = token.file;
    return common;
  }
  const std::string what = of_job ? Cat("[jobs.", job->name, "]") : std::string("[service]");
  PEAKSYNC_CLIENT_ASSIGN_OR_RETURN(common.connection.token, ReadSecret(what, token));
  return common;
}

}  // namespace peaksync::client

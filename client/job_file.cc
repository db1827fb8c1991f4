// From jobs.toml to JobsFile.
#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_join.h"
#include "client/customer_text.h"
#include "client/job.h"
#include "client/limits.h"
#include "client/push_options.h"
#include "client/status_macros.h"
#include "client/text.h"
#include "client/toml_section.h"
#include "client/toml_tree.h"

namespace peaksync::client {
namespace {

bool IsName(std::string_view text) {
  const auto plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  return !text.empty() && text.size() <= limits::kSourceNameBytesMax && plain(text[0]) &&
         std::all_of(text.begin(), text.end(),
                     [&](char c) { return plain(c) || c == '-' || c == '_'; });
}

// A name that is wrong is told and taken for UTC, so that no column is said to lack a zone.
std::optional<absl::TimeZone> ReadZone(TomlSection& section, const std::string& key) {
  std::string name;
  if (!section.Text(key, &name)) return std::nullopt;
  absl::TimeZone zone;
  if (absl::LoadTimeZone(name, &zone)) return zone;
  section.Problem(section.LineOf(key),
                  Cat(key, ": '", name,
                      "' is no time zone that this machine knows; such as UTC or "
                      "Europe/London (Debian's package tzdata)"));
  return absl::UTCTimeZone();
}

void ReadService(TomlSection& section, JobService* service) {
  section.Text("server", &service->server);
  section.Text("tenant", &service->tenant);
  section.Secret("token", &service->token);
  section.Text("cacert", &service->cacert_file);
  section.Text("cert", &service->cert_file);
  section.Text("key", &service->key_file);
}

void ReadDatabase(TomlSection& section, JobDatabase* database) {
  section.Choice<DatabaseKind>("kind",
                               {{"postgresql", DatabaseKind::kPostgresql},
                                {"redshift", DatabaseKind::kRedshift},
                                {"odbc", DatabaseKind::kOdbc}},
                               &database->kind);
  if (!section.Has("kind")) {
    section.Problem(section.line(), "kind is missing: postgresql, redshift or odbc");
  }
  section.Text("connection", &database->connection);
  section.Secret("connection", &database->connection_place);
  section.Secret("password", &database->password);
  section.List("setup", &database->setup);
  const int given = (database->connection.empty() ? 0 : 1) +
                    (database->connection_place.file.empty() ? 0 : 1) +
                    (database->connection_place.env.empty() ? 0 : 1);
  if (given != 1) {
    section.Problem(section.line(), "give one of connection, connection_file and connection_env");
  }
}

void ReadId(TomlSection& section, TableSpec* table) {
  section.Text("id_column", &table->id_column);
  std::string kind;
  if (!section.Text("id_kind", &kind)) return;
  RowOptions rows;
  if (const absl::Status status = ParseIdKind(kind, &rows); !status.ok()) {
    section.Problem(section.LineOf("id_kind"), Cat("id_kind: '", kind,
                                                   "' is none of external_id, braze_id, email, "
                                                   "phone and user_alias:LABEL"));
  }
  table->id_kind = rows.id_kind;
  table->alias_label = rows.alias_label;
}

void ReadMapping(TomlSection& section, TableSpec* table) {
  section.List("columns", &table->columns);
  section.List("exclude", &table->exclude);
  for (const TomlNode* member : section.Texts("rename")) {
    table->rename[member->key] = member->text;
  }
  for (const TomlNode* member : section.Texts("types")) {
    const absl::StatusOr<ColumnType> type = ParseColumnType(member->text);
    if (type.ok()) {
      table->types[member->key] = *type;
    } else {
      section.Problem(member->line, Cat("types: ", member->key, ": ", MessageOf(type.status())));
    }
  }
  for (const std::string& column : table->columns) {
    if (std::count(table->exclude.begin(), table->exclude.end(), column) > 0) {
      section.Problem(section.LineOf("exclude"),
                      Cat("column '", column, "' is in columns and in exclude"));
    }
  }
}

void ReadTable(TomlSection& section, TableSpec* table) {
  section.Text("table", &table->table);
  if (section.Text("query", &table->query)) {
    std::string& query = table->query;
    while (!query.empty() &&
           (absl::ascii_isspace(static_cast<unsigned char>(query.back())) || query.back() == ';')) {
      query.pop_back();
    }
  }
  if (table->table.empty() == table->query.empty()) {
    section.Problem(section.line(), "give either table or query");
  }
  section.Choice<bool>("layout", {{"wide", false}, {"long", true}}, &table->is_long);
  ReadId(section, table);
  section.Text("updated_at_column", &table->updated_at_column);
  section.Text("attribute_column", &table->attribute_column);
  section.Text("value_column", &table->value_column);
  ReadMapping(section, table);
  section.Choice<bool>("nulls", {{"skip", false}, {"unset", true}}, &table->nulls_unset);
  section.Choice<bool>("column_case", {{"as_is", false}, {"lower", true}}, &table->lower_case);
  const auto need = [&](const std::string& value, std::string_view key, std::string_view what) {
    if (value.empty()) section.Problem(section.line(), Cat(key, " is missing: ", what));
  };
  need(table->id_column, "id_column", "the column of the customers' identifiers");
  need(table->updated_at_column, "updated_at_column", "when each row was predicted");
  if (table->is_long) {
    need(table->attribute_column, "attribute_column", "layout = \"long\" needs it");
    need(table->value_column, "value_column", "layout = \"long\" needs it");
  } else if (!table->attribute_column.empty() || !table->value_column.empty()) {
    section.Problem(section.line(), "attribute_column and value_column are for layout = \"long\"");
  }
}

void ReadTimes(TomlSection& section, Job* job) {
  const std::optional<absl::TimeZone> zone = ReadZone(section, "timezone");
  const std::optional<absl::TimeZone> column_zone = ReadZone(section, "column_timezone");
  job->table.zone = column_zone ? column_zone : zone;
  std::string text;
  if (section.Text("lookback", &text)) {
    const absl::StatusOr<absl::Duration> lookback = ParseDuration(text);
    if (lookback.ok()) {
      job->lookback = *lookback;
    } else {
      section.Problem(section.LineOf("lookback"), Cat("lookback: ", MessageOf(lookback.status())));
    }
  }
  if (!section.Text("schedule", &text)) return;
  const absl::StatusOr<Schedule> schedule = Schedule::Parse(text);
  if (!schedule.ok()) {
    section.Problem(section.LineOf("schedule"), MessageOf(schedule.status()));
  } else if (!zone) {
    section.Problem(section.LineOf("schedule"),
                    "a schedule needs the zone of its clock: timezone = \"Europe/London\"");
  } else {
    job->schedule = JobSchedule{text, *schedule, *zone};
  }
}

void ReadJob(TomlSection& section, const JobsFile& file, Job* job) {
  if (!IsName(job->name)) {
    section.Problem(section.line(),
                    "a job's name has 1 to 63 of a-z, 0-9, '-' and '_', and begins with a letter "
                    "or a digit");
  }
  job->source = job->name;
  section.Text("source", &job->source);
  if (const absl::Status status = CheckSource(job->source); !status.ok()) {
    section.Problem(section.LineOf("source"), MessageOf(status));
  }
  if (!section.Text("database", &job->database)) {
    if (file.databases.size() == 1) job->database = file.databases[0].name;
  }
  if (file.FindDatabase(job->database) == nullptr) {
    section.Problem(section.LineOf("database"),
                    job->database.empty()
                        ? std::string("database is missing: name one of [databases.…]")
                        : Cat("there is no [databases.", job->database, "]"));
  }
  section.Text("tenant", &job->tenant);
  section.Secret("token", &job->token);
  ReadTable(section, &job->table);
  ReadTimes(section, job);
}

void ReadRoot(const std::string& file_name, const TomlNode& root,
              std::vector<std::string>& problems, JobsFile* file) {
  TomlSection top(file_name, root, "", problems);
  top.Text("state_dir", &file->state_dir);
  if (const TomlNode* const service = top.Take("service")) {
    TomlSection section(file_name, *service, "[service]", problems);
    ReadService(section, &file->service);
  }
  if (const TomlNode* const databases = top.Take("databases")) {
    for (const TomlNode& node : databases->items) {
      TomlSection section(file_name, node, Cat("[databases.", node.key, "]"), problems);
      JobDatabase& database = file->databases.emplace_back();
      database.name = node.key;
      ReadDatabase(section, &database);
    }
  }
  if (const TomlNode* const jobs = top.Take("jobs")) {
    for (const TomlNode& node : jobs->items) {
      TomlSection section(file_name, node, Cat("[jobs.", node.key, "]"), problems);
      Job job;
      job.name = node.key;
      ReadJob(section, *file, &job);
      file->jobs.push_back(std::move(job));
    }
  }
  if (file->jobs.empty()) top.Problem(1, "there is no job: add a table [jobs.NAME]");
}

// Two jobs of one source would disturb each other: a source has one cursor and one open run.
void CheckSources(const std::string& file_name, const JobsFile& file,
                  std::vector<std::string>& problems) {
  for (std::size_t i = 0; i < file.jobs.size(); ++i) {
    for (std::size_t k = 0; k < i; ++k) {
      const Job& a = file.jobs[k];
      const Job& b = file.jobs[i];
      if (a.source == b.source && a.tenant == b.tenant) {
        problems.push_back(Cat(file_name, ": jobs ", a.name, " and ", b.name, " have the source ",
                               a.source, "; give each its own"));
      }
    }
  }
}

}  // namespace

absl::StatusOr<std::string> ReadSecret(std::string_view what, const SecretPlace& place) {
  std::string text;
  if (!place.env.empty()) {
    const char* const value = std::getenv(place.env.c_str());
    if (value == nullptr || *value == '\0') {
      return Invalid(what, ": the variable ", place.env, " is not set");
    }
    text = value;
  } else {
    std::ifstream file(place.file);
    std::ostringstream all;
    if (!file || !(all << file.rdbuf())) {
      return Invalid(what, ": can't read ", place.file,
                     "; check that it is there, not empty, and "
                     "may be read by this user");
    }
    text = all.str();
  }
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  if (text.size() > limits::kSecretBytesMax) return Invalid(what, ": longer than any secret is");
  return text;
}

const Job* JobsFile::FindJob(std::string_view name) const {
  const auto found =
      std::find_if(jobs.begin(), jobs.end(), [&](const Job& job) { return job.name == name; });
  return found == jobs.end() ? nullptr : &*found;
}

const JobDatabase* JobsFile::FindDatabase(std::string_view name) const {
  const auto found =
      std::find_if(databases.begin(), databases.end(),
                   [&](const JobDatabase& database) { return database.name == name; });
  return found == databases.end() ? nullptr : &*found;
}

absl::Status JobsFile::NoSuchJob(std::string_view file_name, std::string_view name) const {
  const auto name_of = [](std::string* out, const Job& job) { out->append(job.name); };
  return Invalid(file_name, ": there is no job ", name, "; the jobs are ",
                 absl::StrJoin(jobs, ", ", name_of));
}

JobsFile ParseJobs(const std::string& file_name, std::string_view text,
                   std::vector<std::string>* problems) {
  JobsFile file;
  const absl::StatusOr<TomlNode> root = ParseToml(file_name, text);
  if (!root.ok()) {
    problems->emplace_back(MessageOf(root.status()));
    return file;
  }
  ReadRoot(file_name, *root, *problems, &file);
  CheckSources(file_name, file, *problems);
  return file;
}

absl::StatusOr<JobsFile> ReadJobs(const std::string& path) {
  std::ifstream stream(path);
  std::ostringstream text;
  if (!stream || !(text << stream.rdbuf())) {
    return Invalid("can't read ", path,
                   "; `peaksync jobs init` writes one to begin with, --jobs "
                   "names another");
  }
  std::vector<std::string> problems;
  JobsFile file = ParseJobs(path, text.str(), &problems);
  if (!problems.empty()) return Invalid(absl::StrJoin(problems, "\n"));
  return file;
}

}  // namespace peaksync::client

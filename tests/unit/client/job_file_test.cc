#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <regex>

#include "client/job.h"
#include "client/job_lock.h"
#include "client/sync_command.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace peaksync::client {
namespace {

using ::peaksync::testing::IsOk;
using ::peaksync::testing::StatusIs;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr std::string_view kDatabase =
    "[databases.dwh]\nkind = \"postgresql\"\nconnection = \"host=x\"\n";
constexpr std::string_view kJob =
    "[jobs.churn]\ntable = \"t\"\nid_column = \"id\"\nupdated_at_column = \"at\"\n";

std::vector<std::string> ProblemsOf(const std::string& text) {
  std::vector<std::string> problems;
  ParseJobs("jobs.toml", text, &problems);
  return problems;
}

JobsFile Parse(const std::string& text) {
  std::vector<std::string> problems;
  JobsFile file = ParseJobs("jobs.toml", text, &problems);
  EXPECT_THAT(problems, IsEmpty());
  return file;
}

std::string With(std::string_view lines) {
  return std::string(kDatabase) + std::string(kJob) + std::string(lines);
}

TEST(ParseJobs, FillsInWhatIsNotSaid) {
  const JobsFile file = Parse(With(""));
  ASSERT_EQ(file.jobs.size(), 1U);
  const Job& job = file.jobs[0];
  EXPECT_EQ(job.source, "churn");
  EXPECT_EQ(job.database, "dwh");
  EXPECT_EQ(job.lookback, absl::Hours(24));
  EXPECT_FALSE(job.schedule);
  EXPECT_FALSE(job.table.zone);
  EXPECT_FALSE(job.table.nulls_unset || job.table.is_long || job.table.lower_case);
}

TEST(ParseJobs, ReadsEveryKeyOfAJob) {
  const JobsFile file = Parse(With(R"(source = "model"
database = "dwh"
id_kind = "user_alias:crm"
columns = ["a", "b"]
rename = { a = "alpha" }
types = { b = "number" }
nulls = "unset"
column_case = "lower"
lookback = "90m"
schedule = "0 2 * * mon"
timezone = "Europe/London"
column_timezone = "UTC"
tenant = "acme"
token_env = "T"
)"));
  const Job& job = file.jobs[0];
  EXPECT_EQ(job.source, "model");
  EXPECT_EQ(job.table.alias_label, "crm");
  EXPECT_THAT(job.table.columns, ElementsAre("a", "b"));
  EXPECT_EQ(job.table.rename.at("a"), "alpha");
  EXPECT_EQ(job.table.types.at("b"), ColumnType::kDouble);
  EXPECT_TRUE(job.table.nulls_unset);
  EXPECT_TRUE(job.table.lower_case);
  EXPECT_EQ(job.lookback, absl::Minutes(90));
  EXPECT_EQ(job.schedule->zone.name(), "Europe/London");
  EXPECT_EQ(job.table.zone->name(), "UTC");
  EXPECT_EQ(job.tenant, "acme");
  EXPECT_EQ(job.token.env, "T");
}

TEST(ParseJobs, TimesWithoutAZoneHaveTheSchedulesUnlessSaidOtherwise) {
  EXPECT_EQ(Parse(With("timezone = \"Europe/London\"\n")).jobs[0].table.zone->name(),
            "Europe/London");
}

TEST(ParseJobs, TakesTheSemicolonOffAQuery) {
  const std::string text = std::string(kDatabase) +
                           "[jobs.a]\nquery = \"SELECT 1 ; \"\nid_column = \"id\"\n"
                           "updated_at_column = \"at\"\n";
  EXPECT_EQ(Parse(text).jobs[0].table.query, "SELECT 1");
}

TEST(ParseJobs, TellsEveryProblemWithItsLine) {
  EXPECT_THAT(ProblemsOf(With("id_kin = \"x\"\nnulls = \"maybe\"\nlookback = \"a day\"\n"
                              "schedule = \"@hourly\"\ntimezone = \"Moon\"\ncolumns = \"a\"\n"
                              "types = { a = \"money\" }\nvalue_column = \"v\"\n")),
              ElementsAre(AllOf(HasSubstr("jobs.toml:13: [jobs.churn]: columns")),
                          HasSubstr("money"), HasSubstr("'maybe' is none of skip, unset"),
                          HasSubstr("are for layout"), AllOf(HasSubstr("timezone: 'Moon'")),
                          HasSubstr("lookback"), HasSubstr("schedule: '@hourly'"),
                          AllOf(HasSubstr("jobs.toml:8:"), HasSubstr("no key 'id_kin'"),
                                HasSubstr("id_kind"))));
}

TEST(ParseJobs, NeedsWhatItCannotGuess) {
  EXPECT_THAT(ProblemsOf(std::string(kDatabase) + "[jobs.a]\n"),
              ElementsAre(HasSubstr("table or query"), HasSubstr("id_column is missing"),
                          HasSubstr("updated_at_column is missing")));
  EXPECT_THAT(ProblemsOf(""), ElementsAre(HasSubstr("there is no job")));
  EXPECT_THAT(ProblemsOf(std::string(kJob)), ElementsAre(HasSubstr("database is missing")));
  EXPECT_THAT(
      ProblemsOf("[databases.x]\n" + With("database = \"y\"\n")),
      AllOf(Contains(HasSubstr("kind is missing")), Contains(HasSubstr("give one of connection")),
            Contains(HasSubstr("no [databases.y]"))));
  EXPECT_THAT(ProblemsOf(With("layout = \"long\"\n")),
              ElementsAre(HasSubstr("attribute_column"), HasSubstr("value_column")));
  EXPECT_THAT(ProblemsOf(With("schedule = \"@daily\"\n")), ElementsAre(HasSubstr("timezone = ")));
  EXPECT_THAT(ProblemsOf(With("token_file = \"a\"\ntoken_env = \"b\"\n")),
              ElementsAre(HasSubstr("not both")));
  EXPECT_THAT(ProblemsOf("[jobs"), ElementsAre(HasSubstr("jobs.toml:1: ")));
}

TEST(ParseJobs, RefusesTwoJobsOfOneSource) {
  EXPECT_THAT(ProblemsOf(With("[jobs.b]\nsource = \"churn\"\ntable = \"t\"\nid_column = \"id\"\n"
                              "updated_at_column = \"at\"\n")),
              ElementsAre(AllOf(HasSubstr("churn and b"), HasSubstr("source churn"))));
}

TEST(JobsTemplate, IsAGoodFileAlsoWithEverythingThatIsCommentedOut) {
  EXPECT_THAT(ProblemsOf(std::string(JobsTemplate())), IsEmpty());
  const std::string open = std::regex_replace(std::string(JobsTemplate()),
                                              std::regex("(^|\n)# (\\[|[a-z_]+ = )"), "$1$2");
  // What contradicts something else: a second name for one thing.
  std::vector<std::string> problems = ProblemsOf(open);
  for (const std::string& problem : problems) {
    EXPECT_THAT(problem, AllOf(Not(HasSubstr("no key")), Not(HasSubstr("must be")),
                               Not(HasSubstr("is none of"))));
  }
}

TEST(JobsTemplate, NamesEveryKey) {
  // The message about an unknown key lists all of its table.
  const std::string wrong = "x = 1\n[service]\nx = 1\n[databases.a]\nx = 1\n[jobs.a]\nx = 1\n";
  int tables = 0;
  for (const std::string& problem : ProblemsOf(wrong)) {
    const std::size_t keys = problem.find("the keys are ");
    if (keys == std::string::npos) continue;
    ++tables;
    std::string list = problem.substr(keys + 13);
    for (std::size_t at = 0; at < list.size();) {
      const std::size_t comma = std::min(list.find(", ", at), list.size());
      const std::string key = list.substr(at, comma - at);
      EXPECT_THAT(std::string(JobsTemplate()), HasSubstr(key));
      at = comma + 2;
    }
  }
  EXPECT_EQ(tables, 4);
}

TEST(ReadSecret, ComesFromAFileOrAVariableAndIsNeverRepeated) {
  const ::peaksync::testing::TempDir folder;
  const std::string path = folder.File("secret");
  std::ofstream(path) << "planted\r\n";
  EXPECT_EQ(*ReadSecret("x", {path, ""}), "planted");
  ::setenv("PEAKSYNC_TEST_SECRET", "planted2", 1);
  EXPECT_EQ(*ReadSecret("x", {"", "PEAKSYNC_TEST_SECRET"}), "planted2");
  ::unsetenv("PEAKSYNC_TEST_SECRET");
  EXPECT_THAT(ReadSecret("[databases.a]", {"", "PEAKSYNC_TEST_SECRET"}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       AllOf(HasSubstr("[databases.a]"), HasSubstr("PEAKSYNC_TEST_SECRET"))));
  EXPECT_THAT(ReadSecret("x", {"/no/such", ""}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("/no/such")));
}

TEST(JobLock, IsHeldByOneAtATime) {
  const ::peaksync::testing::TempDir folder;
  const auto dir = OpenStateDir(folder.File("state/client"));
  ASSERT_THAT(dir, IsOk());
  auto first = JobLock::Take(*dir, "churn");
  ASSERT_THAT(first, IsOk());
  EXPECT_THAT(JobLock::Take(*dir, "churn"),
              StatusIs(absl::StatusCode::kAborted,
                       AllOf(HasSubstr("churn runs already"), HasSubstr("process"))));
  EXPECT_THAT(JobLock::Take(*dir, "clv"), IsOk());
  first->reset();
  EXPECT_THAT(JobLock::Take(*dir, "churn"), IsOk());
}

TEST(OpenStateDir, FollowsTheEnvironmentAndSaysWhatToDo) {
  const ::peaksync::testing::TempDir folder;
  ::setenv("XDG_STATE_HOME", folder.File("x").c_str(), 1);
  EXPECT_EQ(*OpenStateDir(""), folder.File("x") + "/peaksync");
  ::unsetenv("XDG_STATE_HOME");
  std::ofstream(folder.File("file")) << "x";
  EXPECT_THAT(OpenStateDir(folder.File("file") + "/deeper"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("--state-dir")));
}

TEST(StartOf, IsTheCursorTheFlagOrEverything) {
  const TimePoint cursor{1'000'000, 5};
  const TimePoint since{2'000'000, 0};
  const SyncStart usual = StartOf(cursor, std::nullopt, false, absl::Hours(1));
  EXPECT_EQ(usual.from_cursor, cursor);
  EXPECT_EQ(usual.select_from, (TimePoint{996'400, 5}));
  const SyncStart first = StartOf(std::nullopt, std::nullopt, false, absl::Hours(1));
  EXPECT_EQ(first.from_cursor, std::nullopt);
  EXPECT_EQ(first.select_from, std::nullopt);
  const SyncStart from = StartOf(cursor, since, false, absl::Hours(1));
  EXPECT_EQ(from.from_cursor, since);
  EXPECT_EQ(from.select_from, since);
  const SyncStart full = StartOf(cursor, std::nullopt, true, absl::Hours(1));
  EXPECT_EQ(full.cursor, cursor);
  EXPECT_EQ(full.from_cursor, std::nullopt);
  EXPECT_EQ(full.select_from, std::nullopt);
}

}  // namespace
}  // namespace peaksync::client

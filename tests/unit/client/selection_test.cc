#include "client/selection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace peaksync::client {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr SqlStyle kPostgresql{SqlDialect::kPostgresql, '"'};

absl::TimeZone Zone(const char* name) {
  absl::TimeZone zone;
  EXPECT_TRUE(absl::LoadTimeZone(name, &zone));
  return zone;
}

TimePoint At(const char* text) { return *ParseTime(text); }

std::vector<DbColumn> Columns() {
  return {{"id", DbType::kText, "text"},
          {"scored_at", DbType::kMoment, "timestamp with time zone"},
          {"churn", DbType::kDouble, "double precision"},
          {"plan", DbType::kText, "text"}};
}

TableSpec Spec() {
  TableSpec spec;
  spec.table = "ml.scores";
  spec.id_column = "id";
  spec.updated_at_column = "scored_at";
  return spec;
}

std::vector<std::string> ProblemsOf(const TableSpec& spec, const std::vector<DbColumn>& columns) {
  std::vector<std::string> problems;
  PlanTable(spec, columns, kPostgresql, &problems);
  return problems;
}

TablePlan Plan(const TableSpec& spec, const std::vector<DbColumn>& columns,
               SqlStyle style = kPostgresql) {
  std::vector<std::string> problems;
  TablePlan plan = PlanTable(spec, columns, style, &problems);
  EXPECT_THAT(problems, IsEmpty());
  return plan;
}

TEST(SelectFrom, LooksBackFromTheCursor) {
  EXPECT_EQ(SelectFrom(std::nullopt, absl::Hours(24)), std::nullopt);
  EXPECT_EQ(SelectFrom(At("2026-09-07T02:00:00.5Z"), absl::Hours(24)),
            At("2026-09-06T02:00:00.5Z"));
  EXPECT_EQ(SelectFrom(At("2026-09-07T02:00:00Z"), absl::Milliseconds(1)),
            At("2026-09-07T01:59:59Z"));
  EXPECT_EQ(SelectFrom(At("2026-09-07T02:00:00Z"), absl::ZeroDuration()),
            At("2026-09-07T02:00:00Z"));
}

TEST(SelectSql, NamesEveryColumnAndTakesTies) {
  const TablePlan plan = Plan(Spec(), Columns());
  EXPECT_EQ(SelectSql(plan, std::nullopt, std::nullopt),
            R"(SELECT "id", "scored_at", "churn", "plan" FROM ml.scores)");
  EXPECT_EQ(SelectSql(plan, At("2026-09-07T02:00:00.1234567Z"), std::nullopt),
            R"(SELECT "id", "scored_at", "churn", "plan" FROM ml.scores WHERE "scored_at" >= )"
            R"(CAST('2026-09-07 02:00:00.123456+00' AS timestamptz))");
  EXPECT_EQ(CountSql(plan, std::nullopt, std::nullopt), "SELECT COUNT(*) FROM ml.scores");
}

TEST(SelectSql, WrapsAQueryAlsoOneThatEndsInAComment) {
  TableSpec spec = Spec();
  spec.table.clear();
  spec.query = "SELECT * FROM a JOIN b USING (id) -- all";
  EXPECT_THAT(CountSql(Plan(spec, Columns()), std::nullopt, std::nullopt),
              HasSubstr("FROM (SELECT * FROM a JOIN b USING (id) -- all\n) peaksync_selection"));
}

TEST(SelectSql, QuotesNamesAndReadsAsTheDatabaseNeedsIt) {
  std::vector<DbColumn> columns = Columns();
  columns[3] = {"tags\"; DROP", DbType::kJson, "_text", 0, -1, "array_to_json(%)"};
  EXPECT_THAT(SelectSql(Plan(Spec(), columns), std::nullopt, std::nullopt),
              HasSubstr(R"(array_to_json("tags""; DROP"))"));
}

TEST(SelectSql, WritesTimesAsTheColumnHasThem) {
  std::vector<DbColumn> columns = Columns();
  TableSpec spec = Spec();
  spec.zone = Zone("Europe/London");
  const TimePoint since = At("2026-09-07T02:00:00Z");
  columns[1].type = DbType::kTime;
  EXPECT_THAT(SelectSql(Plan(spec, columns), since, spec.zone),
              HasSubstr("CAST('2026-09-07 03:00:00.000000' AS timestamp)"));
  EXPECT_THAT(SelectSql(Plan(spec, columns, {SqlDialect::kSnowflake, '"'}), since, spec.zone),
              HasSubstr("CAST('2026-09-07 03:00:00.000000000' AS timestamp_ntz)"));
  EXPECT_THAT(SelectSql(Plan(spec, columns, {SqlDialect::kOther, '`'}), since, spec.zone),
              AllOf(HasSubstr("`scored_at` >= {ts '2026-09-07 03:00:00.000'}")));
  columns[1].type = DbType::kDate;
  EXPECT_THAT(SelectSql(Plan(spec, columns), since, spec.zone),
              HasSubstr("CAST('2026-09-07' AS date)"));
}

// On 2026-10-25 at 01:00 UTC the clock goes from 02:00 back to 01:00. What is written in the second
// hour has an earlier face than what was written in the first.
TEST(SelectSql, LosesNothingWhenTheClockIsSetBack) {
  std::vector<DbColumn> columns = Columns();
  columns[1].type = DbType::kTime;
  TableSpec spec = Spec();
  spec.zone = Zone("Europe/London");
  const TablePlan plan = Plan(spec, columns);
  EXPECT_THAT(SelectSql(plan, At("2026-10-25T00:50:00Z"), spec.zone),  // 01:50, the first.
              HasSubstr("'2026-10-25 01:00:00.000000'"));
  EXPECT_THAT(SelectSql(plan, At("2026-10-25T01:10:00Z"), spec.zone),  // 01:10, the second.
              HasSubstr("'2026-10-25 01:10:00.000000'"));
  EXPECT_THAT(SelectSql(plan, At("2026-10-24T23:30:00Z"), spec.zone),  // 00:30.
              HasSubstr("'2026-10-25 00:30:00.000000'"));
}

TEST(PlanTable, ChoosesRenamesAndTypes) {
  TableSpec spec = Spec();
  spec.exclude = {"plan"};
  spec.rename = {{"churn", "churn_risk"}};
  spec.types = {{"churn", ColumnType::kString}};
  const TablePlan plan = Plan(spec, Columns());
  ASSERT_EQ(plan.columns.size(), 1U);
  EXPECT_EQ(plan.columns[0].attribute, "churn_risk");
  EXPECT_EQ(plan.columns[0].rule.wanted, ColumnType::kString);
}

TEST(PlanTable, ReadsUpperCaseNamesAsLowerCase) {
  std::vector<DbColumn> columns = Columns();
  columns[0].name = "ID";
  columns[1].name = "SCORED_AT";
  columns[2].name = "CHURN";
  TableSpec spec = Spec();
  EXPECT_THAT(ProblemsOf(spec, columns), Contains(HasSubstr("'id' (id_column) is not there")));
  spec.lower_case = true;
  const TablePlan plan = Plan(spec, columns);
  EXPECT_EQ(plan.columns[0].attribute, "churn");
  EXPECT_THAT(SelectSql(plan, std::nullopt, std::nullopt),
              HasSubstr(R"("ID", "SCORED_AT", "CHURN", "plan")"));
}

TEST(PlanTable, TellsEveryProblemAtOnce) {
  TableSpec spec = Spec();
  spec.id_column = "customer";
  spec.columns = {"churn", "chrun", "photo"};
  spec.types = {{"nothing", ColumnType::kString}};
  std::vector<DbColumn> columns = Columns();
  columns[1] = {"scored_at", DbType::kTime, "timestamp"};
  columns.push_back({"photo", DbType::kOther, "bytea"});
  EXPECT_THAT(ProblemsOf(spec, columns),
              ElementsAre(HasSubstr("'customer' (id_column) is not there; the columns are id, "),
                          AllOf(HasSubstr("scored_at"), HasSubstr("timezone = \"UTC\"")),
                          HasSubstr("'chrun' (columns) is not there"),
                          HasSubstr("'nothing' (types) is not there"),
                          AllOf(HasSubstr("photo"), HasSubstr("bytea"), HasSubstr("exclude"))));
}

TEST(PlanTable, RefusesIdentifiersAndTimesOfTheWrongKind) {
  std::vector<DbColumn> columns = Columns();
  columns[0] = {"id", DbType::kDouble, "double precision"};
  columns[1] = {"scored_at", DbType::kInteger, "bigint"};
  EXPECT_THAT(ProblemsOf(Spec(), columns),
              ElementsAre(HasSubstr("text or an integer"), HasSubstr("no time")));
}

TEST(PlanTable, RefusesTwoColumnsForOneAttributeAndNone) {
  TableSpec spec = Spec();
  spec.rename = {{"churn", "plan"}};
  EXPECT_THAT(ProblemsOf(spec, Columns()), ElementsAre(HasSubstr("attribute 'plan'")));
  spec.rename.clear();
  spec.exclude = {"churn", "plan"};
  EXPECT_THAT(ProblemsOf(spec, Columns()), ElementsAre(HasSubstr("no column is left")));
}

TEST(PlanTable, ReadsLongTables) {
  TableSpec spec = Spec();
  spec.is_long = true;
  spec.attribute_column = "name";
  spec.value_column = "value";
  std::vector<DbColumn> columns = Columns();
  columns[2] = {"name", DbType::kText, "text"};
  columns[3] = {"value", DbType::kText, "text"};
  EXPECT_EQ(SelectSql(Plan(spec, columns), std::nullopt, std::nullopt),
            R"(SELECT "id", "scored_at", "name", "value" FROM ml.scores)");
  columns[2].type = DbType::kInteger;
  EXPECT_THAT(ProblemsOf(spec, columns), ElementsAre(HasSubstr("attribute_column")));
}

}  // namespace
}  // namespace peaksync::client

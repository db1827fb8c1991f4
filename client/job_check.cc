#include "client/job_check.h"

#include <map>
#include <utility>

#include "client/job_database.h"
#include "client/limits.h"
#include "client/progress.h"
#include "client/status_macros.h"
#include "client/table_source.h"
#include "client/text.h"

namespace peaksync::client {
namespace {

// How often a column is at fault for the same reason, and where first.
struct Fault {
  std::int64_t row = 0;
  std::int64_t count = 0;
};
using Faults = std::map<std::pair<std::string, std::string>, Fault>;

// What the first rows are like.
struct Head {
  std::int64_t rows = 0;
  std::int64_t future = 0;
  Faults faults;
  std::map<std::string, std::int64_t> untyped;  // Attributes of a long table without a type.
};

absl::StatusOr<Head> ReadHead(TableRows& rows, const Job& job, const TablePlan& plan,
                              absl::Time now) {
  const auto source = MakeTableSource(job.table, plan, rows);
  Head head;
  v1::CustomerUpdate update;
  RowInfo info;
  for (; head.rows < limits::kHeadRowsMax; ++head.rows) {
    PEAKSYNC_CLIENT_ASSIGN_OR_RETURN(const RowSource::Row row, source->Next(&update, &info));
    if (row == RowSource::Row::kEnd) break;
    if (row == RowSource::Row::kInvalid) {
      Fault& fault = head.faults[{info.column, info.reason}];
      if (fault.count++ == 0) fault.row = info.line;
      continue;
    }
    if (absl::FromUnixSeconds(update.updated_at().seconds()) > now) ++head.future;
    if (!job.table.is_long || plan.columns[0].rule.type != DbType::kText) continue;
    for (const v1::Attribute& attribute : update.attributes()) {
      const bool has_type = attribute.value().kind_case() != v1::Value::kStringValue ||
                            job.table.types.contains(attribute.name());
      if (!has_type) ++head.untyped[attribute.name()];
    }
  }
  return head;
}

void Tell(const Head& head, const Job& job, JobFindings* findings) {
  const std::string where = Cat(" of the first ", WithCommas(head.rows), " rows");
  for (const auto& [what, fault] : head.faults) {
    findings->problems.push_back(Invalid(
        "column '", what.first, "': ", what.second, " (row ", fault.row,
        fault.count > 1 ? Cat(" and ", WithCommas(fault.count - 1), " more") : "", where, ")"));
  }
  if (head.future > 0) {
    findings->notes.push_back(Cat(WithCommas(head.future), where, " have a time of the future in ",
                                  job.table.updated_at_column, "; is the time zone right?"));
  }
  for (const auto& [name, count] : head.untyped) {
    findings->notes.push_back(Cat("attribute '", name, "' has no entry in types: sent as text"));
  }
}

absl::Status LookAtRows(Database& database, const Job& job, const TablePlan& plan, absl::Time now,
                        JobFindings* findings) {
  for (const PlannedColumn& column : plan.columns) {
    findings->attributes.push_back(
        Cat(job.table.is_long ? Cat("those in ", job.table.attribute_column) : column.attribute,
            " (", column.rule.wanted ? NameOf(*column.rule.wanted) : column.column.type_name, ")"));
  }
  PEAKSYNC_CLIENT_ASSIGN_OR_RETURN(
      findings->rows, SelectInteger(database, CountSql(plan, std::nullopt, std::nullopt)));
  // A condition on the time as a sync makes it: does the database take it?
  PEAKSYNC_CLIENT_RETURN_IF_ERROR(
      SelectInteger(database,
                    CountSql(plan, TimePoint{absl::ToUnixSeconds(now), 0}, job.table.zone))
          .status());
  PEAKSYNC_CLIENT_ASSIGN_OR_RETURN(const auto rows,
                                   database.Select(SelectSql(plan, std::nullopt, job.table.zone)));
  PEAKSYNC_CLIENT_ASSIGN_OR_RETURN(const Head head, ReadHead(*rows, job, plan, now));
  Tell(head, job, findings);
  return absl::OkStatus();
}

absl::Status Look(Database& database, Job job, absl::Time now, JobFindings* findings) {
  std::vector<std::string> problems;
  PEAKSYNC_CLIENT_ASSIGN_OR_RETURN(TablePlan plan, PlanJob(database, job, &problems));
  for (const std::string& problem : problems) findings->problems.push_back(Invalid(problem));
  if (!problems.empty() && !job.table.zone) {  // So that a missing zone hides nothing else.
    job.table.zone = absl::UTCTimeZone();
    PEAKSYNC_CLIENT_ASSIGN_OR_RETURN(plan, PlanJob(database, job, &problems));
  }
  if (!plan.is_readable) return absl::OkStatus();
  return LookAtRows(database, job, plan, now, findings);
}

}  // namespace

JobFindings CheckTable(Database& database, const Job& job, absl::Time now) {
  JobFindings findings;
  findings.job = job.name;
  const absl::Status status = Look(database, job, now, &findings);
  if (!status.ok()) findings.problems.push_back(status);
  return findings;
}

}  // namespace peaksync::client

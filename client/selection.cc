#include "client/selection.h"

#include <algorithm>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "client/limits.h"
#include "client/text.h"

namespace peaksync::client {
namespace {

std::string FromSql(const TableSpec& spec) {
  if (!spec.table.empty()) return spec.table;
  // The line end closes a comment that may stand last; no AS, which not every database takes here.
  return Cat("(", spec.query, "\n) peaksync_selection");
}

std::string Quoted(const std::string& name, SqlStyle style) {
  if (style.quote == ' ') return name;
  const std::string quote(1, style.quote);
  return Cat(quote, absl::StrReplaceAll(name, {{quote, Cat(quote, quote)}}), quote);
}

std::string ReadSql(const DbColumn& column, SqlStyle style) {
  const std::string name = Quoted(column.name, style);
  return column.read_as.empty() ? name : absl::StrReplaceAll(column.read_as, {{"%", name}});
}

// `2026-09-07 02:00:00.5` with so many digits behind the point, cut off and never rounded up.
std::string FaceText(absl::CivilSecond face, std::int32_t nanos, int digits) {
  const std::string fraction =
      absl::StrFormat("%09d", nanos).substr(0, static_cast<std::size_t>(digits));
  return absl::StrFormat("%04d-%02d-%02d %02d:%02d:%02d.%s", face.year(), face.month(), face.day(),
                         face.hour(), face.minute(), face.second(), fraction);
}

struct Face {
  absl::CivilSecond second;
  std::int32_t nanos = 0;
};

// The earliest that a clock of the zone shows at `time` or later: when it is set back, it shows an
// earlier time once more.
Face EarliestFace(TimePoint time, const absl::TimeZone& zone) {
  const absl::Time moment = absl::FromUnixSeconds(time.seconds);
  const Face now{absl::ToCivilSecond(moment, zone), time.nanos};
  absl::TimeZone::CivilTransition change;
  if (zone.NextTransition(moment, &change) && change.to < now.second) return {change.to, 0};
  return now;
}

std::string TimeSql(const DbColumn& column, SqlStyle style, TimePoint time,
                    const std::optional<absl::TimeZone>& zone) {
  const bool is_moment = column.type == DbType::kMoment;
  const Face face = EarliestFace(time, is_moment || !zone ? absl::UTCTimeZone() : *zone);
  if (column.type == DbType::kDate) {
    const std::string date = absl::StrFormat("%04d-%02d-%02d", face.second.year(),
                                             face.second.month(), face.second.day());
    return style.dialect == SqlDialect::kOther ? Cat("{d '", date, "'}")
                                               : Cat("CAST('", date, "' AS date)");
  }
  switch (style.dialect) {
    case SqlDialect::kPostgresql:
    case SqlDialect::kRedshift:
      return Cat("CAST('", FaceText(face.second, face.nanos, 6),
                 is_moment ? "+00' AS timestamptz)" : "' AS timestamp)");
    case SqlDialect::kSnowflake:
      return Cat("CAST('", FaceText(face.second, face.nanos, 9),
                 is_moment ? " +0000' AS timestamp_tz)" : "' AS timestamp_ntz)");
    case SqlDialect::kOther:
      return Cat("{ts '", FaceText(face.second, face.nanos, 3), "'}");
  }
  return "";
}

std::string WhereSql(const TablePlan& plan, std::optional<TimePoint> since,
                     const std::optional<absl::TimeZone>& zone) {
  if (!since) return "";
  return Cat(" WHERE ", Quoted(plan.updated_at.name, plan.style),
             " >= ", TimeSql(plan.updated_at, plan.style, *since, zone));
}

// What PlanTable is made of.
class Planner {
 public:
  Planner(const TableSpec& spec, const std::vector<DbColumn>& columns, SqlStyle style,
          std::vector<std::string>* problems)
      : spec_(spec), problems_(*problems) {
    plan_.style = style;
    plan_.from = FromSql(spec);
    for (const DbColumn& column : columns) {
      const std::string name = Name(column);
      if (!by_name_.emplace(name, &column).second) {
        Problem(name, "is there twice; give each a name of its own");
        has_twins_ = true;
      }
      names_.push_back(name);
    }
  }

  TablePlan Make();

 private:
  std::string Name(const DbColumn& column) const {
    return spec_.lower_case ? absl::AsciiStrToLower(column.name) : column.name;
  }
  void Problem(std::string_view column, std::string_view what) {
    problems_.push_back(Cat("column '", column, "' ", what));
  }
  // Null, with a problem, when it is not there. `key` is the configuration's.
  const DbColumn* Find(const std::string& name, std::string_view key);
  void ChooseId();
  void ChooseUpdatedAt();
  void ChooseWide();
  void ChooseLong();
  void CheckNames();
  // A column that becomes attributes; `type` as types says.
  void Add(const DbColumn& column, std::string attribute, std::optional<ColumnType> type);

  const TableSpec& spec_;
  std::vector<std::string>& problems_;
  TablePlan plan_;
  std::size_t chosen_ = 0;  // Columns that become attributes, good or not.
  bool has_twins_ = false;  // No SELECT can name one of two.
  std::vector<std::string> names_;
  absl::flat_hash_map<std::string, const DbColumn*> by_name_;
};

const DbColumn* Planner::Find(const std::string& name, std::string_view key) {
  const auto found = by_name_.find(name);
  if (found != by_name_.end()) return found->second;
  const std::size_t shown = std::min<std::size_t>(names_.size(), 20);
  Problem(name, Cat("(", key, ") is not there; the columns are ",
                    absl::StrJoin(names_.begin(), names_.begin() + static_cast<int>(shown), ", "),
                    shown < names_.size() ? ", …" : ""));
  return nullptr;
}

void Planner::ChooseId() {
  const DbColumn* const id = Find(spec_.id_column, "id_column");
  if (id == nullptr) return;
  const bool fits = id->type == DbType::kText || id->type == DbType::kInteger ||
                    (id->type == DbType::kDecimal && id->scale <= 0);
  if (!fits) {
    Problem(spec_.id_column, Cat("(id_column) is ", id->type_name,
                                 "; an identifier must be text or an integer: cast it in a query"));
    return;
  }
  plan_.id = *id;
}

void Planner::ChooseUpdatedAt() {
  const DbColumn* const time = Find(spec_.updated_at_column, "updated_at_column");
  if (time == nullptr) return;
  const bool has_no_zone = time->type == DbType::kTime || time->type == DbType::kDate;
  if (!has_no_zone && time->type != DbType::kMoment) {
    Problem(spec_.updated_at_column, Cat("(updated_at_column) is ", time->type_name,
                                         ", which is no time; cast it to a timestamp in a query"));
    return;
  }
  if (has_no_zone && !spec_.zone) {
    Problem(spec_.updated_at_column,
            Cat("(updated_at_column) is ", time->type_name,
                " without a time zone; say which one it is in: timezone = \"UTC\""));
    return;
  }
  plan_.updated_at = *time;
}

void Planner::Add(const DbColumn& column, std::string attribute, std::optional<ColumnType> type) {
  ++chosen_;
  PlannedColumn planned{column, std::move(attribute),
                        DbCellRule{column.type, column.scale, type, spec_.zone}};
  // A person who says string wants the database's own text.
  if (type == ColumnType::kString && column.type == DbType::kJson)
    planned.rule.type = DbType::kText;
  if (column.type == DbType::kOther && !type) {
    Problem(Name(column), Cat("is ", column.type_name,
                              ", for which Braze has no value; exclude it, or say "
                              "types = { ",
                              Name(column), " = \"string\" }"));
    return;
  }
  const bool needs_zone = (column.type == DbType::kTime && type != ColumnType::kString) ||
                          (column.type == DbType::kDate && type == ColumnType::kTimestamp);
  if (needs_zone && !spec_.zone) {
    Problem(Name(column), Cat("is ", column.type_name,
                              " without a time zone; say which one it is in: timezone = \"UTC\""));
    return;
  }
  plan_.columns.push_back(std::move(planned));
}

void Planner::ChooseWide() {
  for (const std::string& name : spec_.columns) Find(name, "columns");
  for (const std::string& name : spec_.exclude) Find(name, "exclude");
  for (const auto& [name, type] : spec_.types) Find(name, "types");
  for (const auto& [name, attribute] : spec_.rename) Find(name, "rename");
  const auto has = [](const std::vector<std::string>& list, const std::string& name) {
    return std::find(list.begin(), list.end(), name) != list.end();
  };
  for (const std::string& name : names_) {
    if (name == spec_.id_column || name == spec_.updated_at_column) continue;
    if (!spec_.columns.empty() && !has(spec_.columns, name)) continue;
    if (has(spec_.exclude, name)) continue;
    const auto renamed = spec_.rename.find(name);
    const auto type = spec_.types.find(name);
    Add(*by_name_[name], renamed == spec_.rename.end() ? name : renamed->second,
        type == spec_.types.end() ? std::nullopt : std::optional(type->second));
  }
  if (chosen_ == 0) problems_.push_back("no column is left to send as an attribute");
  if (plan_.columns.size() > limits::kUpdateAttributesMax) {
    problems_.push_back(
        Cat(plan_.columns.size(), " columns would become attributes; an update has ",
            limits::kUpdateAttributesMax, " at most. Choose with columns or exclude"));
  }
  CheckNames();
}

void Planner::CheckNames() {
  absl::flat_hash_set<std::string> seen;
  for (const PlannedColumn& column : plan_.columns) {
    if (!seen.insert(column.attribute).second) {
      problems_.push_back(
          Cat("two columns would become the attribute '", column.attribute, "'; mend rename"));
    }
  }
}

void Planner::ChooseLong() {
  const DbColumn* const attribute = Find(spec_.attribute_column, "attribute_column");
  const DbColumn* const value = Find(spec_.value_column, "value_column");
  if (attribute != nullptr) {
    if (attribute->type == DbType::kText) {
      plan_.attribute_name = *attribute;
    } else {
      Problem(spec_.attribute_column,
              Cat("(attribute_column) is ", attribute->type_name, "; it must be text"));
    }
  }
  if (value != nullptr) Add(*value, "", std::nullopt);
}

TablePlan Planner::Make() {
  ChooseId();
  ChooseUpdatedAt();
  spec_.is_long ? ChooseLong() : ChooseWide();
  plan_.is_readable = !plan_.id.name.empty() && !plan_.updated_at.name.empty() &&
                      !plan_.columns.empty() && plan_.attribute_name.has_value() == spec_.is_long &&
                      !has_twins_;
  return std::move(plan_);
}

}  // namespace

std::string DescribeSql(const TableSpec& spec) {
  return Cat("SELECT * FROM ", FromSql(spec), " WHERE 1 = 0");
}

TablePlan PlanTable(const TableSpec& spec, const std::vector<DbColumn>& columns, SqlStyle style,
                    std::vector<std::string>* problems) {
  return Planner(spec, columns, style, problems).Make();
}

std::string SelectSql(const TablePlan& plan, std::optional<TimePoint> since,
                      const std::optional<absl::TimeZone>& zone) {
  std::string sql =
      Cat("SELECT ", ReadSql(plan.id, plan.style), ", ", ReadSql(plan.updated_at, plan.style));
  if (plan.attribute_name) Append(&sql, ", ", ReadSql(*plan.attribute_name, plan.style));
  for (const PlannedColumn& column : plan.columns) {
    Append(&sql, ", ", ReadSql(column.column, plan.style));
  }
  return Cat(sql, " FROM ", plan.from, WhereSql(plan, since, zone));
}

std::string CountSql(const TablePlan& plan, std::optional<TimePoint> since,
                     const std::optional<absl::TimeZone>& zone) {
  return Cat("SELECT COUNT(*) FROM ", plan.from, WhereSql(plan, since, zone));
}

std::optional<TimePoint> SelectFrom(std::optional<TimePoint> cursor, absl::Duration lookback) {
  if (!cursor) return std::nullopt;
  // Whole seconds, rounded up: more is selected, never less.
  return TimePoint{cursor->seconds - absl::ToInt64Seconds(absl::Ceil(lookback, absl::Seconds(1))),
                   cursor->nanos};
}

}  // namespace peaksync::client

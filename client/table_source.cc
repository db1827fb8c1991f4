#include "client/table_source.h"

#include <algorithm>
#include <utility>

#include "client/customer_text.h"
#include "client/limits.h"
#include "client/row_rules.h"
#include "client/status_macros.h"
#include "client/text.h"
#include "client/utf8.h"
#include "client/value_json.h"

namespace peaksync::client {
namespace {

// Where they stand in a row: see TablePlan.
constexpr std::size_t kId = 0;
constexpr std::size_t kUpdatedAt = 1;
constexpr std::size_t kFirstColumn = 2;
constexpr std::size_t kAttributeName = 2;  // is_long.
constexpr std::size_t kValue = 3;

bool Refuse(RowInfo* info, std::string_view column, std::string_view reason) {
  info->column = column;
  info->reason = reason;
  return false;
}

class TableSource final : public RowSource {
 public:
  TableSource(TableSpec spec, TablePlan plan, TableRows& rows)
      : spec_(std::move(spec)), plan_(std::move(plan)), rows_(rows) {
    options_.id_kind = spec_.id_kind;
    options_.alias_label = spec_.alias_label;
  }

  absl::StatusOr<Row> Next(v1::CustomerUpdate* update, RowInfo* info) override;
  std::int64_t bytes_read() const override { return bytes_read_; }
  const std::vector<std::string>& notes() const override { return notes_; }
  std::string RejectsHeader() const override { return ""; }
  std::string RowText() const override;
  std::string RejectsLine(const RowInfo& info, std::string_view row_text) const override;
  std::string RejectionLine(const v1::Rejection& rejection) const override;

 private:
  // False, with `info` filled, when the row is invalid.
  bool SetCustomer(v1::CustomerUpdate* update, RowInfo* info) const;
  bool SetUpdatedAt(v1::CustomerUpdate* update, RowInfo* info) const;
  bool SetColumns(v1::CustomerUpdate* update, RowInfo* info);
  bool SetLongValue(v1::CustomerUpdate* update, RowInfo* info);
  // Adds an attribute unless the cell is NULL and that means nothing.
  bool AddValue(const DbCellRule& rule, const std::string& attribute, std::string_view column,
                const Cell& cell, v1::CustomerUpdate* update, RowInfo* info);
  std::string ColumnOf(std::string_view attribute) const;

  const TableSpec spec_;
  const TablePlan plan_;
  TableRows& rows_;
  RowOptions options_;
  std::vector<std::string> notes_;
  DbCellReader reader_;
  std::span<const Cell> cells_;
  std::int64_t row_ = 0;
  std::int64_t bytes_read_ = 0;
};

bool TableSource::SetCustomer(v1::CustomerUpdate* update, RowInfo* info) const {
  const Cell& id = cells_[kId];
  if (!id || id->empty()) return Refuse(info, spec_.id_column, "the identifier is empty");
  if (plan_.id.type != DbType::kText && id->find_first_of(".eE") != std::string_view::npos) {
    return Refuse(info, spec_.id_column, "the identifier is a number with a fraction");
  }
  if (!IsUtf8(*id)) return Refuse(info, spec_.id_column, "not valid UTF-8");
  SetIdentifier(options_, *id, update->mutable_customer());
  return true;
}

bool TableSource::SetUpdatedAt(v1::CustomerUpdate* update, RowInfo* info) const {
  const Cell& cell = cells_[kUpdatedAt];
  if (!cell) return Refuse(info, spec_.updated_at_column, "the time is empty");
  const absl::StatusOr<TimePoint> time = ReadDbTime(*cell, plan_.updated_at.type, spec_.zone);
  if (!time.ok()) return Refuse(info, spec_.updated_at_column, MessageOf(time.status()));
  SetTime(*time, update->mutable_updated_at());
  return true;
}

bool TableSource::AddValue(const DbCellRule& rule, const std::string& attribute,
                           std::string_view column, const Cell& cell, v1::CustomerUpdate* update,
                           RowInfo* info) {
  if (!cell && !spec_.nulls_unset) return true;
  v1::Attribute* const added = update->add_attributes();
  added->set_name(attribute);
  if (!cell) {
    added->mutable_value()->set_null_value(google::protobuf::NULL_VALUE);
    return true;
  }
  const absl::Status status = reader_.Read(rule, *cell, added->mutable_value());
  return status.ok() || Refuse(info, column, MessageOf(status));
}

bool TableSource::SetColumns(v1::CustomerUpdate* update, RowInfo* info) {
  for (std::size_t i = 0; i < plan_.columns.size(); ++i) {
    const PlannedColumn& column = plan_.columns[i];
    if (!AddValue(column.rule, column.attribute, column.column.name, cells_[kFirstColumn + i],
                  update, info)) {
      return false;
    }
  }
  return true;
}

bool TableSource::SetLongValue(v1::CustomerUpdate* update, RowInfo* info) {
  const Cell& cell = cells_[kAttributeName];
  if (!cell || cell->empty()) {
    return Refuse(info, spec_.attribute_column, "the attribute's name is empty");
  }
  if (!IsUtf8(*cell)) return Refuse(info, spec_.attribute_column, "not valid UTF-8");
  const std::string name(*cell);
  const auto is_in = [&](const std::vector<std::string>& list) {
    return std::find(list.begin(), list.end(), name) != list.end();
  };
  if ((!spec_.columns.empty() && !is_in(spec_.columns)) || is_in(spec_.exclude)) return true;
  DbCellRule rule = plan_.columns[0].rule;
  if (const auto type = spec_.types.find(name); type != spec_.types.end()) {
    rule.wanted = type->second;
  }
  const auto renamed = spec_.rename.find(name);
  return AddValue(rule, renamed == spec_.rename.end() ? name : renamed->second, name,
                  cells_[kValue], update, info);
}

absl::StatusOr<RowSource::Row> TableSource::Next(v1::CustomerUpdate* update, RowInfo* info) {
  PEAKSYNC_CLIENT_ASSIGN_OR_RETURN(const bool found, rows_.Next(&cells_));
  if (!found) return Row::kEnd;
  info->line = ++row_;
  for (const Cell& cell : cells_) bytes_read_ += cell ? static_cast<std::int64_t>(cell->size()) : 0;
  update->Clear();
  const bool valid = SetUpdatedAt(update, info) && SetCustomer(update, info) &&
                     (spec_.is_long ? SetLongValue(update, info) : SetColumns(update, info));
  if (!valid) return Row::kInvalid;
  return update->attributes_size() == 0 ? Row::kEmpty : Row::kUpdate;
}

// The cells as JSON: those that can be read as their values, others as text. The identifier is
// always text.
std::string TableSource::RowText() const {
  DbCellReader reader;
  std::string text;
  const auto add = [&](std::string_view name, const DbCellRule* rule, const Cell& cell) {
    v1::Value value;
    const bool is_value = cell && rule != nullptr && reader.Read(*rule, *cell, &value).ok();
    if (cell && !is_value) value.set_string_value(std::string(*cell));
    if (!cell && !spec_.nulls_unset) return;
    Append(&text, text.empty() ? "" : ",", JsonString(name), ":",
           value.has_string_value() ? JsonString(value.string_value()) : JsonText(value));
  };
  add(spec_.id_column, nullptr, cells_[kId]);
  const DbCellRule time{plan_.updated_at.type, -1, ColumnType::kTimestamp, spec_.zone};
  add(spec_.updated_at_column, &time, cells_[kUpdatedAt]);
  if (spec_.is_long) {
    add(spec_.attribute_column, nullptr, cells_[kAttributeName]);
    add(spec_.value_column, nullptr, cells_[kValue]);
    return Cat("\"row\":{", text, "}");
  }
  for (std::size_t i = 0; i < plan_.columns.size(); ++i) {
    add(plan_.columns[i].attribute, &plan_.columns[i].rule, cells_[kFirstColumn + i]);
  }
  return Cat("\"row\":{", text, "}");
}

std::string TableSource::RejectsLine(const RowInfo& info, std::string_view row_text) const {
  return Cat("{\"peaksync_line\":", info.line, ",\"peaksync_column\":", JsonString(info.column),
             ",\"peaksync_reason\":", JsonString(info.reason), ",", row_text, "}");
}

std::string TableSource::RejectionLine(const v1::Rejection& rejection) const {
  const v1::Attribute& attribute = rejection.attribute();
  std::string row =
      Cat("{", JsonString(spec_.id_column), ":", JsonString(IdentifierOf(rejection.customer())));
  if (rejection.has_updated_at()) {
    const google::protobuf::Timestamp& time = rejection.updated_at();
    Append(&row, ",", JsonString(spec_.updated_at_column), ":\"",
           FormatTime({time.seconds(), time.nanos()}), "\"");
  }
  if (attribute.has_value()) {
    Append(&row, ",", JsonString(attribute.name()), ":", JsonText(attribute.value()));
  }
  return RejectsLine({0, attribute.name(), Cat("Braze: ", rejection.reason())},
                     Cat("\"row\":", row, "}"));
}

}  // namespace

std::unique_ptr<RowSource> MakeTableSource(TableSpec spec, TablePlan plan, TableRows& rows) {
  return std::make_unique<TableSource>(std::move(spec), std::move(plan), rows);
}

}  // namespace peaksync::client

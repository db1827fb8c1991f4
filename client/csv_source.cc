#include <algorithm>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_join.h"
#include "client/cell_value.h"
#include "client/csv_reader.h"
#include "client/customer_text.h"
#include "client/limits.h"
#include "client/row_rules.h"
#include "client/row_source.h"
#include "client/status_macros.h"
#include "client/text.h"
#include "client/time_text.h"
#include "client/utf8.h"
#include "client/value_json.h"

namespace peaksync::client {
namespace {

// A column that becomes an attribute.
struct Column {
  std::size_t index = 0;
  std::string name;
  CellRule rule;
};

class CsvSource final : public RowSource {
 public:
  CsvSource(ByteSource& bytes, std::string name, RowOptions options)
      : bytes_(bytes), name_(std::move(name)), options_(std::move(options)) {}

  absl::Status Open();

  absl::StatusOr<Row> Next(v1::CustomerUpdate* update, RowInfo* info) override;
  std::int64_t bytes_read() const override { return bytes_.bytes_read(); }
  const std::vector<std::string>& notes() const override { return notes_; }
  std::string RejectsHeader() const override;
  std::string RowText() const override;
  std::string RejectsLine(const RowInfo& info, std::string_view row_text) const override;
  std::string RejectionLine(const v1::Rejection& rejection) const override;

 private:
  absl::Status ReadHeader(CsvReader& reader);
  absl::Status ChooseColumns();
  absl::StatusOr<std::size_t> Find(std::string_view column, std::string_view flag) const;
  absl::Status InferTypes(CsvReader& reader);
  absl::Status SettleTypes(const std::vector<TypeInference>& inferred);
  absl::StatusOr<bool> NextRecord(CsvReader& reader, CsvRecord* record) const;

  // False, with `info` filled, when the row is invalid.
  bool SetCustomer(v1::CustomerUpdate* update, RowInfo* info) const;
  bool SetUpdatedAt(v1::CustomerUpdate* update, RowInfo* info) const;
  bool SetAttributes(v1::CustomerUpdate* update, RowInfo* info);
  bool CheckUtf8(RowInfo* info) const;

  RewindableSource bytes_;
  const std::string name_;
  const RowOptions options_;
  std::vector<std::string> header_;
  std::vector<std::string> notes_;
  std::size_t id_index_ = 0;
  bool id_may_not_be_float_ = false;
  std::optional<std::size_t> updated_at_index_;
  std::vector<Column> columns_;
  CellConverter converter_;
  std::unique_ptr<CsvReader> reader_;
  CsvRecord record_;
};

bool Refuse(RowInfo* info, std::string_view column, std::string_view reason) {
  info->column = column;
  info->reason = reason;
  return false;
}

absl::Status CsvSource::Open() {
  CsvReader head(bytes_);
  PEAKSYNC_CLIENT_RETURN_IF_ERROR(ReadHeader(head));
  PEAKSYNC_CLIENT_RETURN_IF_ERROR(ChooseColumns());
  PEAKSYNC_CLIENT_RETURN_IF_ERROR(InferTypes(head));
  bytes_.Rewind();
  reader_ = std::make_unique<CsvReader>(bytes_);
  CsvRecord header;
  return reader_->Next(&header).status();
}

absl::Status CsvSource::ReadHeader(CsvReader& reader) {
  CsvRecord record;
  absl::StatusOr<bool> found = reader.Next(&record);
  if (!found.ok()) {
    return absl::Status(found.status().code(), Cat(name_, ": ", MessageOf(found.status())));
  }
  if (!*found) {
    return FileError(name_, 1, "the file is empty; the first line must name the columns");
  }
  absl::flat_hash_set<std::string> seen;
  for (const std::string_view column : record.fields) {
    header_.emplace_back(column);
    if (!IsUtf8(column)) {
      return FileError(
          name_, record.line,
          Cat("the name of column ", header_.size(), " is not UTF-8; save the file as UTF-8"));
    }
    if (!seen.insert(header_.back()).second) {
      return FileError(name_, record.line,
                       Cat("column '", column, "' is there twice; name each once"));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<std::size_t> CsvSource::Find(std::string_view column, std::string_view flag) const {
  const auto place = std::find(header_.begin(), header_.end(), column);
  if (place != header_.end()) return static_cast<std::size_t>(place - header_.begin());
  const bool other_separator =
      header_.size() == 1 && header_[0].find_first_of(";\t|") != std::string::npos;
  const std::size_t shown = std::min<std::size_t>(header_.size(), 20);
  return FileError(
      name_, 1,
      Cat(flag, ": there is no column '", column, "'; the columns are ",
          absl::StrJoin(header_.begin(), header_.begin() + static_cast<int>(shown), ", "),
          shown < header_.size() ? ", …" : "",
          other_separator ? ". Is something else than a comma between the fields?" : ""));
}

absl::Status CsvSource::ChooseColumns() {
  PEAKSYNC_CLIENT_ASSIGN_OR_RETURN(id_index_, Find(options_.id_column, "--id-column"));
  if (!options_.updated_at_column.empty()) {
    PEAKSYNC_CLIENT_ASSIGN_OR_RETURN(const std::size_t index,
                                     Find(options_.updated_at_column, "--updated-at-column"));
    if (options_.use_updated_at) updated_at_index_ = index;
  }
  for (const std::string& column : options_.columns) {
    PEAKSYNC_CLIENT_RETURN_IF_ERROR(Find(column, "--columns").status());
  }
  for (const std::string& column : options_.exclude) {
    PEAKSYNC_CLIENT_RETURN_IF_ERROR(Find(column, "--exclude").status());
  }
  for (const auto& [column, type] : options_.types) {
    PEAKSYNC_CLIENT_RETURN_IF_ERROR(Find(column, "--types").status());
  }
  const AttributeFilter filter(options_);
  for (std::size_t i = 0; i < header_.size(); ++i) {
    if (!filter.Takes(header_[i])) continue;
    if (header_[i].empty()) {
      notes_.push_back(
          Cat("column ", i + 1, " has no name and is not sent (pandas: to_csv(index=False))"));
      continue;
    }
    columns_.push_back({i, header_[i], {}});
  }
  if (columns_.empty()) return FileError(name_, 1, "no column is left to send as an attribute");
  if (columns_.size() > limits::kUpdateAttributesMax) {
    return FileError(
        name_, 1,
        Cat(columns_.size(), " columns would become attributes; an update has ",
            limits::kUpdateAttributesMax, " at most. Choose with --columns or --exclude"));
  }
  return absl::OkStatus();
}

// A record with as many fields as there are columns; false at the end.
absl::StatusOr<bool> CsvSource::NextRecord(CsvReader& reader, CsvRecord* record) const {
  absl::StatusOr<bool> found = reader.Next(record);
  if (!found.ok()) {
    return absl::Status(found.status().code(), Cat(name_, ": ", MessageOf(found.status())));
  }
  if (*found && record->fields.size() != header_.size()) {
    return FileError(name_, record->line,
                     Cat(record->fields.size(), " fields, but the header names ", header_.size(),
                         " columns; is a field with a comma not quoted, or the file cut "
                         "off?"));
  }
  return found;
}

absl::Status CsvSource::InferTypes(CsvReader& reader) {
  std::vector<TypeInference> inferred(columns_.size());
  TypeInference id;
  CsvRecord record;
  const auto is_null = [&](std::string_view cell) {
    return options_.null_value && cell == *options_.null_value;
  };
  for (std::int64_t rows = 0;
       rows < limits::kHeadRowsMax && bytes_.kept_bytes() < limits::kHeadBytesMax; ++rows) {
    PEAKSYNC_CLIENT_ASSIGN_OR_RETURN(const bool found, NextRecord(reader, &record));
    if (!found) break;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      const std::string_view cell = record.fields[columns_[i].index];
      if (!is_null(cell)) inferred[i].Add(cell, record.line);
    }
    if (!is_null(record.fields[id_index_])) id.Add(record.fields[id_index_], record.line);
  }
  if (!options_.types.contains(options_.id_column)) {
    if (const auto line = id.float_line()) {
      return FileError(name_, *line,
                       Cat("column '", options_.id_column, "': the identifier ", kFloatIdHint));
    }
    id_may_not_be_float_ = id.type() == ColumnType::kInteger;
  }
  return SettleTypes(inferred);
}

absl::Status CsvSource::SettleTypes(const std::vector<TypeInference>& inferred) {
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    Column& column = columns_[i];
    if (const auto type = options_.types.find(column.name); type != options_.types.end()) {
      column.rule = {type->second, true};
      continue;
    }
    if (const auto line = inferred[i].big_integer_line()) {
      return FileError(
          name_, *line,
          Cat("column '", column.name,
              "' holds integers beyond 64 bits; say what they are: --types ", column.name,
              "=string keeps every digit, --types ", column.name, "=double rounds them"));
    }
    column.rule = {inferred[i].type(), false};
  }
  return absl::OkStatus();
}

bool CsvSource::CheckUtf8(RowInfo* info) const {
  const std::string_view first = record_.fields.front();
  const std::string_view last = record_.fields.back();
  const auto size = static_cast<std::size_t>(last.data() + last.size() - first.data());
  if (IsUtf8(std::string_view(first.data(), size))) return true;
  // What is left of doubled quotes may have fooled the quick check.
  for (std::size_t i = 0; i < record_.fields.size(); ++i) {
    if (!IsUtf8(record_.fields[i])) return Refuse(info, header_[i], "not valid UTF-8");
  }
  return true;
}

bool CsvSource::SetCustomer(v1::CustomerUpdate* update, RowInfo* info) const {
  const std::string_view id = record_.fields[id_index_];
  if (id.empty() || (options_.null_value && id == *options_.null_value)) {
    return Refuse(info, options_.id_column, "the identifier is empty");
  }
  if (id_may_not_be_float_) {
    const CellKind kind = KindOf(id);
    if (kind == CellKind::kDouble || kind == CellKind::kNotFinite) {
      return Refuse(info, options_.id_column,
                    "the identifier is a float, while the first rows have integers");
    }
  }
  SetIdentifier(options_, id, update->mutable_customer());
  return true;
}

bool CsvSource::SetUpdatedAt(v1::CustomerUpdate* update, RowInfo* info) const {
  if (!updated_at_index_) return true;
  const std::string_view cell = record_.fields[*updated_at_index_];
  if (cell.empty()) return Refuse(info, options_.updated_at_column, "the time is empty");
  const absl::Status status = SetTime(cell, update->mutable_updated_at());
  return status.ok() || Refuse(info, options_.updated_at_column, MessageOf(status));
}

bool CsvSource::SetAttributes(v1::CustomerUpdate* update, RowInfo* info) {
  for (const Column& column : columns_) {
    const std::string_view cell = record_.fields[column.index];
    const bool is_null = options_.null_value && cell == *options_.null_value;
    if (cell.empty() && !is_null) continue;
    v1::Attribute* const attribute = update->add_attributes();
    attribute->set_name(column.name);
    if (is_null) {
      attribute->mutable_value()->set_null_value(google::protobuf::NULL_VALUE);
      continue;
    }
    const absl::Status status = converter_.Convert(column.rule, cell, attribute->mutable_value());
    if (!status.ok()) return Refuse(info, column.name, MessageOf(status));
  }
  return true;
}

absl::StatusOr<RowSource::Row> CsvSource::Next(v1::CustomerUpdate* update, RowInfo* info) {
  PEAKSYNC_CLIENT_ASSIGN_OR_RETURN(const bool found, NextRecord(*reader_, &record_));
  if (!found) return Row::kEnd;
  info->line = record_.line;
  update->Clear();
  const bool valid = CheckUtf8(info) && SetCustomer(update, info) && SetUpdatedAt(update, info) &&
                     SetAttributes(update, info);
  if (!valid) return Row::kInvalid;
  return update->attributes_size() == 0 ? Row::kEmpty : Row::kUpdate;
}

std::string CsvSource::RejectsHeader() const {
  std::string text = "peaksync_line,peaksync_column,peaksync_reason";
  for (const std::string& column : header_) {
    text += ',';
    AppendCsvField(column, &text);
  }
  return text;
}

std::string CsvSource::RowText() const {
  std::string text;
  for (const std::string_view field : record_.fields) {
    if (field.data() != record_.fields.front().data()) text += ',';
    AppendCsvField(field, &text);
  }
  return text;
}

std::string CsvSource::RejectsLine(const RowInfo& info, std::string_view row_text) const {
  std::string text = Cat(info.line, ",");
  AppendCsvField(info.column, &text);
  text += ',';
  AppendCsvField(info.reason, &text);
  return Cat(text, ",", row_text);
}

std::string CsvSource::RejectionLine(const v1::Rejection& rejection) const {
  std::vector<std::string> cells(header_.size());
  const v1::Attribute& attribute = rejection.attribute();
  for (const Column& column : columns_) {
    if (column.name != attribute.name() || !attribute.has_value()) continue;
    cells[column.index] = attribute.value().has_null_value() ? options_.null_value.value_or("")
                                                             : CellText(attribute.value());
  }
  cells[id_index_] = IdentifierOf(rejection.customer());
  for (std::size_t i = 0; i < header_.size(); ++i) {
    if (header_[i] == options_.updated_at_column && rejection.has_updated_at()) {
      cells[i] = FormatTime({rejection.updated_at().seconds(), rejection.updated_at().nanos()});
    }
  }
  std::string row;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (i > 0) row += ',';
    AppendCsvField(cells[i], &row);
  }
  return RejectsLine({0, attribute.name(), Cat("Braze: ", rejection.reason())}, row);
}

}  // namespace

absl::StatusOr<std::unique_ptr<RowSource>> OpenCsv(ByteSource& bytes, std::string name,
                                                   RowOptions options) {
  auto source = std::make_unique<CsvSource>(bytes, std::move(name), std::move(options));
  PEAKSYNC_CLIENT_RETURN_IF_ERROR(source->Open());
  return source;
}

}  // namespace peaksync::client

#include <utility>

#include "client/customer_text.h"
#include "client/json_value.h"
#include "client/limits.h"
#include "client/line_reader.h"
#include "client/row_rules.h"
#include "client/row_source.h"
#include "client/status_macros.h"
#include "client/text.h"
#include "client/time_text.h"
#include "client/utf8.h"
#include "client/value_json.h"

namespace peaksync::client {
namespace {

namespace json = simdjson::ondemand;
static_assert(LineReader::kPadding >= simdjson::SIMDJSON_PADDING);

class JsonLinesSource final : public RowSource {
 public:
  JsonLinesSource(ByteSource& bytes, std::string name, RowOptions options)
      : bytes_(bytes), name_(std::move(name)), options_(std::move(options)), filter_(options_) {}

  absl::Status Open();

  absl::StatusOr<Row> Next(v1::CustomerUpdate* update, RowInfo* info) override;
  std::int64_t bytes_read() const override { return bytes_.bytes_read(); }
  const std::vector<std::string>& notes() const override { return notes_; }
  std::string RejectsHeader() const override { return ""; }
  std::string RowText() const override;
  std::string RejectsLine(const RowInfo& info, std::string_view row_text) const override;
  std::string RejectionLine(const v1::Rejection& rejection) const override;

 private:
  absl::Status CheckOptions() const;
  absl::StatusOr<bool> NextLine(LineReader& reader);
  // Looks at the identifier only. False: the line is no object.
  absl::StatusOr<bool> CheckHeadLine(std::int64_t number);
  absl::Status CheckHead();

  // The members of the object on the line; an error names what is wrong, and `column` where.
  absl::Status ReadObject(v1::CustomerUpdate* update, std::string* column);
  absl::Status ReadMember(std::string_view key, json::value value, v1::CustomerUpdate* update);
  absl::Status ReadIdentifier(json::value value, v1::Customer* customer) const;
  absl::Status ReadTime(json::value value, google::protobuf::Timestamp* out) const;
  simdjson::error_code Parse(json::document* document) {
    return parser_.iterate(line_.data(), line_.size(), line_.size() + LineReader::kPadding)
        .get(*document);
  }

  RewindableSource bytes_;
  const std::string name_;
  const RowOptions options_;
  const AttributeFilter filter_;
  std::vector<std::string> notes_;
  std::unique_ptr<LineReader> reader_;
  std::string_view line_;
  bool line_is_json_ = false;
  json::parser parser_;
};

absl::Status JsonLinesSource::CheckOptions() const {
  if (options_.null_value) {
    return Invalid("--null-value is for CSV; in JSON Lines null unsets an attribute");
  }
  for (const auto& [column, type] : options_.types) {
    const bool may_be = type == ColumnType::kTimestamp ||
                        (type == ColumnType::kString && column == options_.id_column);
    if (!may_be) {
      return Invalid(
          Cat("--types ", column, "=", NameOf(type),
              ": in JSON Lines the values have types; --types takes only COLUMN=timestamp there"));
    }
  }
  return absl::OkStatus();
}

absl::Status JsonLinesSource::Open() {
  PEAKSYNC_CLIENT_RETURN_IF_ERROR(CheckOptions());
  reader_ = std::make_unique<LineReader>(bytes_);
  PEAKSYNC_CLIENT_RETURN_IF_ERROR(CheckHead());
  bytes_.Rewind();
  reader_ = std::make_unique<LineReader>(bytes_);
  return absl::OkStatus();
}

// The next line that is not blank.
absl::StatusOr<bool> JsonLinesSource::NextLine(LineReader& reader) {
  for (;;) {
    absl::StatusOr<bool> found = reader.Next(&line_);
    if (!found.ok()) {
      return absl::Status(found.status().code(), Cat(name_, ": ", MessageOf(found.status())));
    }
    if (!*found || line_.find_first_not_of(" \t\r") != std::string_view::npos) return found;
  }
}

absl::StatusOr<bool> JsonLinesSource::CheckHeadLine(std::int64_t number) {
  json::document document;
  json::object object;
  if (Parse(&document) != simdjson::SUCCESS) return false;
  if (document.get_object().get(object) != simdjson::SUCCESS) return false;
  json::value id;
  if (object.find_field_unordered(options_.id_column).get(id) != simdjson::SUCCESS) return true;
  json::number value;
  json::json_type type{};
  if (id.type().get(type) != simdjson::SUCCESS) return true;  // Reported with its row.
  if (type == json::json_type::number && id.get_number().get(value) == simdjson::SUCCESS &&
      value.is_double()) {
    return FileError(name_, number,
                     Cat("member '", options_.id_column, "': the identifier ", kFloatIdHint));
  }
  return true;
}

absl::Status JsonLinesSource::CheckHead() {
  for (std::int64_t rows = 0;
       rows < limits::kHeadRowsMax && bytes_.kept_bytes() < limits::kHeadBytesMax; ++rows) {
    PEAKSYNC_CLIENT_ASSIGN_OR_RETURN(const bool found, NextLine(*reader_));
    if (!found) return absl::OkStatus();
    PEAKSYNC_CLIENT_ASSIGN_OR_RETURN(const bool is_object, CheckHeadLine(reader_->number()));
    if (rows > 0 || is_object) continue;
    const bool is_list = line_.find_first_not_of(" \t") == line_.find('[');
    return FileError(name_, reader_->number(),
                     is_list ? "the file is one JSON array; write one object per line (pandas: "
                               "to_json(orient='records', lines=True))"
                             : "the first line is not a JSON object; is it JSON Lines, one object "
                               "per line?");
  }
  return absl::OkStatus();
}

absl::Status JsonLinesSource::ReadIdentifier(json::value value, v1::Customer* customer) const {
  if (customer->identifier_case() != v1::Customer::IDENTIFIER_NOT_SET) {
    return Invalid("the identifier is there twice");
  }
  json::json_type type{};
  if (const auto error = value.type().get(type)) {
    return Invalid(JsonProblem(error));
  }
  if (type == json::json_type::string) {
    std::string_view text;
    if (const auto error = value.get_string().get(text)) {
      return Invalid(JsonProblem(error));
    }
    if (text.empty()) return Invalid("the identifier is empty");
    SetIdentifier(options_, text, customer);
    return absl::OkStatus();
  }
  if (type == json::json_type::number) {
    json::number number;
    if (value.get_number().get(number) != simdjson::SUCCESS) {
      return Invalid("the identifier is a number beyond 64 bits; quote it");
    }
    if (!number.is_double()) {
      SetIdentifier(options_,
                    number.is_int64() ? Cat(number.get_int64()) : Cat(number.get_uint64()),
                    customer);
      return absl::OkStatus();
    }
    return Invalid("the identifier is a float");
  }
  if (type == json::json_type::null) return Invalid("the identifier is empty");
  return Invalid("the identifier must be a string or an integer");
}

absl::Status JsonLinesSource::ReadTime(json::value value, google::protobuf::Timestamp* out) const {
  std::string_view text;
  if (value.get_string().get(text) != simdjson::SUCCESS) {
    return Invalid("a time must be a string, such as \"2026-09-07T02:00:00Z\"");
  }
  return SetTime(text, out);
}

absl::Status JsonLinesSource::ReadMember(std::string_view key, json::value value,
                                         v1::CustomerUpdate* update) {
  if (key == options_.id_column) return ReadIdentifier(value, update->mutable_customer());
  if (!options_.updated_at_column.empty() && key == options_.updated_at_column) {
    if (!options_.use_updated_at) return absl::OkStatus();
    if (update->has_updated_at()) return Invalid("the time is there twice");
    return ReadTime(value, update->mutable_updated_at());
  }
  if (!filter_.Takes(key)) return absl::OkStatus();
  v1::Attribute* const attribute = update->add_attributes();
  attribute->set_name(key.data(), key.size());
  v1::Value* const target = attribute->mutable_value();
  const bool may_be_time = !options_.types.empty() && options_.types.contains(ToAbsl(key));
  if (!may_be_time) return SetJsonValue(value, target);
  json::json_type type{};
  if (const auto error = value.type().get(type)) {
    return Invalid(JsonProblem(error));
  }
  if (type != json::json_type::null) return ReadTime(value, target->mutable_timestamp_value());
  return SetJsonValue(value, target);
}

absl::Status JsonLinesSource::ReadObject(v1::CustomerUpdate* update, std::string* column) {
  json::document document;
  json::object object;
  if (const auto error = Parse(&document)) {
    return Invalid(JsonProblem(error));
  }
  if (const auto error = document.get_object().get(object)) {
    return Invalid(JsonProblem(error));
  }
  for (auto member : object) {
    json::field field;
    std::string_view key;
    column->clear();
    if (const auto error = std::move(member).get(field)) {
      return Invalid(JsonProblem(error));
    }
    if (const auto error = field.unescaped_key().get(key)) {
      return Invalid(JsonProblem(error));
    }
    column->assign(key);
    PEAKSYNC_CLIENT_RETURN_IF_ERROR(ReadMember(key, field.value(), update));
  }
  column->clear();
  line_is_json_ = IsAtEnd(document);
  if (!line_is_json_) return Invalid("not valid JSON: text follows the object");
  if (update->customer().identifier_case() == v1::Customer::IDENTIFIER_NOT_SET) {
    *column = options_.id_column;
    return Invalid("the row has no identifier");
  }
  if (!options_.updated_at_column.empty() && options_.use_updated_at && !update->has_updated_at()) {
    *column = options_.updated_at_column;
    return Invalid("the row has no time");
  }
  return absl::OkStatus();
}

absl::StatusOr<RowSource::Row> JsonLinesSource::Next(v1::CustomerUpdate* update, RowInfo* info) {
  PEAKSYNC_CLIENT_ASSIGN_OR_RETURN(const bool found, NextLine(*reader_));
  if (!found) return Row::kEnd;
  info->line = reader_->number();
  update->Clear();
  line_is_json_ = false;
  const absl::Status status = ReadObject(update, &info->column);
  if (!status.ok()) {
    info->reason = std::string(MessageOf(status));
    return Row::kInvalid;
  }
  return update->attributes_size() == 0 ? Row::kEmpty : Row::kUpdate;
}

// As a JSON string. Bytes that are not UTF-8 become the characters of the same number.
std::string Quoted(std::string_view text) {
  const bool is_utf8 = IsUtf8(text);
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += {'\\', c};
    } else if (byte < 0x20 || (byte >= 0x80 && !is_utf8)) {
      Append(&out, "\\u", absl::Hex(byte, absl::kZeroPad4));
    } else {
      out += c;
    }
  }
  return out + "\"";
}

// The line under "row", or as a string under "row_text" where it is no JSON.
std::string JsonLinesSource::RowText() const {
  std::string_view row = line_;
  while (!row.empty() && (row.back() == '\r' || row.back() == ' ')) row.remove_suffix(1);
  simdjson::dom::parser parser;
  const bool is_json =
      line_is_json_ || parser.parse(row.data(), row.size()).error() == simdjson::SUCCESS;
  return is_json ? Cat("\"row\":", row) : Cat("\"row_text\":", Quoted(row));
}

std::string JsonLinesSource::RejectsLine(const RowInfo& info, std::string_view row_text) const {
  return Cat("{\"peaksync_line\":", info.line, ",\"peaksync_column\":", Quoted(info.column),
             ",\"peaksync_reason\":", Quoted(info.reason), ",", row_text, "}");
}

std::string JsonLinesSource::RejectionLine(const v1::Rejection& rejection) const {
  const v1::Attribute& attribute = rejection.attribute();
  std::string row =
      Cat("{", Quoted(options_.id_column), ":", Quoted(IdentifierOf(rejection.customer())));
  if (!options_.updated_at_column.empty() && rejection.has_updated_at()) {
    const google::protobuf::Timestamp& time = rejection.updated_at();
    Append(&row, ",", Quoted(options_.updated_at_column), ":\"",
           FormatTime({time.seconds(), time.nanos()}), "\"");
  }
  if (attribute.has_value() && filter_.Takes(attribute.name())) {
    Append(&row, ",", Quoted(attribute.name()), ":", JsonText(attribute.value()));
  }
  return RejectsLine({0, attribute.name(), Cat("Braze: ", rejection.reason())},
                     Cat("\"row\":", row, "}"));
}

}  // namespace

absl::StatusOr<std::unique_ptr<RowSource>> OpenJsonLines(ByteSource& bytes, std::string name,
                                                         RowOptions options) {
  auto source = std::make_unique<JsonLinesSource>(bytes, std::move(name), std::move(options));
  PEAKSYNC_CLIENT_RETURN_IF_ERROR(source->Open());
  return source;
}

}  // namespace peaksync::client

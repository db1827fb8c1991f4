#include "client/rejection_export.h"

#include <algorithm>
#include <array>
#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/str_replace.h"
#include "client/csv_reader.h"
#include "client/customer_text.h"
#include "client/text.h"
#include "client/time_text.h"
#include "client/value_json.h"

namespace peaksync::client {
namespace {

constexpr std::array<std::string_view, 11> kColumns = {
    "customer", "id_kind", "attribute", "value",    "updated_at", "reason",
    "kind",     "source",  "run",       "attempts", "reject_time"};
constexpr std::size_t kValueColumn = 3;
// Names of members that are no attributes.
constexpr std::string_view kIdMember = "peaksync_id";
constexpr std::string_view kTimeMember = "peaksync_updated_at";
constexpr std::string_view kMoreMember = "peaksync";

std::string TimeOf(bool present, const google::protobuf::Timestamp& time) {
  return present ? FormatTime({time.seconds(), time.nanos()}) : "";
}

bool IsColumn(std::string_view name) {
  return std::find(kColumns.begin(), kColumns.end(), name) != kColumns.end();
}

bool IsMember(std::string_view name) {
  return name == kIdMember || name == kTimeMember || name == kMoreMember;
}

std::string CsvHeader(const std::string& value_column) {
  std::string line;
  for (std::size_t i = 0; i < kColumns.size(); ++i) {
    if (i > 0) line += ',';
    AppendCsvField(i == kValueColumn ? std::string_view(value_column) : kColumns[i], &line);
  }
  return line;
}

std::string CsvLine(const v1::Rejection& rejection, const std::string& source) {
  const v1::Attribute& attribute = rejection.attribute();
  const std::array<std::string, kColumns.size()> cells = {
      IdentifierOf(rejection.customer()),
      IdKindText(rejection.customer()),
      attribute.name(),
      attribute.has_value() ? CellText(attribute.value()) : "",
      TimeOf(rejection.has_updated_at(), rejection.updated_at()),
      rejection.reason(),
      KindText(rejection.kind()),
      source,
      rejection.run_id(),
      Cat(rejection.attempts()),
      TimeOf(rejection.has_reject_time(), rejection.reject_time())};
  std::string line;
  for (const std::string& cell : cells) {
    if (&cell != &cells.front()) line += ',';
    AppendCsvField(cell, &line);
  }
  return line;
}

// What `peaksync.rejections` says of one value.
std::string MoreText(const v1::Rejection& rejection) {
  return Cat("{\"attribute\":", JsonString(rejection.attribute().name()),
             ",\"value_kept\":", rejection.attribute().has_value() ? "true" : "false",
             ",\"reason\":", JsonString(rejection.reason()), ",\"kind\":\"",
             KindText(rejection.kind()), "\",\"run\":", JsonString(rejection.run_id()),
             ",\"attempts\":", rejection.attempts(), ",\"reject_time\":",
             JsonString(TimeOf(rejection.has_reject_time(), rejection.reject_time())), "}");
}

// For a shell.
std::string Word(const std::string& text) {
  const bool is_plain = std::all_of(text.begin(), text.end(), [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
           std::string_view("._-/:@+,").find(c) != std::string_view::npos;
  });
  return is_plain ? text : Cat("'", absl::StrReplaceAll(text, {{"'", "'\\''"}}), "'");
}

}  // namespace

struct RejectionWriter::Impl {
  Impl(FileFormat the_format, std::ostream& the_out) : format(the_format), out(the_out) {}

  // A line of JSON that still grows.
  struct Row {
    v1::Rejection first;
    std::string source;
    std::vector<std::string> attributes;
    std::string values;  // `"a":1,"b":2`
    std::string more;
  };

  bool Belongs(const v1::Rejection& next, const std::string& source) const {
    if (!row || row->source != source) return false;
    const auto& names = row->attributes;
    return std::find(names.begin(), names.end(), next.attribute().name()) == names.end() &&
           row->first.updated_at().seconds() == next.updated_at().seconds() &&
           row->first.updated_at().nanos() == next.updated_at().nanos() &&
           IdKindText(row->first.customer()) == IdKindText(next.customer()) &&
           IdentifierOf(row->first.customer()) == IdentifierOf(next.customer());
  }

  void AddToRow(const v1::Rejection& rejection) {
    const v1::Attribute& attribute = rejection.attribute();
    row->attributes.push_back(attribute.name());
    if (attribute.has_value() && !IsMember(attribute.name())) {
      Append(&row->values, ",", JsonString(attribute.name()), ":", JsonText(attribute.value()));
    }
    Append(&row->more, row->more.empty() ? "" : ",", MoreText(rejection));
  }

  void WriteRow() {
    if (!row) return;
    ++rows;
    const v1::Rejection& first = row->first;
    out << "{\"" << kIdMember << "\":" << JsonString(IdentifierOf(first.customer()));
    if (first.has_updated_at()) {
      out << ",\"" << kTimeMember << "\":" << JsonString(TimeOf(true, first.updated_at()));
    }
    out << row->values << ",\"" << kMoreMember
        << "\":{\"id_kind\":" << JsonString(IdKindText(first.customer()))
        << ",\"source\":" << JsonString(row->source) << ",\"rejections\":[" << row->more << "]}}\n";
    row.reset();
  }

  const FileFormat format;
  std::ostream& out;
  std::int64_t rejections = 0;
  std::int64_t rows = 0;
  std::vector<PushTarget> targets;
  std::optional<Row> row;
};

RejectionWriter::RejectionWriter(FileFormat format, const std::string& value_column,
                                 std::ostream& out)
    : impl_(std::make_unique<Impl>(format, out)) {
  if (format != FileFormat::kCsv) return;
  const bool is_usable = !value_column.empty() && !IsColumn(value_column);
  out << CsvHeader(is_usable ? value_column : std::string(kColumns[kValueColumn])) << '\n';
}

RejectionWriter::~RejectionWriter() = default;

void RejectionWriter::Add(const v1::Rejection& rejection, const std::string& source) {
  ++impl_->rejections;
  const PushTarget target{source, IdKindText(rejection.customer())};
  auto& targets = impl_->targets;
  if (std::find(targets.begin(), targets.end(), target) == targets.end()) targets.push_back(target);
  if (impl_->format == FileFormat::kCsv) {
    ++impl_->rows;
    impl_->out << CsvLine(rejection, source) << '\n';
    return;
  }
  if (!impl_->Belongs(rejection, source)) {
    impl_->WriteRow();
    impl_->row = Impl::Row{rejection, source, {}, "", ""};
  }
  impl_->AddToRow(rejection);
}

void RejectionWriter::Finish() { impl_->WriteRow(); }

std::int64_t RejectionWriter::rejections() const { return impl_->rejections; }
std::int64_t RejectionWriter::rows() const { return impl_->rows; }
const std::vector<PushTarget>& RejectionWriter::targets() const { return impl_->targets; }

std::string PushCommand(const std::string& file, FileFormat format, const std::string& attribute,
                        const PushTarget& target) {
  const bool is_csv = format == FileFormat::kCsv;
  if (is_csv && (attribute.empty() || IsColumn(attribute))) return "";
  std::string command = Cat("peaksync push ", Word(file), " --format ", is_csv ? "csv" : "jsonl",
                            " --source ", target.source.empty() ? "SOURCE" : target.source,
                            " --id-column ", is_csv ? kColumns[0] : kIdMember);
  if (target.id_kind != "external_id") Append(&command, " --id-kind ", Word(target.id_kind));
  Append(&command, " --updated-at-column ", is_csv ? std::string_view("updated_at") : kTimeMember);
  Append(&command, is_csv ? " --columns " : " --exclude ",
         is_csv ? Word(attribute) : std::string(kMoreMember));
  return command;
}

}  // namespace peaksync::client

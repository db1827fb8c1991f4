#include <gmock/gmock.h>
#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "client/limits.h"
#include "client/row_source.h"
#include "tests/unit/client/rejection_samples.h"

namespace peaksync::client {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using Row = RowSource::Row;

struct Read {
  absl::Status status;  // Of opening, or of the row that ended it.
  std::vector<v1::CustomerUpdate> updates;
  std::vector<RowInfo> invalid;
  int empty = 0;
  std::vector<std::string> notes;
  std::string last_rejects_line;
};

RowOptions Options() {
  RowOptions options;
  options.id_column = "id";
  return options;
}

Read ReadCsv(const std::string& text, RowOptions options = Options()) {
  Read read;
  StringSource bytes(text, 1000);
  auto source = OpenCsv(bytes, "f.csv", std::move(options));
  read.status = source.status();
  if (!source.ok()) return read;
  read.notes = (*source)->notes();
  v1::CustomerUpdate update;
  RowInfo info;
  for (;;) {
    const auto row = (*source)->Next(&update, &info);
    read.status = row.status();
    if (!row.ok() || *row == Row::kEnd) return read;
    if (*row == Row::kUpdate) read.updates.push_back(update);
    if (*row == Row::kEmpty) ++read.empty;
    if (*row != Row::kInvalid) continue;
    read.invalid.push_back(info);
    read.last_rejects_line = (*source)->RejectsLine(info, (*source)->RowText());
  }
}

const v1::Value& ValueOf(const v1::CustomerUpdate& update, const std::string& name) {
  for (const v1::Attribute& attribute : update.attributes()) {
    if (attribute.name() == name) return attribute.value();
  }
  ADD_FAILURE() << "no attribute " << name;
  return v1::Value::default_instance();
}

std::string Error(const Read& read) { return std::string(read.status.message()); }

TEST(CsvSourceTest, MakesTypedUpdatesOfRows) {
  RowOptions options = Options();
  options.updated_at_column = "at";
  const Read read = ReadCsv(
      "id,p,n,s,b,zip,at\n7,0.25,3,high,True,01234,2026-09-07T02:00:00Z\n"
      "8,1,-4,low,false,99999,2026-09-07T02:00:00.5+01:00\n",
      options);
  ASSERT_EQ(read.updates.size(), 2U);
  const v1::CustomerUpdate& update = read.updates[0];
  EXPECT_EQ(update.customer().external_id(), "7");
  EXPECT_EQ(update.attributes_size(), 5);
  EXPECT_EQ(ValueOf(update, "p").double_value(), 0.25);
  EXPECT_EQ(ValueOf(update, "n").int64_value(), 3);
  EXPECT_EQ(ValueOf(update, "s").string_value(), "high");
  EXPECT_TRUE(ValueOf(update, "b").bool_value());
  EXPECT_EQ(ValueOf(update, "zip").string_value(), "01234");
  EXPECT_EQ(update.updated_at().seconds(), 1788746400);
  EXPECT_EQ(ValueOf(read.updates[1], "p").kind_case(), v1::Value::kDoubleValue);
  EXPECT_EQ(read.updates[1].updated_at().nanos(), 500000000);
}

TEST(CsvSourceTest, NamesCustomersByEachKindOfIdentifier) {
  const std::string text = "id,a\nX,1\n";
  RowOptions options = Options();
  options.id_kind = IdKind::kBrazeId;
  EXPECT_EQ(ReadCsv(text, options).updates.at(0).customer().braze_id(), "X");
  options.id_kind = IdKind::kEmail;
  EXPECT_EQ(ReadCsv(text, options).updates.at(0).customer().email(), "X");
  options.id_kind = IdKind::kPhone;
  EXPECT_EQ(ReadCsv(text, options).updates.at(0).customer().phone(), "X");
  options.id_kind = IdKind::kUserAlias;
  options.alias_label = "crm";
  const Read read = ReadCsv(text, options);
  EXPECT_EQ(read.updates.at(0).customer().user_alias().alias_name(), "X");
  EXPECT_EQ(read.updates.at(0).customer().user_alias().alias_label(), "crm");
}

TEST(CsvSourceTest, AnEmptyCellLeavesTheAttributeAlone) {
  const Read read = ReadCsv("id,a,b\n1,,x\n2,,\n");
  ASSERT_EQ(read.updates.size(), 1U);
  EXPECT_EQ(read.updates[0].attributes_size(), 1);
  EXPECT_EQ(read.empty, 1);
}

TEST(CsvSourceTest, TheNullTextUnsetsAndSaysNothingOfTheType) {
  RowOptions options = Options();
  options.null_value = "NULL";
  const Read read = ReadCsv("id,a\n1,NULL\n2,5\nNULL,6\n", options);
  ASSERT_EQ(read.updates.size(), 2U);
  EXPECT_EQ(ValueOf(read.updates[0], "a").kind_case(), v1::Value::kNullValue);
  EXPECT_EQ(ValueOf(read.updates[1], "a").int64_value(), 5);
  ASSERT_EQ(read.invalid.size(), 1U);
  EXPECT_EQ(read.invalid[0].line, 4);
}

TEST(CsvSourceTest, AnEmptyNullTextUnsetsEmptyCells) {
  RowOptions options = Options();
  options.null_value = "";
  const Read read = ReadCsv("id,a\n1,\n", options);
  ASSERT_EQ(read.updates.size(), 1U);
  EXPECT_EQ(ValueOf(read.updates[0], "a").kind_case(), v1::Value::kNullValue);
}

TEST(CsvSourceTest, ColumnsAndExcludeChooseAttributes) {
  RowOptions only = Options();
  only.columns = {"b"};
  EXPECT_EQ(ReadCsv("id,a,b\n1,2,3\n", only).updates.at(0).attributes(0).name(), "b");
  RowOptions all_but = Options();
  all_but.exclude = {"b"};
  const Read read = ReadCsv("id,a,b\n1,2,3\n", all_but);
  ASSERT_EQ(read.updates.at(0).attributes_size(), 1);
  EXPECT_EQ(read.updates[0].attributes(0).name(), "a");
}

TEST(CsvSourceTest, AnUnusedTimeColumnIsStillNoAttribute) {
  RowOptions options = Options();
  options.updated_at_column = "at";
  options.use_updated_at = false;
  const Read read = ReadCsv("id,a,at\n1,2,whenever\n", options);
  ASSERT_EQ(read.updates.size(), 1U);
  EXPECT_FALSE(read.updates[0].has_updated_at());
  EXPECT_EQ(read.updates[0].attributes_size(), 1);
}

TEST(CsvSourceTest, ACellThatDoesNotFitMakesOnlyItsRowInvalid) {
  std::string text = "id,n,p,b\n";
  for (std::int64_t i = 0; i < limits::kHeadRowsMax; ++i) text += "1,2,0.5,true\n";
  text += "1,x,0.5,true\n1,2,NaN,true\n1,2,0.5,yes\n1,2.5,0.5,true\n1,007,0.5,true\n";
  text += "1,2,9007199254740993,true\n1,2,3,False\n";
  const Read read = ReadCsv(text);
  EXPECT_TRUE(read.status.ok());
  ASSERT_EQ(read.invalid.size(), 6U);
  EXPECT_EQ(read.invalid[0].line, limits::kHeadRowsMax + 2);
  EXPECT_EQ(read.invalid[0].column, "n");
  EXPECT_THAT(read.invalid[0].reason, AllOf(HasSubstr("integer"), HasSubstr("--types")));
  EXPECT_EQ(read.invalid[1].column, "p");
  EXPECT_THAT(read.invalid[1].reason, HasSubstr("NaN"));
  EXPECT_EQ(read.invalid[2].column, "b");
  EXPECT_THAT(read.invalid[4].reason, HasSubstr("leading zeros"));
  EXPECT_THAT(read.invalid[5].reason, HasSubstr("more digits"));
  EXPECT_EQ(read.updates.size(), static_cast<std::size_t>(limits::kHeadRowsMax) + 1);
}

TEST(CsvSourceTest, NanIsNeverSent) {
  const Read read = ReadCsv("id,p\n1,0.5\n2,nan\n3,-inf\n4,1e999\n");
  EXPECT_EQ(read.updates.size(), 1U);
  EXPECT_EQ(read.invalid.size(), 3U);
}

TEST(CsvSourceTest, TypesOverruleInference) {
  RowOptions options = Options();
  options.types = {{"zip", ColumnType::kInteger},
                   {"n", ColumnType::kString},
                   {"when", ColumnType::kTimestamp},
                   {"tags", ColumnType::kJson}};
  const Read read = ReadCsv(
      "id,zip,n,when,tags\n1,007,12,2026-09-07T02:00:00Z,\"[\"\"a\"\",1,2.0]\"\n"
      "2,8,13,2026-09-07T02:00:00,null\n3,8,13,,null\n4,8,13,,\"{\"\"a\"\":\"\n5,8,13,,1 2\n",
      options);
  ASSERT_EQ(read.updates.size(), 2U);
  EXPECT_EQ(ValueOf(read.updates[0], "zip").int64_value(), 7);
  EXPECT_EQ(ValueOf(read.updates[0], "n").string_value(), "12");
  EXPECT_EQ(ValueOf(read.updates[0], "when").timestamp_value().seconds(), 1788746400);
  EXPECT_EQ(ValueOf(read.updates[0], "tags").list_value().values(1).int64_value(), 1);
  EXPECT_EQ(ValueOf(read.updates[0], "tags").list_value().values(2).double_value(), 2.0);
  EXPECT_EQ(ValueOf(read.updates[1], "tags").kind_case(), v1::Value::kNullValue);
  ASSERT_EQ(read.invalid.size(), 3U);
  EXPECT_THAT(read.invalid[0].reason, HasSubstr("no zone"));
  EXPECT_EQ(read.invalid[1].column, "tags");
}

TEST(CsvSourceTest, IdentifiersThatBecameFloatsAreAnErrorBeforeAnythingIsSent) {
  const Read read = ReadCsv("id,a\n1234.0,1\n1235.0,2\n");
  EXPECT_EQ(read.status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(Error(read), AllOf(HasSubstr("f.csv: line 2"), HasSubstr("pandas")));
  RowOptions options = Options();
  options.types = {{"id", ColumnType::kString}};
  EXPECT_EQ(ReadCsv("id,a\n1234.0,1\n", options).updates.size(), 1U);
}

TEST(CsvSourceTest, ALateFloatIdentifierIsAnInvalidRow) {
  std::string text = "id,a\n";
  for (std::int64_t i = 0; i < limits::kHeadRowsMax; ++i) text += "1,1\n";
  const Read read = ReadCsv(text + "1234.0,1\nnan,1\nok-7,1\n");
  EXPECT_EQ(read.invalid.size(), 2U);
}

TEST(CsvSourceTest, IdentifiersKeepTheirText) {
  const Read read = ReadCsv("id,a\n00123,1\n99999999999999999999,2\n");
  ASSERT_EQ(read.updates.size(), 2U) << Error(read);
  EXPECT_EQ(read.updates[0].customer().external_id(), "00123");
}

TEST(CsvSourceTest, AnEmptyIdentifierIsAnInvalidRow) {
  const Read read = ReadCsv("id,a\n,1\n2,2\n");
  ASSERT_EQ(read.invalid.size(), 1U);
  EXPECT_EQ(read.invalid[0].line, 2);
  EXPECT_EQ(read.invalid[0].column, "id");
  EXPECT_EQ(read.updates.size(), 1U);
}

TEST(CsvSourceTest, IntegersBeyond64BitsNeedAType) {
  const Read read = ReadCsv("id,a\n1,99999999999999999999\n");
  EXPECT_THAT(Error(read), AllOf(HasSubstr("line 2"), HasSubstr("--types a=string")));
}

TEST(CsvSourceTest, ATimeWithoutZoneIsAnInvalidRow) {
  RowOptions options = Options();
  options.updated_at_column = "at";
  const Read read = ReadCsv("id,a,at\n1,2,2026-09-07 02:00:00\n1,2,\n", options);
  ASSERT_EQ(read.invalid.size(), 2U);
  EXPECT_EQ(read.invalid[0].column, "at");
  EXPECT_THAT(read.invalid[0].reason, HasSubstr("no zone"));
}

TEST(CsvSourceTest, NotUtf8IsAnInvalidRowWithItsColumn) {
  const Read read = ReadCsv("id,a,b\n1,\"x\"\"\xC3\xA9\",\xFF\n2,\"x\"\"\xC3\xA9\",y\n");
  ASSERT_EQ(read.invalid.size(), 1U);
  EXPECT_EQ(read.invalid[0].line, 2);
  EXPECT_EQ(read.invalid[0].column, "b");
  ASSERT_EQ(read.updates.size(), 1U);
  EXPECT_EQ(ValueOf(read.updates[0], "a").string_value(), "x\"\xC3\xA9");
}

TEST(CsvSourceTest, ARaggedRowEndsTheFileWithItsLine) {
  EXPECT_THAT(Error(ReadCsv("id,a\n1,2\n1,2,3\n")), HasSubstr("f.csv: line 3: 3 fields"));
  EXPECT_THAT(Error(ReadCsv("id,a\n1,2\n1\n")), HasSubstr("line 3: 1 fields"));
}

TEST(CsvSourceTest, RefusesHeadersThatCantBeUsed) {
  EXPECT_THAT(Error(ReadCsv("id,a,a\n1,2,3\n")), HasSubstr("'a' is there twice"));
  EXPECT_THAT(Error(ReadCsv("")), HasSubstr("empty"));
  EXPECT_THAT(Error(ReadCsv("key,a\n1,2\n")), AllOf(HasSubstr("'id'"), HasSubstr("key, a")));
  EXPECT_THAT(Error(ReadCsv("id;a\n1;2\n")), HasSubstr("than a comma"));
  EXPECT_THAT(Error(ReadCsv("id\n1\n")), HasSubstr("no column is left"));
  EXPECT_THAT(Error(ReadCsv("id,\xFF\n1,2\n")), HasSubstr("not UTF-8"));
}

TEST(CsvSourceTest, LeavesANamelessColumnOutAndSaysSo) {
  const Read read = ReadCsv(",id,a\n0,1,2\n");
  ASSERT_EQ(read.notes.size(), 1U);
  EXPECT_EQ(read.updates.at(0).attributes_size(), 1);
}

TEST(CsvSourceTest, MoreAttributesThanAnUpdateTakesIsAnError) {
  std::string header = "id";
  for (int i = 0; i <= limits::kUpdateAttributesMax; ++i) header += ",c" + std::to_string(i);
  EXPECT_THAT(Error(ReadCsv(header + "\n")), HasSubstr("251 columns"));
}

TEST(CsvSourceTest, ARejectionIsARowOfItsValueAlone) {
  StringSource bytes("a,id,b\n1,c1,2\n");
  RowOptions options;
  options.id_column = "id";
  options.null_value = "NULL";
  const auto source = OpenCsv(bytes, "f", options);
  ASSERT_TRUE(source.ok()) << source.status();
  v1::Rejection rejection = SampleRejection("c,1", "b", "x");
  EXPECT_EQ((*source)->RejectionLine(rejection), "0,b,Braze: the type is wrong,,\"c,1\",x");
  rejection.mutable_attribute()->mutable_value()->set_null_value(google::protobuf::NULL_VALUE);
  EXPECT_EQ((*source)->RejectionLine(rejection), "0,b,Braze: the type is wrong,,\"c,1\",NULL");
  rejection.mutable_attribute()->set_name("renamed");
  EXPECT_EQ((*source)->RejectionLine(rejection), "0,renamed,Braze: the type is wrong,,\"c,1\",");
}

TEST(CsvSourceTest, RejectsLinesHoldTheWholeRow) {
  const Read read = ReadCsv("id,a,b\n,\"x,y\",2\n");
  EXPECT_EQ(read.last_rejects_line, "2,id,the identifier is empty,,\"x,y\",2");
}

}  // namespace
}  // namespace peaksync::client

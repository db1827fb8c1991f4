#include <gmock/gmock.h>
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
  absl::Status status;
  std::vector<v1::CustomerUpdate> updates;
  std::vector<RowInfo> invalid;
  std::vector<std::string> rejects;
};

RowOptions Options() {
  RowOptions options;
  options.id_column = "id";
  return options;
}

Read ReadJson(const std::string& text, RowOptions options = Options()) {
  Read read;
  StringSource bytes(text, 7);
  auto source = OpenJsonLines(bytes, "f.jsonl", std::move(options));
  read.status = source.status();
  if (!source.ok()) return read;
  v1::CustomerUpdate update;
  RowInfo info;
  for (;;) {
    const auto row = (*source)->Next(&update, &info);
    read.status = row.status();
    if (!row.ok() || *row == Row::kEnd) return read;
    if (*row == Row::kUpdate) read.updates.push_back(update);
    if (*row != Row::kInvalid) continue;
    read.invalid.push_back(info);
    read.rejects.push_back((*source)->RejectsLine(info, (*source)->RowText()));
  }
}

// The value of attribute `a` on a line of its own.
v1::Value Value(const std::string& json) {
  const Read read = ReadJson("{\"id\":\"1\",\"a\":" + json + "}\n");
  if (read.updates.size() != 1) return v1::Value();
  return read.updates[0].attributes(0).value();
}

std::string Reason(const std::string& json) {
  const Read read = ReadJson("{\"id\":\"1\"}\n{\"id\":\"1\",\"a\":" + json + "}\n");
  if (read.invalid.size() != 1) return "";
  EXPECT_EQ(read.invalid[0].line, 2);
  EXPECT_EQ(read.invalid[0].column, "a");
  return read.invalid[0].reason;
}

std::string Nested(int levels) {
  std::string text = "1";
  for (int i = 0; i < levels; ++i) text = i % 2 == 0 ? "[" + text + "]" : "{\"k\":" + text + "}";
  return text;
}

TEST(JsonLinesSourceTest, NumbersAreExact) {
  EXPECT_EQ(Value("9007199254740993").int64_value(), 9007199254740993);
  EXPECT_EQ(Value("-9223372036854775808").int64_value(), INT64_MIN);
  EXPECT_EQ(Value("14").kind_case(), v1::Value::kInt64Value);
  EXPECT_EQ(Value("14.0").kind_case(), v1::Value::kDoubleValue);
  EXPECT_EQ(Value("0.1").double_value(), 0.1);
  EXPECT_EQ(Value("5e-324").double_value(), 5e-324);
}

TEST(JsonLinesSourceTest, NumbersThatDontFitMakeTheRowInvalid) {
  EXPECT_THAT(Reason("9223372036854775808"), HasSubstr("64 bits"));
  EXPECT_THAT(Reason("99999999999999999999999"), HasSubstr("64-bit"));
  EXPECT_THAT(Reason("1e999"), HasSubstr("finite"));
  EXPECT_NE(Reason("NaN"), "");
}

TEST(JsonLinesSourceTest, KeepsTypesApart) {
  EXPECT_EQ(Value("null").kind_case(), v1::Value::kNullValue);
  EXPECT_EQ(Value("false").kind_case(), v1::Value::kBoolValue);
  EXPECT_EQ(Value("\"1\"").string_value(), "1");
  EXPECT_EQ(Value("\"\"").kind_case(), v1::Value::kStringValue);
  EXPECT_EQ(Value("\"\\u00e9\\n\"").string_value(), "\xC3\xA9\n");
  EXPECT_EQ(Value("[]").kind_case(), v1::Value::kListValue);
  EXPECT_EQ(Value("{}").kind_case(), v1::Value::kObjectValue);
}

TEST(JsonLinesSourceTest, ReadsNestedListsAndObjects) {
  const v1::Value value = Value("{\"a\":[1,{\"b\":\"c\"},true],\"d\":2.5}");
  ASSERT_EQ(value.object_value().fields_size(), 2);
  EXPECT_EQ(value.object_value().fields(0).key(), "a");
  EXPECT_EQ(value.object_value()
                .fields(0)
                .value()
                .list_value()
                .values(1)
                .object_value()
                .fields(0)
                .value()
                .string_value(),
            "c");
  EXPECT_EQ(value.object_value().fields(1).value().double_value(), 2.5);
}

TEST(JsonLinesSourceTest, NestingEndsAtItsLimit) {
  EXPECT_NE(Value(Nested(limits::kValueDepthMax)).kind_case(), v1::Value::KIND_NOT_SET);
  EXPECT_THAT(Reason(Nested(limits::kValueDepthMax + 1)), HasSubstr("deeper than 32"));
}

TEST(JsonLinesSourceTest, TheDeepestValueSurvivesTheWire) {
  std::string objects = "1";
  for (int i = 0; i < limits::kValueDepthMax; ++i) objects = "{\"k\":" + objects + "}";
  v1::CustomerUpdate update;
  update.add_attributes()->mutable_value()->CopyFrom(Value(objects));
  v1::CustomerUpdate parsed;
  EXPECT_TRUE(parsed.ParseFromString(update.SerializeAsString()));
}

TEST(JsonLinesSourceTest, IdentifiersAreStringsOrIntegers) {
  const Read read = ReadJson(
      "{\"id\":\"x\",\"a\":1}\n{\"id\":12,\"a\":1}\n{\"id\":null,\"a\":1}\n{\"id\":\"\",\"a\":1}\n"
      "{\"a\":1}\n{\"id\":true,\"a\":1}\n{\"id\":\"x\",\"id\":\"y\",\"a\":1}\n");
  ASSERT_EQ(read.updates.size(), 2U);
  EXPECT_EQ(read.updates[1].customer().external_id(), "12");
  ASSERT_EQ(read.invalid.size(), 5U);
  for (const RowInfo& row : read.invalid) EXPECT_EQ(row.column, "id") << row.reason;
}

TEST(JsonLinesSourceTest, AFloatIdentifierIsAnErrorBeforeAnythingIsSent) {
  const Read read = ReadJson("{\"id\":1,\"a\":1}\n{\"a\":1,\"id\":1234.0}\n");
  EXPECT_THAT(std::string(read.status.message()),
              AllOf(HasSubstr("f.jsonl: line 2"), HasSubstr("pandas")));
  EXPECT_TRUE(read.updates.empty());
}

TEST(JsonLinesSourceTest, ReadsTimesAndTimestamps) {
  RowOptions options = Options();
  options.updated_at_column = "at";
  options.types = {{"t", ColumnType::kTimestamp}};
  const Read read = ReadJson(
      "{\"id\":\"1\",\"at\":\"2026-09-07T02:00:00Z\",\"t\":\"2026-09-07T02:00:01Z\"}\n"
      "{\"id\":\"1\",\"at\":\"2026-09-07T02:00:00Z\",\"t\":null}\n"
      "{\"id\":\"1\",\"at\":1788746400,\"t\":null}\n{\"id\":\"1\",\"t\":null}\n",
      options);
  ASSERT_EQ(read.updates.size(), 2U);
  EXPECT_EQ(read.updates[0].updated_at().seconds(), 1788746400);
  EXPECT_EQ(read.updates[0].attributes(0).value().timestamp_value().seconds(), 1788746401);
  EXPECT_EQ(read.updates[1].attributes(0).value().kind_case(), v1::Value::kNullValue);
  EXPECT_EQ(read.invalid.size(), 2U);
}

TEST(JsonLinesSourceTest, ALineThatIsNoObjectMakesOnlyItselfInvalid) {
  const Read read = ReadJson(
      "\xEF\xBB\xBF{\"id\":\"1\",\"a\":1}\r\n\n[1]\n{\"id\":\"2\",\"a\":\n{\"id\":\"3\",\"a\":1}}\n"
      "{\"id\":\"4\",\"a\":\"\xFF\"}\n{\"id\":\"5\",\"a\":1} {}\n{\"id\":\"6\",\"a\":1}");
  EXPECT_EQ(read.updates.size(), 2U);
  ASSERT_EQ(read.invalid.size(), 5U);
  EXPECT_EQ(read.invalid[0].line, 3);
  EXPECT_EQ(read.invalid[3].line, 6);
  EXPECT_THAT(read.invalid[3].reason, HasSubstr("UTF-8"));
}

TEST(JsonLinesSourceTest, AMemberThatIsNoValueMakesOnlyItsLineInvalid) {
  RowOptions options = Options();
  options.types["at"] = ColumnType::kTimestamp;
  const Read read =
      ReadJson("{\"id\": jd}\n{\"id\":\"1\",\"at\": now}\n{\"id\":\"2\",\"a\":1}\n", options);
  EXPECT_TRUE(read.status.ok()) << read.status;
  ASSERT_EQ(read.invalid.size(), 2U);
  EXPECT_EQ(read.invalid[0].column, "id");
  EXPECT_EQ(read.invalid[1].column, "at");
  EXPECT_EQ(read.updates.size(), 1U);
}

TEST(JsonLinesSourceTest, AFileOfAnotherShapeIsAnError) {
  EXPECT_THAT(std::string(ReadJson("[{\"id\":1}]\n").status.message()), HasSubstr("array"));
  EXPECT_THAT(std::string(ReadJson("{\n\"id\":1}\n").status.message()), HasSubstr("JSON Lines"));
}

TEST(JsonLinesSourceTest, RefusesFlagsOfCsv) {
  RowOptions options = Options();
  options.null_value = "x";
  EXPECT_FALSE(ReadJson("{}", options).status.ok());
  options = Options();
  options.types = {{"a", ColumnType::kInteger}};
  EXPECT_FALSE(ReadJson("{}", options).status.ok());
}

TEST(JsonLinesSourceTest, ARejectionIsARowOfItsValueAlone) {
  StringSource bytes("{\"id\":\"1\",\"at\":\"2026-09-07T02:00:00Z\",\"a\":1}\n");
  RowOptions options;
  options.id_column = "id";
  options.updated_at_column = "at";
  const auto source = OpenJsonLines(bytes, "f", options);
  ASSERT_TRUE(source.ok()) << source.status();
  EXPECT_EQ(
      (*source)->RejectionLine(SampleRejection("c\"1", "a", "x")),
      "{\"peaksync_line\":0,\"peaksync_column\":\"a\",\"peaksync_reason\":\"Braze: the type is "
      "wrong\",\"row\":{\"id\":\"c\\\"1\",\"at\":\"2026-09-07T02:00:00Z\",\"a\":\"x\"}}");
  // A renamed attribute: no member has its name.
  EXPECT_THAT((*source)->RejectionLine(SampleRejection("c1", "at", "x")),
              HasSubstr("\"row\":{\"id\":\"c1\",\"at\":\"2026-09-07T02:00:00Z\"}}"));
}

TEST(JsonLinesSourceTest, RejectsLinesAreJson) {
  const Read read = ReadJson("{\"id\":\"\",\"a\":1}\n{\"id\":\"1\",\"a\":\"\xFF\\\n");
  ASSERT_EQ(read.rejects.size(), 2U);
  EXPECT_EQ(
      read.rejects[0],
      "{\"peaksync_line\":1,\"peaksync_column\":\"id\",\"peaksync_reason\":\"the identifier is "
      "empty\",\"row\":{\"id\":\"\",\"a\":1}}");
  EXPECT_THAT(read.rejects[1],
              HasSubstr("\"row_text\":\"{\\\"id\\\":\\\"1\\\",\\\"a\\\":\\\"\\u00ff"));
}

}  // namespace
}  // namespace peaksync::client

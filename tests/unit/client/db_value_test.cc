#include "client/db_value.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/odbc_types.h"
#include "client/utf16.h"
#include "client/value_json.h"
#include "tests/support/status_matchers.h"

namespace peaksync::client {
namespace {

using ::peaksync::testing::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

absl::TimeZone London() {
  absl::TimeZone zone;
  EXPECT_TRUE(absl::LoadTimeZone("Europe/London", &zone));
  return zone;
}

// The value as JSON, or why there is none.
std::string Read(const DbCellRule& rule, std::string_view cell) {
  DbCellReader reader;
  v1::Value value;
  const absl::Status status = reader.Read(rule, cell, &value);
  return status.ok() ? JsonText(value) : std::string(status.message());
}

std::string TimeOf(std::string_view text, DbType type, std::optional<absl::TimeZone> zone) {
  const auto time = ReadDbTime(text, type, zone);
  return time.ok() ? FormatTime(*time) : std::string(time.status().message());
}

TEST(IsExactDouble, IsWhatReadsBackTheSame) {
  for (const char* text :
       {"0", "-0.00", "0.1", "1.50", "123456789012345", "9007199254740992", "-12345.6789", "1e300",
        "0.30000000000000004", "100000000000000000000"}) {
    EXPECT_TRUE(IsExactDouble(text)) << text;
  }
  for (const char* text : {"9007199254740993", "0.12345678901234567", "1.00000000000000001",
                           "12345678901234567890.5", "1e999", "NaN", "", "x"}) {
    EXPECT_FALSE(IsExactDouble(text)) << text;
  }
}

TEST(DbCellReader, KeepsIntegersOf64Bits) {
  EXPECT_EQ(Read({DbType::kInteger}, "9007199254740993"), "9007199254740993");
  EXPECT_EQ(Read({DbType::kInteger}, "-9223372036854775808"), "-9223372036854775808");
  EXPECT_EQ(Read({DbType::kDecimal, 0}, "9223372036854775807"), "9223372036854775807");
  EXPECT_THAT(Read({DbType::kDecimal, 0}, "9223372036854775808"),
              AllOf(HasSubstr("beyond 64 bits"), HasSubstr("give the column a type"),
                    Not(HasSubstr("9223372036854775808"))));
}

TEST(DbCellReader, MakesDoublesOfDecimalsOnlyWhenTheyAreExact) {
  EXPECT_EQ(Read({DbType::kDecimal, 4}, "0.1250"), "0.125");
  EXPECT_EQ(Read({DbType::kDecimal, -1}, "14"), "14.0");
  EXPECT_THAT(Read({DbType::kDecimal, 20}, "0.12345678901234567890"),
              HasSubstr("more digits than a double"));
  EXPECT_THAT(Read({DbType::kDecimal, -1}, "NaN"), HasSubstr("finite"));
  EXPECT_EQ(Read({DbType::kDecimal, 20, ColumnType::kDouble}, "0.12345678901234567890"),
            "0.12345678901234568");
  EXPECT_EQ(Read({DbType::kDecimal, 20, ColumnType::kString}, "0.12345678901234567890"),
            "\"0.12345678901234567890\"");
  EXPECT_EQ(Read({DbType::kDecimal, 2, ColumnType::kInteger}, "14.00"), "14");
  EXPECT_THAT(Read({DbType::kDecimal, 2, ColumnType::kInteger}, "14.50"), HasSubstr("fraction"));
}

TEST(DbCellReader, ReadsTheOtherTypes) {
  EXPECT_EQ(Read({DbType::kBool}, "t"), "true");
  EXPECT_EQ(Read({DbType::kBool}, "0"), "false");
  EXPECT_EQ(Read({DbType::kDouble}, "0.1"), "0.1");
  EXPECT_THAT(Read({DbType::kDouble}, "Infinity"), HasSubstr("finite"));
  EXPECT_EQ(Read({DbType::kText}, "01234"), "\"01234\"");
  EXPECT_THAT(Read({DbType::kText}, "\xff"), HasSubstr("UTF-8"));
  EXPECT_EQ(Read({DbType::kJson}, R"({"a":[1,2.5,null]})"), R"({"a":[1,2.5,null]})");
  EXPECT_EQ(Read({DbType::kText, -1, ColumnType::kJson}, "[1]"), "[1]");
  EXPECT_EQ(Read({DbType::kDate}, "2026-09-07"), "\"2026-09-07\"");
  EXPECT_THAT(Read({DbType::kOther}, "x"), HasSubstr("exclude"));
  EXPECT_EQ(Read({DbType::kMoment}, "2026-09-07 02:00:00.5+02"), "\"2026-09-07T00:00:00.5Z\"");
}

TEST(ReadDbTime, NeedsAZoneWhereThereIsNone) {
  EXPECT_EQ(TimeOf("2026-09-07 02:00:00.123456+00", DbType::kMoment, std::nullopt),
            "2026-09-07T02:00:00.123456Z");
  EXPECT_EQ(TimeOf("2026-09-07 02:00:00", DbType::kMoment, std::nullopt), "2026-09-07T02:00:00Z");
  EXPECT_THAT(TimeOf("2026-09-07 02:00:00", DbType::kTime, std::nullopt), HasSubstr("timezone"));
  EXPECT_EQ(TimeOf("2026-09-07 02:00:00.25", DbType::kTime, London()), "2026-09-07T01:00:00.25Z");
  EXPECT_EQ(TimeOf("2026-09-07", DbType::kDate, London()), "2026-09-06T23:00:00Z");
  EXPECT_THAT(TimeOf("infinity", DbType::kMoment, std::nullopt), HasSubstr("no time"));
}

TEST(ReadDbTime, KnowsHoursThatAreThereTwiceOrNotAtAll) {
  // On 2026-10-25 the clock shows 01:00 to 02:00 twice; on 2026-03-29 never.
  EXPECT_EQ(TimeOf("2026-10-25 01:30:00", DbType::kTime, London()), "2026-10-25T00:30:00Z");
  EXPECT_EQ(TimeOf("2026-10-25 02:00:00", DbType::kTime, London()), "2026-10-25T02:00:00Z");
  EXPECT_EQ(TimeOf("2026-03-29 01:30:00", DbType::kTime, London()), "2026-03-29T01:00:00Z");
}

TEST(OdbcTypes, AreKnownByNumberAndName) {
  constexpr int kNumeric = 2;
  constexpr int kVarchar = 12;
  constexpr int kTimestamp = 93;
  EXPECT_EQ(OdbcTypeOf(kNumeric, "number"), DbType::kDecimal);
  EXPECT_EQ(OdbcTypeOf(kVarchar, "text"), DbType::kText);
  EXPECT_EQ(OdbcTypeOf(kVarchar, "variant"), DbType::kJson);
  EXPECT_EQ(OdbcTypeOf(kVarchar, "bool"), DbType::kBool);
  EXPECT_EQ(OdbcTypeOf(kTimestamp, "timestampntz"), DbType::kTime);
  EXPECT_EQ(OdbcTypeOf(kTimestamp, "timestampltz"), DbType::kMoment);
  EXPECT_EQ(OdbcTypeOf(kTimestamp, "timestamptz"), DbType::kMoment);
  EXPECT_EQ(OdbcTypeOf(-2, "binary"), DbType::kOther);
  EXPECT_EQ(OdbcReadAs(SqlDialect::kSnowflake, kTimestamp, {"t", DbType::kMoment, "timestamptz"}),
            "TO_VARCHAR(CONVERT_TIMEZONE('UTC', %), 'YYYY-MM-DD\"T\"HH24:MI:SS.FF9')");
  EXPECT_EQ(OdbcReadAs(SqlDialect::kPostgresql, kVarchar, {"t", DbType::kText, "bpchar"}),
            "CAST(% AS text)");
}

TEST(Utf16, GoesBothWays) {
  const std::string text = "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80z";  // a é € 😀 z
  const std::u16string wide = ToUtf16(text);
  EXPECT_EQ(wide, u"a\u00e9\u20ac\U0001F600z");
  std::string back;
  AppendUtf8(wide, &back);
  EXPECT_EQ(back, text);
}

TEST(Utf16, ReplacesHalvesOfPairs) {
  std::string out;
  AppendUtf8(std::u16string{u'a', char16_t{0xD83D}, u'b', char16_t{0xDE00}}, &out);
  EXPECT_EQ(out,
            "a\xef\xbf\xbd"
            "b\xef\xbf\xbd");
}

}  // namespace
}  // namespace peaksync::client

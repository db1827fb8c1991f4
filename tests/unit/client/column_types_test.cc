#include "client/column_types.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace peaksync::client {
namespace {

using ::testing::HasSubstr;

TypeInference Infer(const std::vector<std::string>& cells) {
  TypeInference inference;
  std::int64_t line = 2;
  for (const std::string& cell : cells) inference.Add(cell, line++);
  return inference;
}

TEST(KindOfTest, TellsCellsApart) {
  EXPECT_EQ(KindOf(""), CellKind::kEmpty);
  for (const char* cell : {"true", "False", "TRUE"})
    EXPECT_EQ(KindOf(cell), CellKind::kBool) << cell;
  for (const char* cell : {"0", "-0", "7", "-12", "9223372036854775807", "-9223372036854775808"}) {
    EXPECT_EQ(KindOf(cell), CellKind::kInteger) << cell;
  }
  for (const char* cell : {"9223372036854775808", "-9223372036854775809"}) {
    EXPECT_EQ(KindOf(cell), CellKind::kBigInteger) << cell;
  }
  for (const char* cell : {"0.5", "-.5", "1.", "1e3", "1.5E-7", "-2.0"}) {
    EXPECT_EQ(KindOf(cell), CellKind::kDouble) << cell;
  }
  for (const char* cell : {"nan", "NaN", "inf", "-Infinity", "1e999"}) {
    EXPECT_EQ(KindOf(cell), CellKind::kNotFinite) << cell;
  }
  for (const char* cell : {"t", "f", "+5", "007", "-01", "00.5", "1,5", " 1", "1e", "e5", ".", "-",
                           "0x1F", "1.2.3", "12a", "1e5x"}) {
    EXPECT_EQ(KindOf(cell), CellKind::kString) << cell;
  }
}

TEST(TypeInferenceTest, FindsTheNarrowestType) {
  EXPECT_EQ(Infer({"True", "", "false"}).type(), ColumnType::kBool);
  EXPECT_EQ(Infer({"1", "", "-2"}).type(), ColumnType::kInteger);
  EXPECT_EQ(Infer({"1", "2.5"}).type(), ColumnType::kDouble);
  EXPECT_EQ(Infer({"1", "x"}).type(), ColumnType::kString);
  EXPECT_EQ(Infer({"true", "1"}).type(), ColumnType::kString);
}

TEST(TypeInferenceTest, LeadingZerosMakeAColumnStrings) {
  EXPECT_EQ(Infer({"1", "2", "007"}).type(), ColumnType::kString);
}

TEST(TypeInferenceTest, AColumnWithoutValuesIsAString) {
  EXPECT_EQ(Infer({"", ""}).type(), ColumnType::kString);
  EXPECT_EQ(Infer({}).type(), ColumnType::kString);
}

TEST(TypeInferenceTest, NanSaysNumberButNotMore) {
  EXPECT_EQ(Infer({"nan", "0.5"}).type(), ColumnType::kDouble);
  EXPECT_EQ(Infer({"nan", "5"}).type(), ColumnType::kInteger);
  EXPECT_EQ(Infer({"nan"}).type(), ColumnType::kDouble);
  EXPECT_EQ(Infer({"nan", "x"}).type(), ColumnType::kString);
}

TEST(TypeInferenceTest, NamesTheLineOfAnIntegerBeyond64Bits) {
  EXPECT_EQ(Infer({"1", "9223372036854775808"}).big_integer_line(), 3);
  EXPECT_EQ(Infer({"1", "9223372036854775808", "x"}).big_integer_line(), std::nullopt);
}

TEST(TypeInferenceTest, NamesTheLineOfAFloatAmongNumbers) {
  EXPECT_EQ(Infer({"1", "1234.0"}).float_line(), 3);
  EXPECT_EQ(Infer({"1234.0", "a-1"}).float_line(), std::nullopt);
  EXPECT_EQ(Infer({"1", "2"}).float_line(), std::nullopt);
}

TEST(ParseColumnTypesTest, ReadsNamesWithTypes) {
  const auto types = ParseColumnTypes({"zip=string", "a=b=number"});
  ASSERT_TRUE(types.ok());
  EXPECT_EQ(types->at("zip"), ColumnType::kString);
  EXPECT_EQ(types->at("a=b"), ColumnType::kDouble);
}

TEST(ParseColumnTypesTest, RefusesWhatItCantRead) {
  for (const char* entry : {"zip", "=string", "zip=text"}) {
    EXPECT_FALSE(ParseColumnTypes({entry}).ok()) << entry;
  }
  EXPECT_THAT(std::string(ParseColumnTypes({"zip=text"}).status().message()), HasSubstr("--types"));
  EXPECT_FALSE(ParseColumnTypes({"a=string", "a=bool"}).ok());
}

}  // namespace
}  // namespace peaksync::client

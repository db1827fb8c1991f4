#include "client/csv_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace peaksync::client {
namespace {

using Row = std::vector<std::string>;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

struct Outcome {
  std::vector<Row> rows;
  std::vector<std::int64_t> lines;
  absl::Status status;
};

// Read in pieces of `piece` bytes, so that every edge of a buffer is met.
Outcome ReadAll(const std::string& text, std::size_t piece, std::size_t row_bytes_max = 1 << 20) {
  StringSource source(text, piece);
  CsvReader reader(source, row_bytes_max);
  Outcome outcome;
  CsvRecord record;
  for (;;) {
    const absl::StatusOr<bool> found = reader.Next(&record);
    outcome.status = found.status();
    if (!found.ok() || !*found) return outcome;
    outcome.rows.emplace_back(record.fields.begin(), record.fields.end());
    outcome.lines.push_back(record.line);
  }
}

class CsvReaderTest : public ::testing::TestWithParam<std::size_t> {
 protected:
  Outcome Read(const std::string& text) { return ReadAll(text, GetParam()); }
};
INSTANTIATE_TEST_SUITE_P(Pieces, CsvReaderTest, ::testing::Values(1, 2, 3, 7, 1 << 20));

TEST_P(CsvReaderTest, SplitsRecordsAndFields) {
  EXPECT_THAT(Read("a,b\n1,2\n").rows, ElementsAre(Row{"a", "b"}, Row{"1", "2"}));
}

TEST_P(CsvReaderTest, TakesALastLineWithoutItsEnd) {
  EXPECT_THAT(Read("a,b\n1,").rows, ElementsAre(Row{"a", "b"}, Row{"1", ""}));
}

TEST_P(CsvReaderTest, TakesEveryKindOfLineEnd) {
  const Outcome outcome = Read("a\r\nb\nc\rd\r\n");
  EXPECT_THAT(outcome.rows, ElementsAre(Row{"a"}, Row{"b"}, Row{"c"}, Row{"d"}));
  EXPECT_THAT(outcome.lines, ElementsAre(1, 2, 3, 4));
}

TEST_P(CsvReaderTest, CountsALineEndOfTwoCharactersOnce) {
  EXPECT_THAT(Read("aaa\r\nbbb\r\nccc\r\n").lines, ElementsAre(1, 2, 3));
}

TEST_P(CsvReaderTest, SkipsAByteOrderMark) {
  EXPECT_THAT(Read("\xEF\xBB\xBF\"a\",b\n").rows, ElementsAre(Row{"a", "b"}));
}

TEST_P(CsvReaderTest, UnquotesCommasQuotesAndLineEnds) {
  const Outcome outcome = Read("\"a,b\",\"say \"\"hi\"\"\",\"two\r\nlines\"\nx,y,z\n");
  EXPECT_THAT(outcome.rows,
              ElementsAre(Row{"a,b", "say \"hi\"", "two\r\nlines"}, Row{"x", "y", "z"}));
  EXPECT_THAT(outcome.lines, ElementsAre(1, 3));
}

TEST_P(CsvReaderTest, KeepsAQuoteInsideAnUnquotedField) {
  EXPECT_THAT(Read("5\" nail,b\n").rows, ElementsAre(Row{"5\" nail", "b"}));
}

TEST_P(CsvReaderTest, SkipsEmptyLinesButCountsThem) {
  const Outcome outcome = Read("a,b\n\n\n1,2\n\n");
  EXPECT_THAT(outcome.rows, ElementsAre(Row{"a", "b"}, Row{"1", "2"}));
  EXPECT_THAT(outcome.lines, ElementsAre(1, 4));
}

TEST_P(CsvReaderTest, NamesTheLineOfAQuoteThatNeverEnds) {
  const Outcome outcome = Read("a,b\n1,\"open\n2,3\n");
  EXPECT_EQ(outcome.status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(outcome.status.message()), HasSubstr("line 2"));
}

TEST_P(CsvReaderTest, RefusesTextBehindAClosingQuote) {
  const Outcome outcome = Read("a,b\n1,\"x\"y\n");
  EXPECT_THAT(std::string(outcome.status.message()), HasSubstr("line 2: column 2"));
}

TEST_P(CsvReaderTest, GivesNothingForAnEmptyFile) {
  EXPECT_TRUE(Read("").rows.empty());
  EXPECT_TRUE(Read("").status.ok());
}

TEST(CsvReaderLimitTest, RefusesARowBeyondTheLimitAndTakesOneAtIt) {
  const std::string row(99, 'x');
  EXPECT_EQ(ReadAll(row + "\n" + row + "\n", 10, 100).rows.size(), 2U);
  const Outcome outcome = ReadAll("a\n" + row + "yy\n", 10, 100);
  EXPECT_THAT(std::string(outcome.status.message()), HasSubstr("line 2: the row is longer"));
}

TEST(CsvReaderLimitTest, GrowsForARowLongerThanAChunk) {
  const std::string field(3 * limits::kReadChunkBytes, 'x');
  StringSource source("a\n\"" + field + "\"\nb\n");
  CsvReader reader(source);
  CsvRecord record;
  ASSERT_TRUE(*reader.Next(&record));
  ASSERT_TRUE(*reader.Next(&record));
  EXPECT_EQ(record.fields[0], field);
  ASSERT_TRUE(*reader.Next(&record));
  EXPECT_EQ(record.fields[0], "b");
}

TEST(AppendCsvFieldTest, QuotesOnlyWhereItMust) {
  std::string out;
  AppendCsvField("plain", &out);
  AppendCsvField("a,\"b\"", &out);
  EXPECT_EQ(out, "plain\"a,\"\"b\"\"\"");
}

}  // namespace
}  // namespace peaksync::client

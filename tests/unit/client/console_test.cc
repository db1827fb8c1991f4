#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "client/progress.h"
#include "client/reject_log.h"
#include "tests/support/temp_dir.h"

namespace peaksync::client {
namespace {

using ::testing::HasSubstr;

TEST(WithCommasTest, GroupsByThree) {
  EXPECT_EQ(WithCommas(0), "0");
  EXPECT_EQ(WithCommas(999), "999");
  EXPECT_EQ(WithCommas(1000), "1,000");
  EXPECT_EQ(WithCommas(-1234567), "-1,234,567");
}

TEST(ProgressTest, SaysHowFarItIs) {
  ProgressState state;
  state.bytes_total = 200;
  state.bytes_read = 50;
  state.rows_read = 2000;
  state.updates_received = 1000;
  state.elapsed = absl::Seconds(2);
  EXPECT_EQ(PlainText(state), "sending: 25 %, 2,000 rows read, 1,000 received, 1,000 rows/s");
  EXPECT_THAT(BarText(state), HasSubstr("[======>"));
  state.waiting = true;
  state.values_received = 10;
  state.values_pending = 4;
  EXPECT_EQ(PlainText(state), "waiting for Braze: 60 %, 4 of 10 values left, 2.0 s");
}

TEST(ConsoleTest, PlainLinesComeSeldomAndMessagesAtOnce) {
  std::ostringstream out;
  Console console(out, ProgressStyle::kPlain);
  const absl::Time begin = absl::UnixEpoch();
  console.Show({}, begin);
  EXPECT_EQ(out.str(), "");
  console.Say("hello");
  EXPECT_EQ(out.str(), "hello\n");
  console.Show({}, begin + absl::Seconds(5));
  console.Show({}, begin + absl::Seconds(9));
  EXPECT_EQ(std::count(out.view().begin(), out.view().end(), '\n'), 2);
}

TEST(ConsoleTest, ABarIsTakenAwayBeforeAMessage) {
  std::ostringstream out;
  Console console(out, ProgressStyle::kBar);
  console.Show({}, absl::UnixEpoch());
  console.Say("hello");
  EXPECT_THAT(out.str(), HasSubstr("\r\x1b[Khello\n"));
}

TEST(ConsoleTest, WithoutProgressOnlyMessages) {
  std::ostringstream out;
  Console console(out, ProgressStyle::kNone);
  console.Show({}, absl::UnixEpoch() + absl::Hours(1));
  EXPECT_EQ(out.str(), "");
}

TEST(RejectLogTest, ShowsTwentyAndCountsTheRest) {
  std::ostringstream out;
  Console console(out, ProgressStyle::kNone);
  RejectLog log(console, "f.csv");
  for (int i = 1; i <= 25; ++i) log.Add({i, "a", "bad"}, "");
  log.AddUnlisted(3);
  EXPECT_TRUE(log.Close().ok());
  EXPECT_THAT(out.str(), HasSubstr("f.csv:20: column a: bad\n"));
  EXPECT_THAT(out.str(), ::testing::Not(HasSubstr("f.csv:21")));
  EXPECT_THAT(out.str(), HasSubstr("… and 8 more; see --rejects FILE\n"));
  EXPECT_EQ(log.count(), 28);
}

TEST(RejectLogTest, WritesEveryRowToItsFile) {
  std::ostringstream out;
  Console console(out, ProgressStyle::kNone);
  RejectLog log(console, "f.csv");
  const testing::TempDir folder;
  const std::string path = folder.File("rejects.csv");
  ASSERT_TRUE(log.OpenFile(path, "header").ok());
  log.Add({2, "", "bad"}, "row");
  ASSERT_TRUE(log.Close().ok());
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  EXPECT_EQ(text.str(), "header\nrow\n");
  EXPECT_FALSE(RejectLog(console, "f").OpenFile("/no/such/folder/x", "").ok());
}

}  // namespace
}  // namespace peaksync::client

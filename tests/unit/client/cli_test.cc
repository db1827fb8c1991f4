#include "client/cli.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <regex>
#include <sstream>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/client/fake_service.h"

namespace peaksync::client {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::Ge;
using ::testing::HasSubstr;
using ::testing::SizeIs;

class CliTest : public ::testing::Test {
 protected:
  CliTest() {
    ::setenv("PEAKSYNC_TOKEN", "tok", 1);
    ::unsetenv("PEAKSYNC_SERVER");
    std::ofstream(file_) << "id,a\n1,x\n2,\n";
  }
  ~CliTest() override {
    ::unsetenv("PEAKSYNC_TOKEN");
    ::unsetenv("PEAKSYNC_SERVER");
  }

  int Run(std::vector<std::string> words) {
    words.insert(words.begin(), "peaksync");
    std::vector<const char*> argv;
    for (const std::string& word : words) argv.push_back(word.c_str());
    out_.str("");
    err_.str("");
    return RunCommandLine(static_cast<int>(argv.size()), argv.data(), {out_, err_, false});
  }
  // With --server behind the command, where most people write it.
  int RunAt(std::vector<std::string> words) {
    words.insert(words.end(), {"--server", service_.address()});
    return Run(std::move(words));
  }

  FakeService service_;
  testing::TempDir folder_;
  std::string file_ = folder_.File("rows.csv");
  std::ostringstream out_;
  std::ostringstream err_;
};

TEST_F(CliTest, PushPrintsATable) {
  EXPECT_EQ(RunAt({"push", file_, "--source", "churn", "--id-column", "id"}), 0) << err_.str();
  EXPECT_THAT(out_.str(), AllOf(HasSubstr("COMPLETED"), HasSubstr("1 without values")));
}

TEST_F(CliTest, PushPrintsJson) {
  EXPECT_EQ(RunAt({"-o", "json", "push", file_, "--source", "churn", "--id-column", "id"}), 0);
  EXPECT_THAT(out_.str(), HasSubstr("\"exit_status\": 0"));
  EXPECT_EQ(err_.str(), "");
}

TEST_F(CliTest, ListsTakeCommasAndAnEmptyNullValueIsOne) {
  EXPECT_EQ(RunAt({"push", "--null-value", "", "--columns", "a,id", file_, "--source", "churn",
                   "--id-column", "id", "--types", "a=string,id=string"}),
            0)
      << err_.str();
  EXPECT_EQ(service_.updates().size(), 2U);
}

TEST_F(CliTest, VariablesStandForFlags) {
  ::setenv("PEAKSYNC_SERVER", service_.address().c_str(), 1);
  EXPECT_EQ(Run({"sources", "list"}), 0) << err_.str();
  EXPECT_THAT(out_.str(), HasSubstr("churn"));
}

TEST_F(CliTest, ATokenFileWinsOverTheVariable) {
  const std::string path = folder_.File("wrong-token");
  std::ofstream(path) << "wrong\n";
  EXPECT_EQ(RunAt({"push", file_, "--source", "churn", "--id-column", "id", "--token-file", path}),
            4);
  EXPECT_THAT(err_.str(), AllOf(HasSubstr("not known"), HasSubstr("--token-file")));
}

TEST_F(CliTest, RunsListReadsAllPagesUpToTheLimit) {
  EXPECT_EQ(RunAt({"runs", "list"}), 0);
  EXPECT_THAT(out_.str(), HasSubstr("PAGE3"));
  EXPECT_EQ(RunAt({"runs", "list", "--limit", "2", "-o", "json"}), 0);
  EXPECT_THAT(out_.str(), AllOf(HasSubstr("PAGE2"), ::testing::Not(HasSubstr("PAGE3"))));
}

TEST_F(CliTest, RunsShowAndWatch) {
  ASSERT_EQ(RunAt({"push", file_, "--source", "churn", "--id-column", "id", "--no-wait"}), 0);
  EXPECT_EQ(RunAt({"runs", "show", "RUN1"}), 0);
  EXPECT_THAT(out_.str(), HasSubstr("RUN1 RECEIVED"));
  EXPECT_EQ(RunAt({"runs", "watch", "RUN1"}), 0);
  EXPECT_THAT(out_.str(), HasSubstr("RUN1 COMPLETED"));
  EXPECT_EQ(RunAt({"runs", "show", "OTHER"}), 2);
}

TEST_F(CliTest, LastSync) {
  EXPECT_EQ(RunAt({"last-sync", "--source", "churn", "-o", "json"}), 0);
  EXPECT_THAT(out_.str(), HasSubstr("LAST"));
  EXPECT_EQ(RunAt({"last-sync", "--source", "other", "-o", "json"}), 2);
  EXPECT_THAT(out_.str(), HasSubstr("NOT_FOUND"));
}

TEST_F(CliTest, SetsACursorOrRemovesIt) {
  EXPECT_EQ(RunAt({"sources", "set-cursor", "churn", "2026-09-07T04:00:00+02:00"}), 0);
  EXPECT_THAT(out_.str(), HasSubstr("churn   2026-09-07T02:00:00Z"));
  EXPECT_EQ(RunAt({"sources", "set-cursor", "churn", "none", "-o", "json"}), 0);
  EXPECT_THAT(out_.str(), HasSubstr("\"cursor\": null"));
  EXPECT_EQ(RunAt({"sources", "set-cursor", "other", "none"}), 2);
  EXPECT_THAT(err_.str(), HasSubstr("setting the cursor of other"));
  EXPECT_EQ(RunAt({"sources", "set-cursor", "churn", "2026-09-07 04:00:00"}), 2);
  EXPECT_THAT(err_.str(), AllOf(HasSubstr("zone"), HasSubstr("none")));
}

TEST_F(CliTest, WrongUseEndsWithTwo) {
  EXPECT_EQ(Run({}), 2);
  EXPECT_EQ(Run({"fly"}), 2);
  EXPECT_EQ(Run({"push", file_, "--source", "churn"}), 2);
  EXPECT_EQ(Run({"push", file_, "--source", "churn", "--id-column", "id", "--wings"}), 2);
  EXPECT_EQ(Run({"sources", "list", "-o", "xml"}), 2);
  EXPECT_EQ(Run({"push", "/no/such.csv", "--source", "churn", "--id-column", "id"}), 2);
  EXPECT_EQ(Run({"sources", "list", "--server", "http://sync.example.com"}), 2);
}

TEST_F(CliTest, OutOfReachEndsWithOne) {
  service_.Stop();
  EXPECT_EQ(RunAt({"sources", "list"}), 1);
  EXPECT_THAT(err_.str(), HasSubstr("can't reach the service"));
  EXPECT_EQ(RunAt({"push", file_, "--source", "churn", "--id-column", "id", "--connect-timeout",
                   "200ms"}),
            1);
}

TEST_F(CliTest, EveryCommandHelpsWithAnExample) {
  std::vector<std::string> left = {""};  // Each command is found in the help of the one above.
  std::vector<std::string> seen;
  while (!left.empty()) {
    const std::string command = std::exchange(left.back(), "");
    left.pop_back();
    seen.push_back(command);
    std::vector<std::string> words = absl::StrSplit(command, ' ', absl::SkipEmpty());
    words.emplace_back("--help");
    EXPECT_EQ(Run(words), 0) << command;
    const std::vector<std::string> parts =
        absl::StrSplit(out_.str(), absl::MaxSplits("\nSubcommands:\n", 1));
    EXPECT_TRUE(std::regex_search(parts.back(), std::regex("Examples?:\\s+peaksync " + command)))
        << command;
    if (parts.size() == 1) continue;
    for (const absl::string_view line : absl::StrSplit(parts[1], '\n')) {
      if (!absl::StartsWith(line, "  ")) break;
      const std::vector<std::string> cells = absl::StrSplit(line, ' ', absl::SkipEmpty());
      left.push_back(absl::StrCat(command, command.empty() ? "" : " ", cells[0]));
    }
  }
  EXPECT_THAT(seen, AllOf(Contains("push"), Contains("jobs check"), Contains("runs cancel"),
                          SizeIs(Ge(22))));
}

}  // namespace
}  // namespace peaksync::client

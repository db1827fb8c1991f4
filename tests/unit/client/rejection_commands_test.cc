#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "client/cli.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/client/fake_service.h"
#include "tests/unit/client/rejection_samples.h"

namespace peaksync::client {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

v1::SyncRun RunOf(const std::string& run_id, const std::string& source) {
  v1::SyncRun run;
  run.set_run_id(run_id);
  run.set_source(source);
  run.set_state(v1::SYNC_RUN_STATE_COMPLETED_WITH_REJECTIONS);
  return run;
}

class RejectionCommandsTest : public ::testing::Test {
 protected:
  RejectionCommandsTest() {
    ::setenv("PEAKSYNC_TOKEN", "tok", 1);
    service_.other_runs = {RunOf("R1", "churn"), RunOf("R2", "clv")};
    service_.rejections = {SampleRejection("c1", "plan", "gold"),
                           SampleRejection("c1", "risk", "x"),
                           SampleRejection("c2", "plan", "silver")};
    service_.rejections[2].set_run_id("R2");
    service_.rejections[2].set_kind(v1::REJECTION_KIND_VALIDATION);
  }
  ~RejectionCommandsTest() override { ::unsetenv("PEAKSYNC_TOKEN"); }

  // `answer`: what the person at the terminal types; null when there is none.
  int Run(std::vector<std::string> words, const char* answer = nullptr) {
    words.insert(words.begin(), "peaksync");
    words.insert(words.end(), {"--server", service_.address()});
    std::vector<const char*> argv;
    for (const std::string& word : words) argv.push_back(word.c_str());
    out_.str("");
    err_.str("");
    std::istringstream answers(answer == nullptr ? "" : answer);
    return RunCommandLine(static_cast<int>(argv.size()), argv.data(),
                          {out_, err_, false, answer == nullptr ? nullptr : &answers});
  }

  std::string File() const {
    std::ifstream file(path_);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  FakeService service_;
  testing::TempDir folder_;
  std::string path_ = folder_.File("rejections");
  std::ostringstream out_;
  std::ostringstream err_;
};

TEST_F(RejectionCommandsTest, ListShowsEachWithItsReason) {
  EXPECT_EQ(Run({"rejections", "list"}), 0) << err_.str();
  EXPECT_THAT(
      out_.str(),
      HasSubstr("c1        plan       \"gold\"    2026-09-07T02:01:00Z  braze       R1   2  "
                "       the type is wrong\n"));
  EXPECT_EQ(err_.str(), "");
}

TEST_F(RejectionCommandsTest, ListSaysHowManyMoreThereAre) {
  service_.page_max = 1;
  EXPECT_EQ(Run({"rejections", "list", "--limit", "1"}), 0);
  EXPECT_THAT(out_.str(), AllOf(HasSubstr("gold"), Not(HasSubstr("silver")), HasSubstr("2 more")));
  EXPECT_EQ(Run({"rejections", "list", "--limit", "1", "-o", "json"}), 0);
  EXPECT_THAT(out_.str(), AllOf(HasSubstr("\"value\": \"gold\""), HasSubstr("\"more\": 2")));
}

TEST_F(RejectionCommandsTest, FiltersReachTheService) {
  EXPECT_EQ(Run({"rejections", "list", "--source", "clv", "--run", "R2", "--attribute", "plan",
                 "--customer", "c2", "--kind", "validation"}),
            0);
  EXPECT_THAT(out_.str(), AllOf(HasSubstr("silver"), Not(HasSubstr("gold"))));
  EXPECT_EQ(Run({"rejections", "list", "--customer", "c2", "--id-kind", "email"}), 0);
  EXPECT_EQ(out_.str(), "no rejections\n");
  EXPECT_EQ(service_.lists().back().filter().customer().email(), "c2");
}

TEST_F(RejectionCommandsTest, WhatIsNotThereEndsWithTwo) {
  EXPECT_EQ(Run({"rejections", "list", "--run", "R9"}), 2);
  EXPECT_THAT(err_.str(), HasSubstr("listing rejections: no such run"));
  EXPECT_EQ(Run({"rejections", "list", "--kind", "other"}), 2);
  EXPECT_EQ(Run({"rejections", "list", "--limit", "0"}), 2);
  EXPECT_EQ(Run({"rejections"}), 2);
}

TEST_F(RejectionCommandsTest, PagesTooLargeForAMessageAreAskedForInSmallerOnes) {
  for (v1::Rejection& rejection : service_.rejections) {
    rejection.mutable_attribute()->mutable_value()->set_string_value(std::string(2 << 20, 'x'));
  }
  EXPECT_EQ(Run({"rejections", "list"}), 0) << err_.str();
  EXPECT_EQ(service_.lists().back().page_size(), 1);
  EXPECT_THAT(out_.str(), HasSubstr("c2"));
}

TEST_F(RejectionCommandsTest, ExportWritesAFileThatOnlyItsOwnerReads) {
  std::ofstream(path_ + ".jsonl") << "old\n";
  ::chmod((path_ + ".jsonl").c_str(), 0644);
  service_.page_max = 2;
  EXPECT_EQ(Run({"rejections", "export", path_ + ".jsonl", "--source", "churn"}), 0) << err_.str();
  EXPECT_THAT(out_.str(), HasSubstr("2 rejections in 1 rows written to " + path_));
  EXPECT_THAT(err_.str(),
              AllOf(HasSubstr("peaksync push " + path_ +
                              ".jsonl --format jsonl --source churn "
                              "--id-column peaksync_id --updated-at-column peaksync_updated_at "
                              "--exclude peaksync\n"),
                    Not(HasSubstr("c1"))));
  struct stat facts {};
  ASSERT_EQ(::stat((path_ + ".jsonl").c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777U, 0600U);
}

// What stands in an exported file can be pushed as it is: the row the fake gets is the value.
TEST_F(RejectionCommandsTest, WhatIsExportedCanBePushed) {
  path_ += ".jsonl";
  ASSERT_EQ(Run({"rejections", "export", path_, "--source", "churn"}), 0);
  ASSERT_EQ(Run({"push", path_, "--source", "churn", "--id-column", "peaksync_id",
                 "--updated-at-column", "peaksync_updated_at", "--exclude", "peaksync"}),
            0)
      << err_.str();
  const auto updates = service_.updates();
  ASSERT_EQ(updates.size(), 1U);
  EXPECT_EQ(updates[0].customer().external_id(), "c1");
  EXPECT_EQ(updates[0].updated_at().seconds(), 1788746400);
  ASSERT_EQ(updates[0].attributes_size(), 2);
  EXPECT_EQ(updates[0].attributes(1).value().string_value(), "x");
}

TEST_F(RejectionCommandsTest, CsvOfOneAttributeCanBePushed) {
  path_ += ".csv";
  ASSERT_EQ(Run({"rejections", "export", path_, "--attribute", "plan", "--source", "churn"}), 0);
  EXPECT_THAT(err_.str(), HasSubstr("--id-column customer --updated-at-column updated_at"));
  EXPECT_THAT(File(), AllOf(HasSubstr("customer,id_kind,attribute,plan,updated_at,reason,"),
                            HasSubstr("c1,external_id,plan,gold,2026-09-07T02:00:00Z,")));
  ASSERT_EQ(Run({"push", path_, "--source", "churn", "--id-column", "customer",
                 "--updated-at-column", "updated_at", "--columns", "plan"}),
            0)
      << err_.str();
  ASSERT_EQ(service_.updates().size(), 1U);
  EXPECT_EQ(service_.updates()[0].attributes(0).value().string_value(), "gold");
}

TEST_F(RejectionCommandsTest, ExportToStandardOutputIsOnlyTheFile) {
  EXPECT_EQ(Run({"rejections", "export", "-", "-o", "json"}), 0);
  EXPECT_THAT(out_.str(), ::testing::StartsWith("{\"peaksync_id\":\"c1\""));
  EXPECT_THAT(out_.str(), HasSubstr("\"source\":\"clv\""));
  EXPECT_THAT(err_.str(), HasSubstr("3 rejections in 2 rows"));
  EXPECT_EQ(Run({"rejections", "export", "-", "--run", "R9", "-o", "json"}), 2);
  EXPECT_EQ(out_.str(), "");
}

TEST_F(RejectionCommandsTest, ExportNeedsAFormatAndAFileItCanWrite) {
  EXPECT_EQ(Run({"rejections", "export", path_}), 2);
  EXPECT_THAT(err_.str(), HasSubstr("--format: say csv or jsonl"));
  EXPECT_EQ(Run({"rejections", "export", path_, "--format", "xml"}), 2);
  EXPECT_EQ(Run({"rejections", "export", "/no/such/folder/x.csv"}), 2);
  EXPECT_THAT(err_.str(), HasSubstr("can't write /no/such/folder/x.csv"));
  EXPECT_EQ(Run({"rejections", "export", "/dev/full", "--format", "csv"}), 1);
  EXPECT_THAT(err_.str(), HasSubstr("not complete"));
}

TEST_F(RejectionCommandsTest, RetryWaitsForARunOfEachSource) {
  service_.page_max = 2;
  EXPECT_EQ(Run({"rejections", "retry", "--all"}), 0) << err_.str();
  EXPECT_THAT(out_.str(),
              AllOf(HasSubstr("retried         3 values"), HasSubstr("RETRY1"), HasSubstr("RETRY2"),
                    HasSubstr("COMPLETED"), Not(HasSubstr("RECEIVED"))));
  ASSERT_EQ(service_.retries().size(), 2U);
  EXPECT_EQ(service_.retries()[1].page_token(), "more");
}

TEST_F(RejectionCommandsTest, RetryWithoutWaiting) {
  EXPECT_EQ(Run({"rejections", "retry", "--source", "churn", "--no-wait", "-o", "json"}), 0);
  EXPECT_THAT(out_.str(), AllOf(HasSubstr("\"retried\": 2"), HasSubstr("\"waited\": false"),
                                HasSubstr("RECEIVED")));
}

TEST_F(RejectionCommandsTest, RetrySaysWhatCouldNotBeRetried) {
  service_.rejections[0].mutable_attribute()->clear_value();
  EXPECT_EQ(Run({"rejections", "retry", "--run", "R1"}), 3);
  EXPECT_THAT(out_.str(), AllOf(HasSubstr("retried         1 values"),
                                HasSubstr("not retried     1 values: too large to be kept")));
}

TEST_F(RejectionCommandsTest, RetryOfWhatBrazeRefusesAgainEndsWithThree) {
  service_.other_runs[0].set_source("stubborn");
  EXPECT_EQ(Run({"rejections", "retry", "--all"}), 3) << out_.str();
}

TEST_F(RejectionCommandsTest, RetryOfNothingIsDone) {
  service_.rejections.clear();
  EXPECT_EQ(Run({"rejections", "retry", "--all"}), 0);
  EXPECT_THAT(out_.str(), HasSubstr("no run was made"));
}

TEST_F(RejectionCommandsTest, ARetryThatBreaksOffSaysHowFarItCame) {
  service_.page_max = 1;
  service_.retry_end = {grpc::StatusCode::INTERNAL, "disk"};
  EXPECT_EQ(Run({"rejections", "retry", "--all"}), 1);
  EXPECT_THAT(out_.str(), AllOf(HasSubstr("1 values"), HasSubstr("RETRY1")));
  EXPECT_THAT(err_.str(), AllOf(HasSubstr("after 1 were taken"), HasSubstr("disk")));
}

TEST_F(RejectionCommandsTest, WhatChangesNeedsAFilterOrAll) {
  for (const std::string command : {"retry", "discard"}) {
    EXPECT_EQ(Run({"rejections", command}), 2);
    EXPECT_THAT(err_.str(), HasSubstr("--all"));
    EXPECT_EQ(Run({"rejections", command, "--all", "--run", "R1"}), 2);
    EXPECT_EQ(Run({"rejections", command, "--run", ""}), 2);
    EXPECT_THAT(err_.str(), HasSubstr("--run: is empty"));
  }
  EXPECT_EQ(service_.rejections.size(), 3U);
  EXPECT_EQ(Run({"rejections", "retry", "--all", "--timeout", "x"}), 2);
}

TEST_F(RejectionCommandsTest, DiscardAsksAfterSayingHowMany) {
  EXPECT_EQ(Run({"rejections", "discard", "--source", "churn"}, "n\n"), 1);
  EXPECT_THAT(err_.str(), AllOf(HasSubstr("gives up 2 rejected values"), HasSubstr("[y/N]"),
                                HasSubstr("nothing was changed")));
  EXPECT_EQ(service_.rejections.size(), 3U);
  EXPECT_EQ(Run({"rejections", "discard", "--source", "churn"}, "y\n"), 0);
  EXPECT_EQ(out_.str(), "2 rejections discarded\n");
  EXPECT_EQ(service_.rejections.size(), 1U);
}

TEST_F(RejectionCommandsTest, DiscardWithoutATerminalNeedsYes) {
  EXPECT_EQ(Run({"rejections", "discard", "--all"}), 2);
  EXPECT_THAT(err_.str(), AllOf(HasSubstr("3 rejected values"), HasSubstr("--yes")));
  EXPECT_EQ(service_.rejections.size(), 3U);
  EXPECT_EQ(Run({"rejections", "discard", "--all", "--yes", "-o", "json"}), 0);
  EXPECT_EQ(out_.str(), "{\n  \"discarded\": 3\n}\n");
  EXPECT_TRUE(service_.rejections.empty());
}

TEST_F(RejectionCommandsTest, ResyncSaysItsCostFirst) {
  service_.confirmed_values = 4380;
  EXPECT_EQ(Run({"resync", "--attribute", "plan"}, "\n"), 1);
  EXPECT_THAT(err_.str(), HasSubstr("resync of attribute plan of all customers: 4,380 values"));
  ASSERT_EQ(service_.resyncs().size(), 1U);
  EXPECT_TRUE(service_.resyncs()[0].validate_only());
  EXPECT_EQ(Run({"resync", "--customer", "c1", "--id-kind", "phone"}, "yes\n"), 0);
  EXPECT_THAT(err_.str(), AllOf(HasSubstr("of one customer"), Not(HasSubstr("c1"))));
  EXPECT_THAT(out_.str(), AllOf(HasSubstr("4,380 values are sent again"), HasSubstr("--full")));
  ASSERT_EQ(service_.resyncs().size(), 3U);
  EXPECT_FALSE(service_.resyncs()[2].validate_only());
  EXPECT_EQ(service_.resyncs()[2].customer().phone(), "c1");
}

TEST_F(RejectionCommandsTest, ResyncWithoutATerminalNeedsYesAndAFilterOrAll) {
  service_.confirmed_values = 7;
  EXPECT_EQ(Run({"resync"}), 2);
  EXPECT_EQ(Run({"resync", "--all", "--attribute", "plan"}), 2);
  EXPECT_EQ(Run({"resync", "--attribute", ""}), 2);
  EXPECT_TRUE(service_.resyncs().empty());
  EXPECT_EQ(Run({"resync", "--all"}), 2);
  EXPECT_THAT(err_.str(), HasSubstr("--yes"));
  EXPECT_EQ(service_.resyncs().size(), 1U);
  EXPECT_EQ(Run({"resync", "--all", "--yes", "-o", "json"}), 0);
  EXPECT_EQ(out_.str(), "{\n  \"values\": 7\n}\n");
  EXPECT_THAT(err_.str(), HasSubstr("all attributes of all customers: 7 values"));
  EXPECT_EQ(Run({"resync", "--attribute", "unknown", "--yes"}), 2);
  EXPECT_THAT(err_.str(), HasSubstr("nothing is known"));
}

TEST_F(RejectionCommandsTest, CancelSaysWhatWasDiscardedAndWhatIsStillDelivered) {
  std::ofstream(path_ + ".csv") << "id,a\n1,x\n";
  ASSERT_EQ(Run({"push", path_ + ".csv", "--source", "churn", "--id-column", "id", "--no-wait"}),
            0);
  EXPECT_EQ(Run({"runs", "cancel", "RUN1"}), 0) << err_.str();
  EXPECT_THAT(out_.str(), AllOf(HasSubstr("RUN1 CANCELED"), HasSubstr("0 values of it were "),
                                HasSubstr("nothing of it waits")));
  EXPECT_EQ(Run({"runs", "cancel", "RUN1", "-o", "json"}), 0);
  EXPECT_THAT(out_.str(), HasSubstr("\"state\": \"CANCELED\""));
  EXPECT_EQ(Run({"runs", "cancel", "OTHER"}), 2);
  EXPECT_THAT(err_.str(), HasSubstr("canceling run OTHER: no such run"));
}

TEST_F(RejectionCommandsTest, OutOfReachEndsWithOneAndAWrongTokenIsNotShown) {
  service_.Stop();
  for (const std::vector<std::string>& command :
       std::vector<std::vector<std::string>>{{"rejections", "list"},
                                             {"rejections", "export", "-"},
                                             {"rejections", "retry", "--all"},
                                             {"rejections", "discard", "--all", "--yes"},
                                             {"resync", "--all", "--yes"},
                                             {"runs", "cancel", "R1"}}) {
    EXPECT_EQ(Run(command), 1);
    EXPECT_THAT(err_.str(), AllOf(HasSubstr("can't reach the service"), Not(HasSubstr("tok"))));
  }
}

}  // namespace
}  // namespace peaksync::client

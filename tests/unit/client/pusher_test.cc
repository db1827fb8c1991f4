#include "client/pusher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "tests/support/temp_dir.h"
#include "tests/unit/client/fake_service.h"
#include "tests/unit/client/rejection_samples.h"

namespace peaksync::client {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class PusherTest : public ::testing::Test {
 protected:
  PusherTest() {
    settings_.file = "f.csv";
    settings_.source = "churn";
    settings_.timeout = absl::Seconds(30);
    settings_.pause_timeout = absl::Milliseconds(50);
    settings_.backoff_min = absl::Milliseconds(1);
    settings_.backoff_max = absl::Milliseconds(20);
    settings_.column_of_id = "id";
    rows_.id_column = "id";
  }

  PushReport PushText(const std::string& text, const std::string& token = "tok") {
    StringSource bytes(text);
    const auto rows = OpenCsv(bytes, settings_.file, rows_);
    EXPECT_TRUE(rows.ok()) << rows.status();
    const auto channel = service_.Connect(token);
    Console console(messages_, ProgressStyle::kNone);
    RejectLog rejects(console, settings_.file);
    if (!rejects_file_.empty()) {
      EXPECT_TRUE(rejects.OpenFile(rejects_file_, (*rows)->RejectsHeader()).ok());
    }
    return Push(*channel, settings_, **rows, bytes.size(), rejects, console);
  }

  FakeService service_;
  PushSettings settings_;
  RowOptions rows_;
  testing::TempDir folder_;
  std::string rejects_file_;
  std::ostringstream messages_;
};

TEST_F(PusherTest, ReportsACompleteRun) {
  const PushReport report = PushText("id,a\n1,2\n2,3\n3,\n");
  EXPECT_TRUE(report.status.ok()) << report.status;
  EXPECT_EQ(report.exit, ExitStatus::kDone);
  EXPECT_EQ(report.run->state(), v1::SYNC_RUN_STATE_COMPLETED);
  EXPECT_EQ(report.rows.read, 3);
  EXPECT_EQ(report.rows.sent, 2);
  EXPECT_EQ(report.rows.empty, 1);
  EXPECT_EQ(report.workspace, "acme-production");
}

TEST_F(PusherTest, AFileWithoutRowsIsACompleteRun) {
  const PushReport report = PushText("id,a\n");
  EXPECT_EQ(report.exit, ExitStatus::kDone);
  EXPECT_TRUE(service_.batch_sizes().empty());
}

TEST_F(PusherTest, BatchesAreBoundedByCountAndBytes) {
  settings_.batch_updates_max = 2;
  PushText("id,a\n1,x\n2,x\n3,x\n4,x\n5,x\n");
  EXPECT_THAT(service_.batch_sizes(), ElementsAre(2, 2, 1));
}

TEST_F(PusherTest, ABatchThatWouldGrowTooLargeIsSentBefore) {
  settings_.batch_bytes_max = 260;
  const std::string big(100, 'x');
  const PushReport report = PushText("id,a\n1," + big + "\n2," + big + "\n3," + big + "\n4," +
                                     std::string(300, 'x') + "\n5,x\n");
  EXPECT_THAT(service_.batch_sizes(), ElementsAre(2, 2));
  EXPECT_EQ(report.rows.invalid, 1);
  const auto updates = service_.updates();
  ASSERT_EQ(updates.size(), 4U);
  EXPECT_EQ(updates[2].customer().external_id(), "3");
  EXPECT_EQ(updates[3].customer().external_id(), "5");
}

TEST_F(PusherTest, RowsThatTheClientRefusesAreNamedAndCount) {
  const PushReport report = PushText("id,a\n1,x\n,y\n");
  EXPECT_EQ(report.exit, ExitStatus::kRejections);
  EXPECT_EQ(report.rows.invalid, 1);
  EXPECT_THAT(messages_.str(), HasSubstr("f.csv:3: column id: the identifier is empty\n"));
}

TEST_F(PusherTest, UpdatesThatTheServiceRefusesAreNamedByLine) {
  settings_.batch_updates_max = 2;
  const PushReport report = PushText("id,a,bad\n1,x,\n2,x,\n,x,y\n3,x,y\n");
  EXPECT_EQ(report.exit, ExitStatus::kRejections);
  EXPECT_THAT(messages_.str(), HasSubstr("f.csv:5: column bad: is not allowed\n"));
  EXPECT_EQ(report.refused_count, 2);
}

TEST_F(PusherTest, AllowedRejectionsEndWithZero) {
  settings_.allow_rejections = true;
  EXPECT_EQ(PushText("id,a\n1,x\n,y\n").exit, ExitStatus::kDone);
}

TEST_F(PusherTest, WithoutWaitingTheRunIsOnlyReceived) {
  settings_.wait = false;
  const PushReport report = PushText("id,a\n1,x\n");
  EXPECT_EQ(report.run->state(), v1::SYNC_RUN_STATE_RECEIVED);
  EXPECT_EQ(report.exit, ExitStatus::kDone);
}

TEST_F(PusherTest, APausedTenantEndsTheWaiting) {
  service_.watched.resize(1);
  service_.watched[0].set_state(v1::SYNC_RUN_STATE_RECEIVED);
  service_.watched[0].mutable_delivery()->set_state(v1::DeliveryStatus::STATE_PAUSED);
  service_.watched[0].mutable_delivery()->set_reason("Braze refuses the key");
  service_.watched[0].mutable_delivery()->set_remedy("put the right key in");
  service_.watched[0].mutable_delivery()->set_waiting_values(7);
  const PushReport report = PushText("id,a\n1,x\n");
  EXPECT_EQ(report.exit, ExitStatus::kNotFinished);
  EXPECT_THAT(std::string(report.status.message()),
              HasSubstr("Braze refuses the key. What to do: put the right key in. 7 values"));
}

TEST_F(PusherTest, SaysOnceWhyTheServiceReadsNoFurther) {
  service_.scripts.resize(1);
  service_.scripts[0].back_pressure = "max_waiting_bytes is reached";
  settings_.batch_updates_max = 1;
  EXPECT_EQ(PushText("id,a\n1,x\n2,x\n3,x\n").exit, ExitStatus::kDone);
  EXPECT_EQ(messages_.str(),
            "the service reads no further now: max_waiting_bytes is reached; it goes on by "
            "itself\n");
}

TEST_F(PusherTest, APushThatMustBeFullSaysSo) {
  service_.full_required = "the ledger was restored";
  const PushReport report = PushText("id,a\n1,x\n");
  EXPECT_EQ(report.exit, ExitStatus::kNeedsPerson);
  EXPECT_THAT(std::string(report.status.message()),
              ::testing::AllOf(HasSubstr("the ledger was restored"), HasSubstr("--full")));
  settings_.full = true;
  EXPECT_EQ(PushText("id,a\n1,x\n").exit, ExitStatus::kDone);
}

TEST_F(PusherTest, AStartRefusedForAnotherReasonDoesNotSayFull) {
  service_.scripts.resize(1);
  service_.scripts[0].refuse = true;
  service_.scripts[0].end = {grpc::StatusCode::FAILED_PRECONDITION, "another workspace"};
  const PushReport report = PushText("id,a\n1,x\n");
  EXPECT_EQ(report.exit, ExitStatus::kNeedsPerson);
  EXPECT_THAT(std::string(report.status.message()), ::testing::Not(HasSubstr("--full")));
}

// A run of which Braze refused values in the end.
class PusherRefusalsTest : public PusherTest {
 protected:
  void Reject(int count) {
    service_.watched.resize(1);
    service_.watched[0].set_state(v1::SYNC_RUN_STATE_COMPLETED_WITH_REJECTIONS);
    service_.watched[0].mutable_values()->set_rejected(count);
    for (int i = 0; i < count; ++i) {
      service_.rejections.push_back(SampleRejection("c" + std::to_string(i), "a", "x"));
      service_.rejections.back().set_run_id("RUN1");
    }
    service_.rejections.push_back(SampleRejection("other", "a", "x"));
    service_.rejections.back().set_kind(v1::REJECTION_KIND_VALIDATION);
    service_.rejections.back().set_run_id("RUN1");
  }
  std::string File() const {
    std::ifstream file(rejects_file_);
    return {std::istreambuf_iterator<char>(file), {}};
  }
};

TEST_F(PusherRefusalsTest, TheReportNamesThem) {
  Reject(1);
  const PushReport report = PushText("id,a\n1,x\n");
  EXPECT_EQ(report.exit, ExitStatus::kRejections);
  ASSERT_EQ(report.braze_refusals.size(), 1U);
  EXPECT_EQ(report.braze_refusals_count, 1);
  EXPECT_THAT(PushTable(report), HasSubstr("refused by Braze:\n  c0  a  the type is wrong\n"));
  EXPECT_THAT(PushJson(report), HasSubstr("\"customer\": \"c0\""));
  EXPECT_EQ(messages_.str(), "");
}

TEST_F(PusherRefusalsTest, TheFirstHundredAreListedAndTheOthersCounted) {
  Reject(150);
  service_.page_max = 60;
  const PushReport report = PushText("id,a\n1,x\n");
  EXPECT_EQ(report.braze_refusals.size(), 100U);
  EXPECT_EQ(report.braze_refusals_count, 150);
  EXPECT_EQ(service_.lists().size(), 2U);
  EXPECT_THAT(PushTable(report), HasSubstr("… and 130 more"));
  EXPECT_THAT(PushJson(report), HasSubstr("\"braze_refusals_omitted\": 50"));
}

TEST_F(PusherRefusalsTest, TheRejectsFileHoldsRowsThatCanBePushed) {
  Reject(120);
  rejects_file_ = folder_.File("rejects.csv");
  rows_.updated_at_column = "at";
  const PushReport report = PushText("id,b,a,at\n,y,x,2026-09-07T02:00:00Z\n");
  EXPECT_EQ(report.braze_refusals_count, 120);
  EXPECT_THAT(File(), HasSubstr("peaksync_line,peaksync_column,peaksync_reason,id,b,a,at\n"
                                "2,id,the identifier is empty,,y,x,2026-09-07T02:00:00Z\n"
                                "0,a,Braze: the type is wrong,c0,,x,2026-09-07T02:00:00Z\n"));
  EXPECT_THAT(File(), HasSubstr(",c119,"));
}

TEST_F(PusherRefusalsTest, AListThatCantBeReadIsNoFailure) {
  Reject(1);
  service_.watched[0].set_run_id("+");  // A run that the service does not know.
  const PushReport report = PushText("id,a\n1,x\n");
  EXPECT_EQ(report.exit, ExitStatus::kRejections);
  EXPECT_THAT(messages_.str(), HasSubstr("which ones could not be read (no such run)"));
}

TEST_F(PusherTest, AFailedRunEndsWithItsReport) {
  service_.scripts.resize(1);
  service_.scripts[0].break_after_batches = 1;
  service_.scripts[0].end = {grpc::StatusCode::FAILED_PRECONDITION, "too many invalid"};
  service_.watched.resize(1);
  service_.watched[0].set_state(v1::SYNC_RUN_STATE_FAILED);
  const PushReport report = PushText("id,a\n1,x\n");
  EXPECT_EQ(report.exit, ExitStatus::kNeedsPerson);
  ASSERT_TRUE(report.run.has_value());
  EXPECT_EQ(report.run->state(), v1::SYNC_RUN_STATE_FAILED);
}

TEST_F(PusherTest, AnAbandonedRunIsSafeToRunAgain) {
  service_.scripts.resize(1);
  service_.scripts[0].break_after_batches = 1;
  service_.scripts[0].end = {grpc::StatusCode::FAILED_PRECONDITION, "the run has ended"};
  service_.watched.resize(1);
  service_.watched[0].set_state(v1::SYNC_RUN_STATE_ABANDONED);
  EXPECT_EQ(PushText("id,a\n1,x\n").exit, ExitStatus::kNotFinished);
}

TEST_F(PusherTest, ARunThatCompletedWhileTheAnswerToFinishWasLostIsDone) {
  service_.scripts.resize(2);
  service_.scripts[0].lose_finished = true;
  service_.scripts[1].refuse = true;
  service_.scripts[1].end = {grpc::StatusCode::FAILED_PRECONDITION, "the run has ended"};
  const PushReport report = PushText("id,a\n1,x\n");
  EXPECT_TRUE(report.status.ok()) << report.status;
  EXPECT_EQ(report.exit, ExitStatus::kDone);
}

TEST_F(PusherTest, AWrongTokenIsNotPermitted) {
  const PushReport report = PushText("id,a\n1,x\n", "wrong");
  EXPECT_EQ(report.exit, ExitStatus::kNotPermitted);
  EXPECT_FALSE(report.run.has_value());
}

TEST_F(PusherTest, ACursorOfMaxIsTheNewestTimeSent) {
  settings_.cursor_is_max = true;
  rows_.updated_at_column = "at";
  const PushReport report = PushText(
      "id,a,at\n1,x,2026-09-07T02:00:00Z\n2,x,2026-09-07T02:00:01Z\n,x,2027-01-01T00:00:00Z\n"
      "3,x,2026-09-07T02:00:00Z\n");
  EXPECT_EQ(report.run->cursor().seconds(), 1788746401);
}

TEST_F(PusherTest, TimesOfTheFutureAreSentAndCountedButAreNoCursor) {
  rows_.updated_at_column = "at";
  settings_.from_cursor = TimePoint{5, 6};
  settings_.cursor_is_max = true;
  settings_.cursor_not_after = TimePoint{1788746401, 0};
  const PushReport report = PushText(
      "id,a,at\n1,x,2026-09-07T02:00:00Z\n2,x,2026-09-07T02:00:01Z\n3,x,2026-09-07T02:00:02Z\n"
      "4,x,2026-09-08T02:00:00Z\n");
  EXPECT_EQ(report.run->cursor().seconds(), 1788746401);
  EXPECT_EQ(report.rows.sent, 4);
  EXPECT_EQ(report.rows.future, 2);
  EXPECT_EQ(report.rows.newest_future->seconds, 1788832800);
  EXPECT_EQ(service_.starts()[0].from_cursor().seconds(), 5);
  EXPECT_EQ(service_.starts()[0].from_cursor().nanos(), 6);
}

TEST_F(PusherTest, ABrokenFileEndsWithUsageAndLeavesTheRunOpen) {
  std::string text = "id,a\n";
  for (std::int64_t i = 0; i < limits::kHeadRowsMax; ++i) text += "1,x\n";
  const PushReport report = PushText(text + "1,x,y\n");
  EXPECT_EQ(report.exit, ExitStatus::kUsage);
  EXPECT_THAT(std::string(report.status.message()), HasSubstr("line 10002"));
  EXPECT_EQ(service_.finishes(), 0);
}

TEST_F(PusherTest, SettingsReachTheService) {
  settings_.full = true;
  settings_.expected_tenant = "acme";
  settings_.updated_at = TimePoint{5, 6};
  settings_.cursor = TimePoint{7, 0};
  const PushReport report = PushText("id,a\n1,x\n");
  const v1::StreamStart start = service_.starts().at(0);
  EXPECT_EQ(start.mode(), v1::SYNC_MODE_FULL);
  EXPECT_EQ(start.expected_tenant(), "acme");
  EXPECT_EQ(start.updated_at().nanos(), 6);
  EXPECT_FALSE(start.request_id().empty());
  EXPECT_EQ(report.run->cursor().seconds(), 7);
}

}  // namespace
}  // namespace peaksync::client

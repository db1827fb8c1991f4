#include "client/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace peaksync::client {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

PushReport Report() {
  PushReport report;
  report.file = "week1.csv";
  report.source = "churn";
  report.tenant = "acme";
  report.workspace = "acme-production";
  report.host = "rest.example.com";
  report.rows = {7043, 7041, 2, 0};
  report.duration = absl::Milliseconds(1234);
  v1::SyncRun run;
  run.set_run_id("R1");
  run.set_source("churn");
  run.set_state(v1::SYNC_RUN_STATE_COMPLETED);
  run.mutable_updates()->set_received(7041);
  run.mutable_updates()->set_changed(7041);
  run.mutable_values()->set_received(42246);
  run.mutable_values()->set_confirmed(42246);
  report.run = run;
  return report;
}

TEST(PushTableTest, SaysWhatBecameOfEverything) {
  EXPECT_EQ(PushTable(Report()),
            "run             R1 COMPLETED\n"
            "source          churn\n"
            "to              tenant acme, workspace acme-production at rest.example.com\n"
            "rows            7,043 read: 7,041 sent, 2 invalid (not sent)\n"
            "updates         7,041 received: 7,041 changed, 0 unchanged, 0 invalid\n"
            "values          42,246 received\n"
            "  confirmed             42,246  accepted by Braze\n"
            "  unchanged                  0  Braze had them already: not sent\n"
            "duration        1.2 s\n");
}

TEST(PushTableTest, SaysHowToSendStaleValues) {
  PushReport report = Report();
  report.run->mutable_values()->set_stale(4380);
  report.run->mutable_stale_newest_known_time()->set_seconds(1788746400);
  EXPECT_THAT(PushTable(report),
              AllOf(HasSubstr("4,380 values are older"), HasSubstr("2026-09-07T02:00:00Z"),
                    HasSubstr("--updated-at now")));
}

TEST(PushTableTest, SaysWhatASyncSelectedAndWhatIsOfTheFuture) {
  PushReport report = Report();
  EXPECT_THAT(PushJson(report), HasSubstr("\"sync\": null"));
  report.sync =
      SyncFacts{"scores", TimePoint{1788746400, 0}, TimePoint{1788660000, 0}, 12, 5, std::nullopt};
  report.rows.future = 3;
  report.rows.newest_future = TimePoint{4'000'000'000, 0};
  EXPECT_THAT(PushTable(report),
              AllOf(HasSubstr("job             scores\n"),
                    HasSubstr("updated since 2026-09-06T02:00:00Z (cursor 2026-09-07T02:00:00Z)"),
                    HasSubstr("12 rejected values were tried again, 5 of them refused again"),
                    HasSubstr("3 rows are of the future (up to 2096-10-02T07:06:40Z)")));
  EXPECT_THAT(PushJson(report), AllOf(HasSubstr("\"selected_from\": \"2026-09-06T02:00:00Z\""),
                                      HasSubstr("\"future_rows\": 3")));
  report.sync = SyncFacts{"scores", std::nullopt, std::nullopt, 0, 0, 3};
  EXPECT_THAT(PushTable(report),
              AllOf(HasSubstr("the whole table (cursor none)"), Not(HasSubstr("tried again"))));
}

TEST(PushTableTest, WithoutARunOnlyWhatIsKnown) {
  PushReport report;
  report.source = "churn";
  EXPECT_THAT(PushTable(report), AllOf(HasSubstr("none was opened"), Not(HasSubstr("confirmed"))));
}

TEST(PushTableTest, ShowsWhyDeliveryIsPaused) {
  PushReport report = Report();
  report.run->set_state(v1::SYNC_RUN_STATE_RECEIVED);
  report.run->mutable_delivery()->set_state(v1::DeliveryStatus::STATE_PAUSED);
  report.run->mutable_delivery()->set_reason("the key is refused");
  EXPECT_THAT(PushTable(report), HasSubstr("PAUSED: the key is refused"));
}

TEST(RunsTableTest, EndsWithWhatBlocksDelivery) {
  v1::SyncRun run = *Report().run;
  EXPECT_THAT(RunsTable({run}), Not(HasSubstr("delivery")));
  run.mutable_delivery()->set_state(v1::DeliveryStatus::STATE_PAUSED);
  run.mutable_delivery()->set_remedy("mend the key");
  EXPECT_THAT(RunsTable({run}), HasSubstr("\n\ndelivery        PAUSED"));
  EXPECT_THAT(RunsTable({run}), HasSubstr("mend the key"));
}

TEST(RunTableTest, AnOpenRunShowsWhatBlocksDelivery) {
  v1::SyncRun run = *Report().run;
  run.mutable_delivery()->set_back_pressure("min_free_disk is reached");
  EXPECT_THAT(RunTable(run), Not(HasSubstr("min_free_disk")));
  run.set_state(v1::SYNC_RUN_STATE_OPEN);
  EXPECT_THAT(RunTable(run), HasSubstr("not read: min_free_disk is reached"));
  EXPECT_THAT(RunJson(run), HasSubstr("\"back_pressure\": \"min_free_disk is reached\""));
}

TEST(SourcesTableTest, NamesSourcesThatNeedAFullRun) {
  v1::Source source;
  source.set_name("churn");
  EXPECT_THAT(SourcesTable({source}), Not(HasSubstr("--full")));
  EXPECT_THAT(SourcesJson({source}), HasSubstr("\"full_required\": null"));
  source.set_full_required("the ledger was restored");
  EXPECT_THAT(SourcesTable({source}),
              HasSubstr("\nchurn: its next push must be --full: the ledger was restored\n"));
  EXPECT_THAT(SourcesJson({source}), HasSubstr("\"full_required\": \"the ledger was restored\""));
}

TEST(PushJsonTest, IsOneObjectWithStableNames) {
  PushReport report = Report();
  report.exit = ExitStatus::kRejections;
  report.refused = {{17, "plan", "bad"}};
  report.refused_count = 2;
  const std::string json = PushJson(report);
  EXPECT_THAT(json, StartsWith("{\n  \"exit_status\": 3,\n  \"error\": null,\n"));
  EXPECT_THAT(json, AllOf(HasSubstr("\"invalid_not_sent\": 2"), HasSubstr("\"run_id\": \"R1\""),
                          HasSubstr("\"confirmed\": 42246"), HasSubstr("\"cursor\": null"),
                          HasSubstr("\"line\": 17"), HasSubstr("\"refused_rows_omitted\": 1"),
                          HasSubstr("\"duration_seconds\": 1.234")));
}

TEST(PushJsonTest, HoldsTheErrorAndSurvivesFileNamesThatAreNotUtf8) {
  PushReport report = Report();
  report.file = "\xFF.csv";
  report.status = absl::UnavailableError("gone");
  EXPECT_THAT(PushJson(report),
              AllOf(HasSubstr("\"code\": \"UNAVAILABLE\""), HasSubstr("\"message\": \"gone\"")));
}

TEST(RunJsonTest, EveryDocumentIsAnObject) {
  const v1::SyncRun run = *Report().run;
  EXPECT_THAT(RunJson(run), StartsWith("{\n  \"run\": {\n    \"run_id\": \"R1\""));
  EXPECT_THAT(RunsJson({run}), StartsWith("{\n  \"runs\": [\n    {"));
  EXPECT_EQ(RunsJson({}), "{\n  \"runs\": []\n}\n");
  v1::Source source;
  source.set_name("churn");
  EXPECT_THAT(SourcesJson({source}),
              AllOf(StartsWith("{\n  \"sources\": [\n    {"), HasSubstr("\"last_run\": null")));
  v1::GetLastSyncResponse last;
  *last.mutable_run() = run;
  last.mutable_cursor()->set_seconds(1788746400);
  EXPECT_THAT(LastSyncJson(last), StartsWith("{\n  \"source\": \"churn\",\n  \"cursor\": "
                                             "\"2026-09-07T02:00:00Z\",\n  \"run\": {"));
  EXPECT_THAT(ErrorJson(absl::NotFoundError("no"), ExitStatus::kUsage),
              StartsWith("{\n  \"exit_status\": 2,\n  \"error\": {"));
}

TEST(TablesTest, AlignColumns) {
  v1::SyncRun run = *Report().run;
  run.mutable_create_time()->set_seconds(1788746400);
  EXPECT_THAT(RunsTable({run}), HasSubstr("R1   churn   COMPLETED  2026-09-07T02:00:00Z  7,041"));
  v1::Source source;
  source.set_name("churn");
  EXPECT_THAT(SourcesTable({source}), HasSubstr("churn   -       -"));
  v1::GetLastSyncResponse last;
  *last.mutable_run() = run;
  EXPECT_THAT(LastSyncTable(last), HasSubstr("source cursor   none"));
}

}  // namespace
}  // namespace peaksync::client

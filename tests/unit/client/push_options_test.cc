#include "client/push_options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace peaksync::client {
namespace {

using ::testing::HasSubstr;

PushOptions Flags() {
  PushOptions options;
  options.file = "f.csv";
  options.source = "churn";
  options.id_column = "id";
  return options;
}

std::string Error(const PushOptions& options) {
  return std::string(PlanPush(options, {}).status().message());
}

TEST(PlanPushTest, TakesTheFormatFromFlagOrName) {
  PushOptions options = Flags();
  EXPECT_EQ(PlanPush(options, {})->format, FileFormat::kCsv);
  options.file = "F.JSONL";
  EXPECT_EQ(PlanPush(options, {})->format, FileFormat::kJsonLines);
  options.file = "f.ndjson.gz";
  EXPECT_EQ(PlanPush(options, {})->format, FileFormat::kJsonLines);
  options.file = "f.csv.gz";
  EXPECT_EQ(PlanPush(options, {})->format, FileFormat::kCsv);
  options.file = "f.gz";
  EXPECT_THAT(Error(options), HasSubstr("--format"));
  options.file = "f.txt";
  EXPECT_THAT(Error(options), HasSubstr("--format"));
  options.format = "csv";
  EXPECT_EQ(PlanPush(options, {})->format, FileFormat::kCsv);
  options.file = "-";
  options.format = "";
  EXPECT_TRUE(PlanPush(options, {})->format_is_a_guess);
  options.format = "xml";
  EXPECT_THAT(Error(options), HasSubstr("--format"));
}

TEST(PlanPushTest, NowLeavesTheTimeToTheService) {
  PushOptions options = Flags();
  options.updated_at_column = "at";
  EXPECT_TRUE(PlanPush(options, {})->rows.use_updated_at);
  options.updated_at = "now";
  const auto plan = PlanPush(options, {});
  EXPECT_FALSE(plan->rows.use_updated_at);
  EXPECT_EQ(plan->rows.updated_at_column, "at");
  EXPECT_FALSE(plan->settings.updated_at.has_value());
  options.updated_at = "2026-09-07T02:00:00Z";
  EXPECT_EQ(PlanPush(options, {})->settings.updated_at->seconds, 1788746400);
  options.updated_at = "2026-09-07T02:00:00";
  EXPECT_THAT(Error(options), HasSubstr("--updated-at: the time has no zone"));
}

TEST(PlanPushTest, ACursorOfMaxNeedsTimes) {
  PushOptions options = Flags();
  options.set_cursor = "max";
  EXPECT_THAT(Error(options), HasSubstr("--updated-at-column"));
  options.updated_at_column = "at";
  EXPECT_TRUE(PlanPush(options, {})->settings.cursor_is_max);
  options.updated_at = "now";
  EXPECT_FALSE(PlanPush(options, {}).ok());
  options.set_cursor = "2026-09-07T02:00:00Z";
  EXPECT_EQ(PlanPush(options, {})->settings.cursor->seconds, 1788746400);
}

TEST(PlanPushTest, ReadsTheKindOfIdentifier) {
  PushOptions options = Flags();
  options.id_kind = "user_alias:crm";
  EXPECT_EQ(PlanPush(options, {})->rows.alias_label, "crm");
  for (const char* kind : {"user_alias", "user_alias:", "id", ""}) {
    options.id_kind = kind;
    EXPECT_THAT(Error(options), HasSubstr("--id-kind")) << kind;
  }
}

TEST(PlanPushTest, RefusesWhatDoesNotFit) {
  PushOptions options = Flags();
  options.source = "Churn Model";
  EXPECT_THAT(Error(options), HasSubstr("--source"));
  options = Flags();
  options.batch_size = 5001;
  EXPECT_THAT(Error(options), HasSubstr("--batch-size"));
  options = Flags();
  options.timeout = "0s";
  EXPECT_THAT(Error(options), HasSubstr("--timeout"));
  options = Flags();
  options.columns = {"a"};
  options.exclude = {"a"};
  EXPECT_THAT(Error(options), HasSubstr("--exclude"));
  options = Flags();
  options.updated_at_column = "id";
  EXPECT_THAT(Error(options), HasSubstr("--updated-at-column"));
}

}  // namespace
}  // namespace peaksync::client

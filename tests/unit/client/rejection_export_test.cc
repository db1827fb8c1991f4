#include "client/rejection_export.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "tests/unit/client/rejection_samples.h"

namespace peaksync::client {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string Jsonl(const std::vector<v1::Rejection>& rejections) {
  std::ostringstream out;
  RejectionWriter writer(FileFormat::kJsonLines, "", out);
  for (const v1::Rejection& rejection : rejections) writer.Add(rejection, "churn");
  writer.Finish();
  return out.str();
}

TEST(RejectionExportTest, JsonLinesHoldAnUpdateWithItsReasons) {
  EXPECT_EQ(
      Jsonl({SampleRejection("c1", "plan", "gold")}),
      "{\"peaksync_id\":\"c1\",\"peaksync_updated_at\":\"2026-09-07T02:00:00Z\",\"plan\":\"gold\","
      "\"peaksync\":{\"id_kind\":\"external_id\",\"source\":\"churn\",\"rejections\":["
      "{\"attribute\":\"plan\",\"value_kept\":true,\"reason\":\"the type is wrong\","
      "\"kind\":\"braze\",\"run\":\"R1\",\"attempts\":2,"
      "\"reject_time\":\"2026-09-07T02:01:00Z\"}]}}\n");
}

TEST(RejectionExportTest, ValuesAreExact) {
  v1::Rejection rejection = SampleRejection("c1", "a", "");
  v1::Value& value = *rejection.mutable_attribute()->mutable_value();
  value.set_int64_value(9223372036854775807);
  EXPECT_THAT(Jsonl({rejection}), HasSubstr("\"a\":9223372036854775807,"));
  value.set_double_value(14.0);
  EXPECT_THAT(Jsonl({rejection}), HasSubstr("\"a\":14.0,"));
  value.set_null_value(google::protobuf::NULL_VALUE);
  EXPECT_THAT(Jsonl({rejection}), HasSubstr("\"a\":null,"));
  value.mutable_timestamp_value()->set_seconds(1788746400);
  EXPECT_THAT(Jsonl({rejection}), HasSubstr("\"a\":\"2026-09-07T02:00:00Z\","));
  value.mutable_object_value()->add_fields()->set_key("k");
  value.mutable_object_value()
      ->mutable_fields(0)
      ->mutable_value()
      ->mutable_list_value()
      ->add_values()
      ->set_bool_value(true);
  EXPECT_THAT(Jsonl({rejection}), HasSubstr("\"a\":{\"k\":[true]},"));
}

TEST(RejectionExportTest, OnlyValuesOfOneUpdateShareALine) {
  v1::Rejection later = SampleRejection("c1", "risk", "x");
  later.mutable_updated_at()->set_nanos(1);
  v1::Rejection mail = SampleRejection("", "plan", "x");
  mail.mutable_customer()->set_email("c1");
  v1::Rejection again = mail;
  std::ostringstream out;
  RejectionWriter writer(FileFormat::kJsonLines, "", out);
  writer.Add(SampleRejection("c1", "plan", "x"), "churn");
  writer.Add(SampleRejection("c1", "zip", "x"), "churn");
  writer.Add(later, "churn");
  writer.Add(later, "clv");
  writer.Add(mail, "clv");
  writer.Add(again, "clv");
  writer.Finish();
  EXPECT_EQ(writer.rejections(), 6);
  EXPECT_EQ(writer.rows(), 5);
  EXPECT_EQ(writer.targets(),
            (std::vector<PushTarget>{
                {"churn", "external_id"}, {"clv", "external_id"}, {"clv", "email"}}));
}

TEST(RejectionExportTest, AValueThatWasNotKeptIsLeftOutButNamed) {
  v1::Rejection rejection = SampleRejection("c1", "plan", "");
  rejection.mutable_attribute()->clear_value();
  EXPECT_THAT(Jsonl({rejection}), HasSubstr("\"attribute\":\"plan\",\"value_kept\":false"));
  EXPECT_THAT(Jsonl({rejection}), Not(HasSubstr("\"plan\":")));
}

TEST(RejectionExportTest, CsvQuotesWhatMustBe) {
  std::ostringstream out;
  RejectionWriter writer(FileFormat::kCsv, "", out);
  v1::Rejection rejection = SampleRejection("c,1", "plan", "say \"hi\"\n");
  rejection.mutable_customer()->mutable_user_alias()->set_alias_name("n");
  rejection.mutable_customer()->mutable_user_alias()->set_alias_label("crm");
  writer.Add(rejection, "churn");
  writer.Finish();
  EXPECT_EQ(out.str(),
            "customer,id_kind,attribute,value,updated_at,reason,kind,source,run,attempts,"
            "reject_time\n"
            "n,user_alias:crm,plan,\"say \"\"hi\"\"\n\",2026-09-07T02:00:00Z,the type is wrong,"
            "braze,churn,R1,2,2026-09-07T02:01:00Z\n");
}

TEST(RejectionExportTest, AnAttributeNamedLikeAnotherColumnLeavesTheHeaderAlone) {
  std::ostringstream out;
  RejectionWriter writer(FileFormat::kCsv, "reason", out);
  EXPECT_THAT(out.str(), HasSubstr("attribute,value,updated_at,reason,"));
  EXPECT_EQ(PushCommand("f.csv", FileFormat::kCsv, "reason", {"churn", "external_id"}), "");
}

TEST(RejectionExportTest, TheCommandToPushIsSafeForAShell) {
  EXPECT_EQ(PushCommand("my file's.jsonl", FileFormat::kJsonLines, "", {"", "user_alias:a b"}),
            "peaksync push 'my file'\\''s.jsonl' --format jsonl --source SOURCE --id-column "
            "peaksync_id --id-kind 'user_alias:a b' --updated-at-column peaksync_updated_at "
            "--exclude peaksync");
  EXPECT_EQ(PushCommand("f.csv", FileFormat::kCsv, "", {"churn", "external_id"}), "");
}

}  // namespace
}  // namespace peaksync::client

#include <string>
#include <vector>

#include "tests/unit/mockbraze/service_fixture.h"

namespace mockbraze {
namespace {

// What a workspace's settings do to answers; sections 1.1, 1.6, 4.3, 4.4, 11 and 12 of the
// contract.
class MockWorkspace : public ServiceFixture {
 protected:
  void Configure(const std::string& settings) {
    const Response response = Control("/_mock/workspace", settings);
    EXPECT_EQ(response.status, 200) << response.body;
  }
};

TEST_F(MockWorkspace, BatchLimitHasAllModes) {
  // Section 12, 1: "75 combined / 75 per array / 50 combined / planned 5"; section 1.6: 400 "Max
  // Input Length Exceeded".
  std::string events = R"("events":[)";
  for (int i = 0; i < 75; ++i) {
    events +=
        (i > 0 ? "," : "") + std::string(R"({"external_id":"1","name":"e","time":"2026-01-01"})");
  }
  const std::string both = ManyObjects(75).substr(0, ManyObjects(75).size() - 1) + "," + events;
  EXPECT_EQ(Track(both + "]}").body, R"({"message":"Max Input Length Exceeded"})");
  Configure(R"({"batch_limit":"legacy-75-per-array"})");
  EXPECT_EQ(Track(both + "]}").status, 201);
  EXPECT_EQ(Track(ManyObjects(76)).status, 400);
  Configure(R"({"batch_limit":"combined-50"})");
  EXPECT_EQ(Track(ManyObjects(50)).status, 201);
  EXPECT_EQ(Track(ManyObjects(51)).status, 400);
  Configure(R"({"batch_limit":5})");
  EXPECT_EQ(Track(ManyObjects(5)).status, 201);
  EXPECT_EQ(Track(ManyObjects(6)).status, 400);
}

TEST_F(MockWorkspace, WrongHostIs401) {
  // Section 1.1: "the right key on the wrong cluster is a 401".
  Configure(R"({"host":"rest.fra-01.braze.eu"})");
  const auto status = [&](const char* host) {
    return Send("POST", "/users/track", ManyObjects(1),
                {{"Authorization", "Bearer k"}, {"Host", host}})
        .status;
  };
  EXPECT_EQ(status("rest.iad-01.braze.com"), 401);
  EXPECT_EQ(status("rest.fra-01.braze.eu:443"), 201);
}

TEST_F(MockWorkspace, InactiveAccountIs403) {
  // Section 4.3: 403 "Forbidden: plan or inactivated account".
  Configure(R"({"account_active":false})");
  const Response response = Set(R"("a":1)");
  EXPECT_EQ(response.status, 403);
  EXPECT_EQ(response.body, R"({"message":"Forbidden"})");
}

TEST_F(MockWorkspace, UnknownKeyMayBe404) {
  // Section 12, 9: 404 "invalid URL / unknown key".
  Configure(R"({"keys":[{"key":"right"}],"unknown_key_status":404})");
  EXPECT_EQ(Track(ManyObjects(1), "wrong").status, 404);
}

TEST_F(MockWorkspace, MaintenanceQueues) {
  // Section 4.4: "HTTP 202 with {"message": "queued"}; received and queued".
  Configure(R"({"maintenance":true})");
  const Response response = Set(R"("a":1)");
  EXPECT_EQ(response.status, 202);
  EXPECT_EQ(response.body, R"({"message":"queued"})");
  EXPECT_EQ(Attributes(), R"({"a":1})");
}

TEST_F(MockWorkspace, OversizeStatusHasBothReadings) {
  // Section 12, 8: 413 or 400; "mock 413 track, 400 bulk".
  const std::string large(std::size_t{2} * 1024 * 1024 + 1, ' ');
  const Headers key = {{"Authorization", "Bearer k"}};
  EXPECT_EQ(Send("POST", "/users/track/bulk", large, key).body,
            R"({"message":"Request Entity Too Large"})");
  EXPECT_EQ(Send("POST", "/users/track/bulk", large, key).status, 400);
  EXPECT_EQ(Send("POST", "/users/track", large + large, key).status, 413);
  Configure(R"({"oversize_status":413})");
  EXPECT_EQ(Send("POST", "/users/track/bulk", large, key).status, 413);
  Configure(R"({"oversize_status":400})");
  EXPECT_EQ(Send("POST", "/users/track", large + large, key).status, 400);
}

TEST_F(MockWorkspace, ShowsChangesBitByBitWhenProcessingIsPartial) {
  // Section 11, read-your-writes: "a profile read within 1 s of the 201 was stale or partial";
  // "only 7 users existed, without their attributes yet".
  Configure(R"({"processing_delay_ms":1000,"partial_processing":true})");
  Track(ManyObjects(50));
  bool some_without_attributes = false;
  bool some_missing = false;
  std::int64_t before = 0;
  for (int step = 0; step < 10; ++step) {
    const std::int64_t profiles = Stat("profiles");
    EXPECT_GE(profiles, before);
    before = profiles;
    some_missing = some_missing || (profiles > 0 && profiles < 50);
    for (int i = 0; i < 50; ++i) {
      some_without_attributes = some_without_attributes || Attributes(std::to_string(i)) == "{}";
    }
    clock_.Advance(std::chrono::milliseconds(100));
  }
  EXPECT_TRUE(some_missing);
  EXPECT_TRUE(some_without_attributes);
  for (int i = 0; i < 50; ++i) EXPECT_EQ(Attributes(std::to_string(i)), R"({"a":1})");
}

TEST_F(MockWorkspace, KeepsTheOrderOfOneUsersUpdatesWhileProcessingIsPartial) {
  Configure(R"({"processing_delay_ms":1000,"partial_processing":true})");
  for (int i = 1; i <= 20; ++i) {
    Set(R"("n":)" + std::to_string(i));
    clock_.Advance(std::chrono::milliseconds(1));
  }
  Configure(R"({"processing_delay_ms":1})");
  Set(R"("n":21)");
  clock_.Advance(std::chrono::seconds(2));
  EXPECT_EQ(Attributes(), R"({"n":21})");
}

TEST_F(MockWorkspace, RecordsWhatItDoesNotAct) {
  const Headers key = {{"Authorization", "Bearer k"}};
  for (const char* path : {"/messages/send", "/campaigns/trigger/send", "/canvas/trigger/send",
                           "/subscription/status/set"}) {
    const Response response = Send("POST", path, R"({"campaign_id":"c"})", key);
    EXPECT_EQ(response.status, 201) << path;
    EXPECT_EQ(response.body, R"({"message":"success"})") << path;
    const Value seen = Parsed(Get("/_mock/requests?limit=1").body);
    EXPECT_EQ(*seen.Find("requests")->list()->front().Find("path"), Value(path));
  }
}

// The answers to a story of requests under faults, without ids and times.
std::vector<std::string> AnswersTo(WorkspaceSet& workspaces, ManualScheduler& scheduler) {
  Service service(workspaces, scheduler);
  std::vector<std::string> answers;
  for (int i = 0; i < 400; ++i) {
    Request request{"POST",
                    i % 7 == 0 ? "/users/export/ids" : "/users/track",
                    "",
                    {{"authorization", "Bearer k"}},
                    ManyObjects(1 + i % 9),
                    false};
    service.Handle(std::move(request), [&](Response response) {
      std::string text = std::to_string(static_cast<int>(response.wire)) + " " +
                         std::to_string(response.status) + " " + response.body;
      for (const auto& [name, value] : response.headers) {
        if (name != "x-request-id" && name != "x-runtime") text += " " + name + "=" + value;
      }
      answers.push_back(std::move(text));
    });
  }
  return answers;
}

TEST_F(MockWorkspace, SameSeedAndRequestsGiveTheSameAnswersByteForByte) {
  Options options;
  options.seed = 42;
  options.faults = ParseFaults({"status=503,rate=0.1", "object-error,rate=0.2", "reset,rate=0.1",
                                "slow=1s,rate=0.1", "unnamed-error,rate=0.1"})
                       .value();
  WorkspaceSet first(options, clock_);
  WorkspaceSet second(options, clock_);
  options.seed = 43;
  WorkspaceSet other(options, clock_);
  const auto answers = AnswersTo(first, scheduler_);
  EXPECT_EQ(answers.size(), 400U);
  EXPECT_EQ(answers, AnswersTo(second, scheduler_));
  EXPECT_NE(answers, AnswersTo(other, scheduler_));
}

}  // namespace
}  // namespace mockbraze

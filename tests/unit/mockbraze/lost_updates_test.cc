#include <string>

#include "tests/unit/mockbraze/service_fixture.h"

namespace mockbraze {
namespace {

// Requests are in flight until the scheduler runs.
class LostUpdate : public ServiceFixture {
 protected:
  LostUpdate() {
    Options options;
    options.settings.latency = std::chrono::milliseconds(400);
    options.settings.lost_updates = true;
    Restart(options);
  }
  void Fly(const std::string& members) {
    Begin("POST", "/users/track", R"({"attributes":[{"external_id":"u",)" + members + "}]}",
          {{"Authorization", "Bearer k"}});
  }
};

TEST_F(LostUpdate, HappensToTwoRequestsInFlightForOneUser) {
  // Section 1.10: "two simultaneous updates of different attributes of one user can overwrite each
  // other, because the second starts from the old profile".
  Set(R"("old":0)");
  Fly(R"("a":1)");
  Fly(R"("b":2)");
  EXPECT_EQ(Attributes(), R"({"old":0})");
  scheduler_.RunAll();
  EXPECT_EQ(Attributes(), R"({"old":0,"b":2})");
  EXPECT_EQ(Stat("lost_updates"), 1);
}

TEST_F(LostUpdate, DoesNotHappenOneAfterTheOther) {
  // Section 1.10: "wait for each success before the next".
  Set(R"("a":1)");
  Set(R"("b":2)");
  EXPECT_EQ(Attributes(), R"({"a":1,"b":2})");
  EXPECT_EQ(Stat("lost_updates"), 0);
}

TEST_F(LostUpdate, DoesNotHappenToDifferentUsers) {
  // Section 1.10: "Parallel requests are allowed for different users".
  Fly(R"("a":1)");
  Begin("POST", "/users/track", R"({"attributes":[{"external_id":"v","b":2}]})",
        {{"Authorization", "Bearer k"}});
  scheduler_.RunAll();
  EXPECT_EQ(Attributes("u") + Attributes("v"), R"({"a":1}{"b":2})");
}

TEST_F(LostUpdate, DoesNotHappenToWhoBeganAfterTheAnswer) {
  Control("/_mock/workspace", R"({"processing_delay_ms":100})");
  Set(R"("a":1)");  // answered, not processed yet
  Set(R"("b":2)");
  clock_.Advance(std::chrono::milliseconds(100));
  EXPECT_EQ(Attributes(), R"({"a":1,"b":2})");
}

TEST_F(LostUpdate, HappensToOneUserByTwoIdentifiers) {
  // Section 1.10: "two simultaneous updates of different attributes of one user can overwrite each
  // other".
  Set(R"("old":0,"email":"a@b.co")");
  Fly(R"("a":1)");
  Begin("POST", "/users/track", R"({"attributes":[{"email":"a@b.co","b":2}]})",
        {{"Authorization", "Bearer k"}});
  scheduler_.RunAll();
  EXPECT_EQ(Attributes(), R"({"old":0,"b":2})");
  EXPECT_EQ(Stat("lost_updates"), 1);
}

TEST_F(LostUpdate, RequestFromBeforeAResetIsForgotten) {
  Fly(R"("a":1)");
  Begin("POST", "/_mock/reset");
  scheduler_.RunAll();
  EXPECT_EQ(Stat("profiles"), 0);
  Set(R"("b":2)");
  EXPECT_EQ(Attributes(), R"({"b":2})");
}

TEST_F(LostUpdate, LosesAUserThatTheOtherMade) {
  Fly(R"("a":1,"email":"a@b.co")");
  Fly(R"("b":2)");
  scheduler_.RunAll();
  EXPECT_EQ(Attributes(), R"({"b":2})");
  EXPECT_EQ(Get("/_mock/users?email=a@b.co").status, 404);
}

TEST_F(LostUpdate, HappensOnlyWhenAskedFor) {
  Control("/_mock/workspace", R"({"lost_updates":false})");
  Fly(R"("a":1)");
  Fly(R"("b":2)");
  scheduler_.RunAll();
  EXPECT_EQ(Attributes(), R"({"a":1,"b":2})");
}

TEST_F(LostUpdate, EndsWithRefusedRequestsToo) {
  Fly(R"("email":"no address")");
  Fly(R"("a":1)");
  scheduler_.RunAll();
  Set(R"("b":2)");
  EXPECT_EQ(Attributes(), R"({"a":1,"b":2})");
}

}  // namespace
}  // namespace mockbraze

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/waiter.h"
#include "tests/unit/client/fake_service.h"

namespace peaksync::client {
namespace {

class WaitForRunTest : public ::testing::Test {
 protected:
  WaitForRunTest() {
    options_.deadline = absl::Now() + absl::Seconds(30);
    options_.backoff_min = absl::Milliseconds(1);
    v1::SyncRun run;
    run.set_run_id("R1");
    run.set_state(v1::SYNC_RUN_STATE_COMPLETED);
    service_.other_runs.push_back(run);
    run_.set_run_id("R1");
    run_.set_state(v1::SYNC_RUN_STATE_RECEIVED);
  }
  absl::StatusOr<WaitResult> Wait() {
    const auto channel = service_.Connect();
    return WaitForRun(*channel, run_, options_,
                      [&](const v1::SyncRun&, std::string_view trouble) { trouble_ += trouble; });
  }

  FakeService service_;
  WaitOptions options_;
  v1::SyncRun run_;  // As it was last heard of.
  std::string trouble_;
};

TEST_F(WaitForRunTest, EndsWithTheRun) {
  const auto result = Wait();
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->end, WaitEnd::kDone);
  EXPECT_EQ(result->run.state(), v1::SYNC_RUN_STATE_COMPLETED);
}

// News that were lost on the way do not make a step wait for ever.
TEST_F(WaitForRunTest, AWatchThatIsSilentIsAskedAnew) {
  service_.silent_watches = 2;
  options_.silence_max = absl::Milliseconds(10);
  const auto result = Wait();
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->end, WaitEnd::kDone);
  EXPECT_EQ(trouble_, "");
}

TEST_F(WaitForRunTest, EndsInTime) {
  service_.silent_watches = 1;
  options_.deadline = absl::Now() + absl::Milliseconds(50);
  const auto result = Wait();
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->end, WaitEnd::kTimedOut);
}

}  // namespace
}  // namespace peaksync::client

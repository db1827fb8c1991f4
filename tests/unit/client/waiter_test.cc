#include "client/waiter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/backoff.h"

namespace peaksync::client {
namespace {

constexpr absl::Time kBegin = absl::UnixEpoch();

v1::SyncRun Waiting(v1::DeliveryStatus::State state) {
  v1::SyncRun run;
  run.set_state(v1::SYNC_RUN_STATE_RECEIVED);
  run.mutable_delivery()->set_state(state);
  return run;
}

TEST(WaitPolicyTest, EndsWhenTheRunIsFinal) {
  WaitPolicy policy(kBegin + absl::Hours(1), absl::Seconds(30));
  v1::SyncRun run = Waiting(v1::DeliveryStatus::STATE_PAUSED);
  run.set_state(v1::SYNC_RUN_STATE_COMPLETED);
  EXPECT_EQ(policy.Judge(run, kBegin + absl::Hours(2)), WaitEnd::kDone);
}

TEST(WaitPolicyTest, EndsWhenPausedForTooLong) {
  WaitPolicy policy(kBegin + absl::Hours(1), absl::Seconds(30));
  const v1::SyncRun paused = Waiting(v1::DeliveryStatus::STATE_PAUSED);
  EXPECT_EQ(policy.Judge(paused, kBegin + absl::Seconds(100)), std::nullopt);
  EXPECT_EQ(policy.next_change(), kBegin + absl::Seconds(130));
  EXPECT_EQ(policy.Judge(paused, kBegin + absl::Seconds(129)), std::nullopt);
  EXPECT_EQ(policy.Judge(paused, kBegin + absl::Seconds(130)), WaitEnd::kPaused);
}

TEST(WaitPolicyTest, APauseThatEndsIsForgotten) {
  WaitPolicy policy(kBegin + absl::Hours(1), absl::Seconds(30));
  policy.Judge(Waiting(v1::DeliveryStatus::STATE_PAUSED), kBegin);
  policy.Judge(Waiting(v1::DeliveryStatus::STATE_RUNNING), kBegin + absl::Seconds(20));
  EXPECT_EQ(policy.Judge(Waiting(v1::DeliveryStatus::STATE_PAUSED), kBegin + absl::Seconds(40)),
            std::nullopt);
}

TEST(WaitPolicyTest, BackingOffIsNotPaused) {
  WaitPolicy policy(kBegin + absl::Hours(1), absl::Seconds(30));
  const v1::SyncRun run = Waiting(v1::DeliveryStatus::STATE_BACKING_OFF);
  EXPECT_EQ(policy.Judge(run, kBegin), std::nullopt);
  EXPECT_EQ(policy.Judge(run, kBegin + absl::Minutes(59)), std::nullopt);
  EXPECT_EQ(policy.Judge(run, kBegin + absl::Hours(1)), WaitEnd::kTimedOut);
}

TEST(WaitErrorTest, SaysWhyAndHowMuchWaits) {
  WaitResult result{Waiting(v1::DeliveryStatus::STATE_PAUSED), WaitEnd::kPaused};
  result.run.set_run_id("R1");
  result.run.mutable_delivery()->set_reason("the key is refused");
  result.run.mutable_delivery()->set_waiting_values(4380);
  const std::string message(WaitError(result, {}).message());
  EXPECT_THAT(message, ::testing::HasSubstr("the key is refused"));
  EXPECT_THAT(message, ::testing::HasSubstr("4,380 values"));
  EXPECT_THAT(message, ::testing::HasSubstr("runs watch R1"));
}

TEST(BackoffTest, DoublesItsBoundAndTakesARandomPartOfIt) {
  double part = 1.0;
  Backoff backoff([&part] { return part; }, absl::Seconds(1), absl::Seconds(5));
  EXPECT_EQ(backoff.Next(), absl::Seconds(1));
  EXPECT_EQ(backoff.Next(), absl::Seconds(2));
  part = 0.5;
  EXPECT_EQ(backoff.Next(), absl::Seconds(2));
  part = 1.0;
  EXPECT_EQ(backoff.Next(), absl::Seconds(5));
  backoff.Reset();
  EXPECT_EQ(backoff.Next(), absl::Seconds(1));
}

}  // namespace
}  // namespace peaksync::client

#include "client/exit_status.h"

#include <gtest/gtest.h>

namespace peaksync::client {
namespace {

v1::SyncRun In(v1::SyncRunState state) {
  v1::SyncRun run;
  run.set_state(state);
  return run;
}

TEST(ExitStatusTest, OfErrors) {
  const auto of = [](absl::StatusCode code) { return ExitStatusOf(absl::Status(code, "x")); };
  for (const auto code : {absl::StatusCode::kUnavailable, absl::StatusCode::kDeadlineExceeded,
                          absl::StatusCode::kAborted, absl::StatusCode::kResourceExhausted}) {
    EXPECT_EQ(of(code), ExitStatus::kNotFinished);
  }
  EXPECT_EQ(of(absl::StatusCode::kInvalidArgument), ExitStatus::kUsage);
  EXPECT_EQ(of(absl::StatusCode::kUnimplemented), ExitStatus::kUsage);
  EXPECT_EQ(of(absl::StatusCode::kUnauthenticated), ExitStatus::kNotPermitted);
  EXPECT_EQ(of(absl::StatusCode::kPermissionDenied), ExitStatus::kNotPermitted);
  EXPECT_EQ(of(absl::StatusCode::kFailedPrecondition), ExitStatus::kNeedsPerson);
}

TEST(ExitStatusTest, OfRuns) {
  EXPECT_EQ(ExitStatusOf(In(v1::SYNC_RUN_STATE_COMPLETED), 0, false), ExitStatus::kDone);
  EXPECT_EQ(ExitStatusOf(In(v1::SYNC_RUN_STATE_RECEIVED), 0, false), ExitStatus::kDone);
  EXPECT_EQ(ExitStatusOf(In(v1::SYNC_RUN_STATE_COMPLETED_WITH_REJECTIONS), 0, false),
            ExitStatus::kRejections);
  EXPECT_EQ(ExitStatusOf(In(v1::SYNC_RUN_STATE_FAILED), 0, true), ExitStatus::kNeedsPerson);
  EXPECT_EQ(ExitStatusOf(In(v1::SYNC_RUN_STATE_CANCELED), 0, true), ExitStatus::kNeedsPerson);
  EXPECT_EQ(ExitStatusOf(In(v1::SYNC_RUN_STATE_ABANDONED), 0, true), ExitStatus::kNotFinished);
}

TEST(ExitStatusTest, InvalidRowsOfTheClientCountUnlessAllowed) {
  const v1::SyncRun run = In(v1::SYNC_RUN_STATE_COMPLETED);
  EXPECT_EQ(ExitStatusOf(run, 1, false), ExitStatus::kRejections);
  EXPECT_EQ(ExitStatusOf(run, 1, true), ExitStatus::kDone);
}

TEST(ExitStatusTest, InvalidValuesOfARunThatIsNotWaitedForCount) {
  v1::SyncRun run = In(v1::SYNC_RUN_STATE_RECEIVED);
  run.mutable_values()->set_invalid(1);
  EXPECT_EQ(ExitStatusOf(run, 0, false), ExitStatus::kRejections);
}

}  // namespace
}  // namespace peaksync::client

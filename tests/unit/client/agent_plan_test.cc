#include "client/agent_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/limits.h"

namespace peaksync::client {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const absl::Time kNoon = absl::FromUnixSeconds(1'788'782'400);  // 2026-09-07 12:00 UTC.

Job MakeJob(const std::string& name, const char* schedule = "0 * * * *") {
  Job job;
  job.name = name;
  job.schedule = JobSchedule{schedule, *Schedule::Parse(schedule), absl::UTCTimeZone()};
  return job;
}

absl::Time At(int minutes) { return kNoon + absl::Minutes(minutes); }

TEST(AgentPlan, StartsAJobAtItsSlotsAndNotBefore) {
  AgentPlan plan({MakeJob("a")}, {}, At(5));
  EXPECT_THAT(plan.Start(At(5)), IsEmpty());
  EXPECT_EQ(plan.NextStart(), At(60));
  EXPECT_THAT(plan.Start(At(59)), IsEmpty());
  EXPECT_THAT(plan.Start(At(60)), ElementsAre("a"));
  EXPECT_THAT(plan.Start(At(61)), IsEmpty());
  plan.Ended("a", ExitStatus::kDone, At(62));
  EXPECT_EQ(plan.NextStart(), At(120));
}

TEST(AgentPlan, RunsMissedSlotsOnce) {
  AgentPlan plan({MakeJob("a")}, {{"a", At(-600)}}, At(5));
  EXPECT_THAT(plan.Start(At(5)), ElementsAre("a"));
  plan.Ended("a", ExitStatus::kDone, At(6));
  EXPECT_THAT(plan.Start(At(7)), IsEmpty());
  EXPECT_EQ(plan.NextStart("a"), At(60));
}

TEST(AgentPlan, NeverRunsAJobTwiceAtATime) {
  AgentPlan plan({MakeJob("a")}, {}, At(5));
  EXPECT_THAT(plan.Start(At(60)), ElementsAre("a"));
  EXPECT_THAT(plan.Start(At(185)), IsEmpty());  // Two slots have come meanwhile.
  plan.Ended("a", ExitStatus::kRejections, At(190));
  EXPECT_THAT(plan.Start(At(190)), ElementsAre("a"));
  plan.Ended("a", ExitStatus::kDone, At(191));
  EXPECT_THAT(plan.Start(At(191)), IsEmpty());
}

TEST(AgentPlan, TriesAgainWhatCouldNotFinishLessAndLessOften) {
  AgentPlan plan({MakeJob("a", "@daily")}, {{"a", At(-1'440)}}, At(5));
  absl::Time now = At(5);
  for (const int minutes : {1, 2, 4, 8, 16, 32, 60, 60}) {
    EXPECT_THAT(plan.Start(now), ElementsAre("a"));
    plan.Ended("a", minutes == 4 ? std::nullopt : std::optional(ExitStatus::kNotFinished), now);
    EXPECT_EQ(plan.NextStart(), now + absl::Minutes(minutes));
    now = plan.NextStart();
  }
  EXPECT_EQ(plan.done().at("a"), At(-1'440));  // Also after a restart it is still to do.
  EXPECT_THAT(plan.Start(now), ElementsAre("a"));
  plan.Ended("a", ExitStatus::kDone, now);
  EXPECT_EQ(plan.done().at("a"), now);
  EXPECT_EQ(plan.NextStart(), kNoon + absl::Hours(12));
}

TEST(AgentPlan, DoesNotRepeatWhatAPersonMustLookAt) {
  for (const ExitStatus exit : {ExitStatus::kUsage, ExitStatus::kRejections,
                                ExitStatus::kNotPermitted, ExitStatus::kNeedsPerson}) {
    AgentPlan plan({MakeJob("a")}, {}, At(5));
    plan.Start(At(60));
    plan.Ended("a", exit, At(61));
    EXPECT_EQ(plan.NextStart(), At(120));
  }
}

TEST(AgentPlan, RunsSomeAtATime) {
  std::vector<Job> jobs;
  for (int i = 0; i < limits::kAgentRunsMax + 2; ++i)
    jobs.push_back(MakeJob(std::string(1, 'a' + static_cast<char>(i))));
  AgentPlan plan(jobs, {}, At(5));
  EXPECT_THAT(plan.Start(At(60)), SizeIs(limits::kAgentRunsMax));
  EXPECT_EQ(plan.NextStart(), absl::InfiniteFuture());
  plan.Ended("a", ExitStatus::kDone, At(61));
  EXPECT_THAT(plan.Start(At(61)), SizeIs(1));
}

TEST(AgentPlan, TakesOtherJobsAndLetsRunningOnesGoOn) {
  AgentPlan plan({MakeJob("a"), MakeJob("b")}, {}, At(5));
  plan.Start(At(60));
  Job never;
  never.name = "c";
  plan.Reconfigure({MakeJob("b", "30 * * * *"), MakeJob("d"), never}, At(61));
  EXPECT_EQ(plan.running(), 2);
  plan.Ended("a", ExitStatus::kDone, At(62));
  plan.Ended("b", ExitStatus::kDone, At(62));
  EXPECT_EQ(plan.NextStart("a"), std::nullopt);
  EXPECT_EQ(plan.NextStart("b"), At(90));
  EXPECT_EQ(plan.NextStart("c"), std::nullopt);
  EXPECT_EQ(plan.NextStart("d"), At(120));
}

TEST(AgentPlan, AClockThatWasSetBackKeepsNoJobWaiting) {
  AgentPlan plan({MakeJob("a")}, {{"a", At(5'000)}}, At(5));
  EXPECT_EQ(plan.NextStart(), At(60));
}

TEST(DoneUntil, IsReadAsItWasWritten) {
  const DoneUntil done = {{"a", At(0)}, {"b-2", At(7)}};
  EXPECT_EQ(ReadDoneUntil(WriteDoneUntil(done)), done);
  EXPECT_EQ(ReadDoneUntil("a 2026-09-07T12:00:00Z\nrubbish\nb soon\nc"), (DoneUntil{{"a", At(0)}}));
}

}  // namespace
}  // namespace peaksync::client

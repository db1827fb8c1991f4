#include "client/rejection_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/table.h"
#include "tests/unit/client/rejection_samples.h"

namespace peaksync::client {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(OneLineTest, ShortensByCharactersAndTakesControlsAway) {
  EXPECT_EQ(OneLine("äöü", 3), "äöü");
  EXPECT_EQ(OneLine("äöüß", 3), "äö…");
  EXPECT_EQ(OneLine("a\x1b[2J\nb\x7f\xC2\x9B", 20), "a [2J b  ");
}

TEST(GridTest, AlignsByCharacters) { EXPECT_EQ(Grid({{"ä", "1"}, {"bb", "2"}}), "ä   1\nbb  2\n"); }

TEST(RejectionsTableTest, LongValuesAreShortenedAndMissingOnesNamed) {
  v1::Rejection rejection = SampleRejection("c1", "plan", std::string(500, 'x'));
  EXPECT_THAT(RejectionsTable({rejection}, 0), AllOf(HasSubstr("xxx…"), Not(HasSubstr("more"))));
  rejection.mutable_attribute()->clear_value();
  rejection.mutable_customer()->set_email("a@b.c");
  EXPECT_THAT(RejectionsTable({rejection}, 0),
              AllOf(HasSubstr("(not kept)"), HasSubstr("email a@b.c")));
  EXPECT_THAT(RejectionsJson({rejection}, 0),
              AllOf(HasSubstr("\"value_kept\": false"), HasSubstr("\"id_kind\": \"email\"")));
}

TEST(CancelTableTest, SaysWhatIsStillDelivered) {
  v1::SyncRun run;
  run.set_run_id("R1");
  run.set_state(v1::SYNC_RUN_STATE_CANCELED);
  run.mutable_values()->set_received(15);
  run.mutable_values()->set_discarded(12);
  run.mutable_values()->set_pending(3);
  EXPECT_THAT(CancelTable(run),
              AllOf(HasSubstr("R1 CANCELED"), HasSubstr("12 values of it were discarded"),
                    HasSubstr("3 are still delivered"), HasSubstr("runs show R1")));
}

}  // namespace
}  // namespace peaksync::client

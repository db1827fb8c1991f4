// Each row of the table in docs/design.md section 4, alone, and which row goes before which.
#include "server/ledger/decide.h"

#include <gtest/gtest.h>

#include <deque>
#include <limits>
#include <string>

namespace peaksync {
namespace {

class DecideTest : public ::testing::Test {
 protected:
  void Known(const Value& value, UnixNanos updated_at) {
    known_.value = KnownValue::Of(value);
    known_.updated_at = updated_at;
    view_.known = &known_;
  }
  void KnownIsUnknown(UnixNanos updated_at) {
    known_.value = KnownValue::Unknown();
    known_.updated_at = updated_at;
    view_.known = &known_;
    view_.known_is_unknown = true;
  }
  UnderWay& Waiting(Value value, UnixNanos updated_at) {
    view_.waiting = UnderWay{&values_.emplace_back(std::move(value)), updated_at};
    return *view_.waiting;
  }
  void InFlight(Value value, UnixNanos updated_at) {
    view_.in_flight = UnderWay{&values_.emplace_back(std::move(value)), updated_at};
    view_.customer_in_flight = true;
  }
  Decision Decide(const Value& value, UnixNanos updated_at) const {
    return peaksync::Decide(view_, value, updated_at, options_);
  }

  KnownAttribute known_;
  AttributeView view_;
  DecideOptions options_;

 private:
  std::deque<Value> values_;
};

Value Text(const char* text) { return Value::Text(text); }
Value List(std::string json) {
  const std::string comparable = json;
  return Value::List(std::move(json), comparable);
}

// Nothing known.

TEST_F(DecideTest, SendsTheFirstValue) { EXPECT_EQ(Decide(Text("A"), 1), Decision::kSend); }

TEST_F(DecideTest, SendsTheFirstNullAndNotTheSecond) {
  EXPECT_EQ(Decide(Value(), 1), Decision::kSend);
  Known(Value(), 1);
  EXPECT_EQ(Decide(Value(), 2), Decision::kUnchanged);
}

TEST_F(DecideTest, SendsNullOverAValueAndAValueOverNull) {
  Known(Text("A"), 1);
  EXPECT_EQ(Decide(Value(), 2), Decision::kSend);
  Known(Value(), 1);
  EXPECT_EQ(Decide(Text(""), 2), Decision::kSend);
  EXPECT_EQ(Decide(Value::Integer(0), 2), Decision::kSend);
  EXPECT_EQ(Decide(Value::Bool(false), 2), Decision::kSend);
}

// Against the confirmed value.

TEST_F(DecideTest, DoesNotSendWhatBrazeHas) {
  Known(Text("A"), 5);
  EXPECT_EQ(Decide(Text("A"), 6), Decision::kUnchanged);
  EXPECT_EQ(Decide(Text("A"), 5), Decision::kUnchanged);
  EXPECT_EQ(Decide(Text("A"), 4), Decision::kUnchanged);
}

TEST_F(DecideTest, SendsADifferentValueUnlessItIsOlder) {
  Known(Text("A"), 5);
  EXPECT_EQ(Decide(Text("B"), 6), Decision::kSend);
  EXPECT_EQ(Decide(Text("B"), 5), Decision::kSend);
  EXPECT_EQ(Decide(Text("B"), 4), Decision::kStale);
}

TEST_F(DecideTest, TellsTypesApart) {
  Known(Value::Integer(1), 1);
  EXPECT_EQ(Decide(Text("1"), 2), Decision::kSend);
  EXPECT_EQ(Decide(Value::Bool(true), 2), Decision::kSend);
  EXPECT_EQ(Decide(Value(), 2), Decision::kSend);
}

TEST_F(DecideTest, ComparesNumbersByExactValue) {
  Known(Value::Integer(14), 1);
  EXPECT_EQ(Decide(Value::Double(14.0), 2), Decision::kUnchanged);
  EXPECT_EQ(Decide(Value::Double(14.5), 2), Decision::kSend);
  Known(Value::Integer(9007199254740993), 1);
  EXPECT_EQ(Decide(Value::Double(9007199254740992.0), 2), Decision::kSend);
  Known(Value::Double(-0.0), 1);
  EXPECT_EQ(Decide(Value::Integer(0), 2), Decision::kUnchanged);
  Known(Value::Integer(std::numeric_limits<std::int64_t>::max()), 1);
  EXPECT_EQ(Decide(Value::Double(0x1p63), 2), Decision::kSend);
  Known(Value::Integer(std::numeric_limits<std::int64_t>::min()), 1);
  EXPECT_EQ(Decide(Value::Double(-0x1p63), 2), Decision::kUnchanged);
}

TEST_F(DecideTest, ComparesListsInTheirOrder) {
  Known(List("[1,2]"), 1);
  EXPECT_EQ(Decide(List("[1,2]"), 2), Decision::kUnchanged);
  EXPECT_EQ(Decide(List("[2,1]"), 2), Decision::kSend);
}

// Unknown.

TEST_F(DecideTest, SendsOverAnUnknownValueEvenTheSame) {
  KnownIsUnknown(5);
  EXPECT_EQ(Decide(Text("A"), 5), Decision::kSend);
  Known(Text("A"), 5);
  view_.known_is_unknown = true;  // By an epoch.
  EXPECT_EQ(Decide(Text("A"), 6), Decision::kSend);
}

TEST_F(DecideTest, KeepsTheTimeOfAnUnknownValue) {
  KnownIsUnknown(5);
  EXPECT_EQ(Decide(Text("A"), 4), Decision::kStale);
  Known(Text("A"), 5);
  view_.known_is_unknown = true;
  EXPECT_EQ(Decide(Text("A"), 4), Decision::kStale);
}

// FULL.

TEST_F(DecideTest, SendsWhatBrazeHasWhenForced) {
  Known(Text("A"), 5);
  options_.force = true;
  EXPECT_EQ(Decide(Text("A"), 6), Decision::kSend);
  EXPECT_EQ(Decide(Text("A"), 4), Decision::kSend);
}

TEST_F(DecideTest, NeverForcesAnOlderValueOverANewerOne) {
  Known(Text("A"), 5);
  options_.force = true;
  EXPECT_EQ(Decide(Text("B"), 4), Decision::kStale);
}

TEST_F(DecideTest, JoinsTheWaitingValueAlsoWhenForced) {
  Known(Text("A"), 5);
  Waiting(Text("A"), 6);
  options_.force = true;
  EXPECT_EQ(Decide(Text("A"), 7), Decision::kJoin);
}

TEST_F(DecideTest, DoesNotCancelOutWhatAFullRunWaitsFor) {
  Known(Text("A"), 1);
  Waiting(Text("B"), 2).forced = true;
  EXPECT_EQ(Decide(Text("A"), 3), Decision::kSend);
}

TEST_F(DecideTest, ForcesANumberNearerThanMinChange) {
  options_ = {.force = true, .round = std::nullopt, .min_change = 0.1};
  Known(Value::Double(0.5), 1);
  EXPECT_EQ(Decide(Value::Double(0.51), 2), Decision::kSend);
}

// Waiting.

TEST_F(DecideTest, JoinsTheEqualValueThatWaits) {
  Waiting(Text("B"), 5);
  EXPECT_EQ(Decide(Text("B"), 6), Decision::kJoin);
  EXPECT_EQ(Decide(Text("B"), 4), Decision::kJoin);
}

TEST_F(DecideTest, ReplacesTheWaitingValueByANewerOne) {
  Known(Text("A"), 1);
  Waiting(Text("B"), 5);
  EXPECT_EQ(Decide(Text("C"), 6), Decision::kSend);
  EXPECT_EQ(Decide(Text("C"), 5), Decision::kSend);
  EXPECT_EQ(Decide(Text("C"), 4), Decision::kStale);
}

TEST_F(DecideTest, MeasuresStalenessByWhatWaitsNotByWhatIsConfirmed) {
  Known(Text("A"), 1);
  Waiting(Text("B"), 5);
  EXPECT_EQ(Decide(Text("A"), 4), Decision::kStale);
}

// A FULL run lets an equal value of an older time wait: the confirmed one's time still counts.
TEST_F(DecideTest, MeasuresStalenessByTheNewestOfAllTimes) {
  Known(Text("A"), 5);
  Waiting(Text("A"), 1);
  EXPECT_EQ(Decide(Text("B"), 4), Decision::kStale);
  EXPECT_EQ(Decide(Text("B"), 5), Decision::kSend);
}

TEST_F(DecideTest, CancelsOutWhatWasNeverSent) {
  Known(Text("A"), 1);
  Waiting(Text("B"), 2);
  EXPECT_EQ(Decide(Text("A"), 3), Decision::kCancelOut);
}

TEST_F(DecideTest, DoesNotCancelOutWhatMayHaveBeenSent) {
  Known(Text("A"), 1);
  Waiting(Text("B"), 2).may_have_been_sent = true;
  EXPECT_EQ(Decide(Text("A"), 3), Decision::kSend);
}

TEST_F(DecideTest, DoesNotCancelOutAgainstAnUnknownValue) {
  Known(Text("A"), 1);
  view_.known_is_unknown = true;
  Waiting(Text("B"), 2);
  EXPECT_EQ(Decide(Text("A"), 3), Decision::kSend);
}

// In flight.

TEST_F(DecideTest, WaitsBehindTheCustomersRequest) {
  Known(Text("A"), 1);
  view_.customer_in_flight = true;  // With other attributes.
  EXPECT_EQ(Decide(Text("A"), 2), Decision::kSend);
  InFlight(Text("B"), 2);
  EXPECT_EQ(Decide(Text("A"), 3), Decision::kSend);
  EXPECT_EQ(Decide(Text("B"), 3), Decision::kSend);
  EXPECT_EQ(Decide(Text("B"), 1), Decision::kSend);  // Equal is never stale.
}

TEST_F(DecideTest, IsStaleAgainstWhatIsInFlight) {
  Known(Text("A"), 1);
  InFlight(Text("B"), 5);
  EXPECT_EQ(Decide(Text("A"), 4), Decision::kStale);
  EXPECT_EQ(Decide(Text("C"), 4), Decision::kStale);
}

TEST_F(DecideTest, JoinsWhatWaitsBehindTheRequest) {
  InFlight(Text("A"), 1);
  Waiting(Text("B"), 2);
  EXPECT_EQ(Decide(Text("B"), 3), Decision::kJoin);
  EXPECT_EQ(Decide(Text("A"), 3), Decision::kSend);
}

// What waits behind the request may be equal to what it carries, and older.
TEST_F(DecideTest, IsStaleAgainstWhatIsInFlightAlsoWhenAnOlderEqualValueWaits) {
  InFlight(Text("A"), 5);
  Waiting(Text("A"), 1);
  EXPECT_EQ(Decide(Text("B"), 3), Decision::kStale);
}

TEST_F(DecideTest, DoesNotWeighMinChangeWhileTheCustomerIsInFlight) {
  options_.min_change = 0.1;
  Known(Value::Double(0.5), 1);
  view_.customer_in_flight = true;
  EXPECT_EQ(Decide(Value::Double(0.51), 2), Decision::kSend);
}

// round.

TEST_F(DecideTest, RoundsTheConfirmedValueToo) {
  Known(Value::Double(0.123456), 1);  // Confirmed before the rule was there.
  EXPECT_EQ(Decide(Value::Double(0.1235), 2), Decision::kSend);
  options_.round = 4;
  EXPECT_EQ(Decide(Value::Double(0.1235), 2), Decision::kUnchanged);
  EXPECT_EQ(Decide(Value::Double(0.1234), 2), Decision::kSend);
}

TEST_F(DecideTest, RoundsTheWaitingValueToo) {
  Waiting(Value::Double(0.123456), 1);
  options_.round = 4;
  EXPECT_EQ(Decide(Value::Double(0.1235), 2), Decision::kJoin);
}

TEST_F(DecideTest, RoundsToAnInteger) {
  Known(Value::Integer(1), 1);
  options_.round = 0;
  EXPECT_EQ(Decide(Value::Double(1.0), 2), Decision::kUnchanged);
  Known(Value::Double(-0.4), 1);
  EXPECT_EQ(Decide(Value::Double(0.0), 2), Decision::kUnchanged);
}

// min_change.

TEST_F(DecideTest, TakesASmallerDifferenceForUnchanged) {
  options_.min_change = 0.005;
  Known(Value::Double(0.5), 1);
  EXPECT_EQ(Decide(Value::Double(0.5049), 2), Decision::kUnchanged);
  EXPECT_EQ(Decide(Value::Double(0.4951), 2), Decision::kUnchanged);
}

TEST_F(DecideTest, SendsADifferenceOfExactlyMinChange) {
  options_.min_change = 0.005;
  Known(Value::Double(0.5), 1);
  EXPECT_EQ(Decide(Value::Double(0.505), 2), Decision::kSend);
  EXPECT_EQ(Decide(Value::Double(0.495), 2), Decision::kSend);
  options_.min_change = 0.1;
  Known(Value::Double(0.3), 1);
  EXPECT_EQ(Decide(Value::Double(0.4), 2), Decision::kSend);
  EXPECT_EQ(Decide(Value::Double(0.2), 2), Decision::kSend);
  options_.min_change = 5;
  Known(Value::Integer(100), 1);
  EXPECT_EQ(Decide(Value::Integer(104), 2), Decision::kUnchanged);
  EXPECT_EQ(Decide(Value::Integer(105), 2), Decision::kSend);
}

TEST_F(DecideTest, AppliesMinChangeBetweenNumbersOnly) {
  options_.min_change = 5;
  Known(Value::Integer(100), 1);
  EXPECT_EQ(Decide(Text("101"), 2), Decision::kSend);
  EXPECT_EQ(Decide(Value(), 2), Decision::kSend);
  Known(Text("100"), 1);
  EXPECT_EQ(Decide(Value::Integer(101), 2), Decision::kSend);
}

TEST_F(DecideTest, JoinsTheWaitingNumberWithinMinChange) {
  options_.min_change = 0.005;
  Known(Value::Double(0.5), 1);
  Waiting(Value::Double(0.6), 2);
  EXPECT_EQ(Decide(Value::Double(0.603), 3), Decision::kJoin);
  EXPECT_EQ(Decide(Value::Double(0.605), 3), Decision::kSend);
}

TEST_F(DecideTest, CancelsOutWithinMinChangeOfTheConfirmedNumber) {
  options_.min_change = 0.005;
  Known(Value::Double(0.5), 1);
  Waiting(Value::Double(0.6), 2);
  EXPECT_EQ(Decide(Value::Double(0.503), 3), Decision::kCancelOut);
  view_.waiting->may_have_been_sent = true;
  EXPECT_EQ(Decide(Value::Double(0.503), 3), Decision::kSend);
}

TEST_F(DecideTest, IsStaleBeforeItIsInsignificant) {
  options_.min_change = 0.005;
  Known(Value::Double(0.5), 5);
  EXPECT_EQ(Decide(Value::Double(0.501), 4), Decision::kStale);
}

TEST_F(DecideTest, MeasuresMinChangeAfterRounding) {
  options_.round = 2;
  options_.min_change = 0.01;
  Known(Value::Double(0.504), 1);  // 0.50
  EXPECT_EQ(Decide(Value::Double(0.51), 2), Decision::kSend);
}

TEST_F(DecideTest, LeavesTheNewestPairOfExtremeNumbersApart) {
  options_.min_change = 1;
  Known(Value::Integer(std::numeric_limits<std::int64_t>::min()), 1);
  EXPECT_EQ(Decide(Value::Integer(std::numeric_limits<std::int64_t>::max()), 2), Decision::kSend);
  Known(Value::Double(-1.7e308), 1);
  EXPECT_EQ(Decide(Value::Double(1.7e308), 2), Decision::kSend);
}

}  // namespace
}  // namespace peaksync

// How far requests may have come is on disk before they start: after a crash only customers of whom
// one may still be running wait until it is over (rule 4).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/unit/server/ledger/ledger_fixture.h"

namespace peaksync::testing {
namespace {

using ::testing::Contains;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

class TenantLedgerSent : public TenantLedgerTest {
 protected:
  void SetUp() override {
    sent_ahead_ = 2;
    TenantLedgerTest::SetUp();
  }
  // c0 … c9 with a = 1, one update each, in this order.
  std::string PushTen() {
    const std::string run = Start();
    for (int i = 0; i < 10; ++i) PushTo(run, {{"c" + std::to_string(i), {{"a", 1}}}}, At(1));
    return run;
  }
  Objects LeaseSome(int objects) {
    Objects leased;
    for (LeasedBatch& batch :
         ledger_->Lease({.batches_max = 1, .objects_max = objects, .partial = true})) {
      for (LeasedObject& object : batch) leased.push_back(std::move(object));
    }
    return leased;
  }
  static std::vector<std::string> Ids(const Objects& objects) {
    std::vector<std::string> ids;
    for (const LeasedObject& object : objects) ids.push_back(object.customer.id);
    return ids;
  }
};

TEST_F(TenantLedgerSent, WhatWasNeverSentDoesNotWaitAfterACrash) {
  PushTen();
  const std::vector<std::string> sent = Ids(LeaseSome(3));
  EXPECT_THAT(sent, SizeIs(3));
  Crash();
  const std::vector<std::string> at_once = Ids(LeaseAll());
  EXPECT_THAT(at_once, SizeIs(5)) << "three sent, two more written down as sent";
  for (const std::string& id : sent) EXPECT_THAT(at_once, Not(Contains(id)));
  clock_.Advance(limits::kLostOutcomeWait);
  EXPECT_THAT(LeaseAll(), SizeIs(5));
}

TEST_F(TenantLedgerSent, ASecondCrashForgetsNothing) {
  PushTen();
  LeaseSome(3);
  Crash();
  clock_.Advance(limits::kLostOutcomeWait / 2);
  LeaseSome(1);
  Crash();
  for (const std::string& id : Ids(LeaseAll())) EXPECT_GT(id, "c4");
}

TEST_F(TenantLedgerSent, ACustomerOfWhomARequestMayRunWaitsWithItsNewerValues) {
  const std::string run = PushTen();
  const std::string sent = Ids(LeaseSome(1)).front();
  PushTo(run, {{sent, {{"b", 1}}}}, At(2));
  Crash();
  EXPECT_THAT(Ids(LeaseAll()), Not(Contains(sent)));
}

// Its values are gone from the outbox, but not its request.
TEST_F(TenantLedgerSent, AllWaitAfterACrashWhileACanceledValueMayBeOnItsWay) {
  const std::string run = Push({{"jo", {{"a", 1}}}}, At(1));
  Settle(LeaseAll(), Kind::kReturned, clock_.Steady() + limits::kLostOutcomeWait);
  EXPECT_THAT(InGroup([&] { return ledger_->CancelRun(run); }), IsOk());
  Crash();
  Push({{"jo", {{"a", 2}}}}, At(2));
  EXPECT_THAT(LeaseAll(), IsEmpty());
  clock_.Advance(limits::kLostOutcomeWait);
  EXPECT_THAT(LeaseAll(), SizeIs(1));
}

// What may have been sent is never cancelled out; what was certainly not, is.
TEST_F(TenantLedgerSent, OnlyWhatWasCertainlyNotSentCancelsOutAfterACrash) {
  std::vector<Update> ten;
  for (int i = 0; i < 10; ++i) ten.push_back({"c" + std::to_string(i), {{"a", 0}}});
  Push(ten, At(0));
  Confirm();
  PushTen();
  const std::vector<std::string> sent = Ids(LeaseSome(1));
  Crash();
  const std::string run = Push(ten, At(2));
  EXPECT_EQ(Values(run).unchanged, 8) << "one sent, one more written down as sent";
  clock_.Advance(limits::kLostOutcomeWait);
  EXPECT_THAT(Ids(LeaseAll()), Contains(sent.front()));
}

TEST_F(TenantLedgerSent, AFoldKeepsHowFarRequestsCame) {
  PushTen();
  Settle(LeaseSome(1), Kind::kConfirmed);
  const std::vector<std::string> sent = Ids(LeaseSome(1));
  FoldAll();
  Crash();
  const std::vector<std::string> at_once = Ids(LeaseAll());
  EXPECT_THAT(at_once, Not(IsEmpty()));
  EXPECT_THAT(at_once, Not(Contains(sent.front())));
}

// Each lease needs a commit then.
TEST_F(TenantLedgerSent, EverythingIsSentInTheEnd) {
  sent_ahead_ = 0;
  Reopen();
  PushTen();
  std::vector<std::string> ids;
  for (Objects some = LeaseSome(1); !some.empty(); some = LeaseSome(1)) {
    ids.push_back(some.front().customer.id);
    Settle(some, Kind::kConfirmed);
  }
  EXPECT_THAT(ids, SizeIs(10));
}

}  // namespace
}  // namespace peaksync::testing

#include "server/ledger/waiting_set.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

#include "server/base/limits.h"

namespace peaksync {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr std::int64_t kNoLimit = std::numeric_limits<std::int64_t>::max();

class WaitingSetTest : public ::testing::Test {
 protected:
  // A value of `size` bytes for the customer, who stands in the queue from `now_` on.
  WaitingCustomer& Add(const std::string& id, std::uint32_t attribute_id = 1,
                       std::size_t size = 10) {
    WaitingCustomer& customer = set_.At(HashOf(id), id, {IdentifierKind::kExternalId, id, ""});
    if (customer.waiting.empty()) customer.since = now_;
    Slot slot;
    slot.attribute_id = attribute_id;
    slot.value = Value::Text(std::string(size, 'x'));
    slot.claims.push_back({++outbox_id_});
    customer.waiting.push_back(std::move(slot));
    set_.Place(customer, now_);
    return customer;
  }
  std::vector<WaitingCustomer*> Take(int objects_max = 100, std::int64_t bytes_max = kNoLimit,
                                     bool partial = true) {
    return set_.TakeBatch(objects_max, bytes_max, partial, now_, &next_lease_);
  }
  void End(WaitingCustomer& customer, absl::Time not_before = absl::InfinitePast()) {
    customer.in_flight.clear();
    customer.not_before = not_before;
    set_.EndLease(customer);
    set_.Place(customer, now_);
  }
  void Return(WaitingCustomer& customer, absl::Time not_before) {
    for (Slot& slot : customer.in_flight) customer.waiting.push_back(std::move(slot));
    End(customer, not_before);
  }
  static std::vector<std::string> Keys(const std::vector<WaitingCustomer*>& batch) {
    std::vector<std::string> keys;
    for (const WaitingCustomer* customer : batch) keys.push_back(customer->key);
    return keys;
  }

  WaitingSet set_;
  absl::Time now_ = absl::FromUnixSeconds(1'790'000'000);
  LeaseId next_lease_ = 1;
  OutboxId outbox_id_ = 0;
};

TEST_F(WaitingSetTest, ServesFirstComeFirst) {
  Add("c");
  Add("a");
  Add("b");
  Add("c", 2);  // Keeps its turn.
  EXPECT_THAT(Keys(Take(2)), ElementsAre("c", "a"));
  EXPECT_THAT(Keys(Take(2)), ElementsAre("b"));
  EXPECT_THAT(Take(2), IsEmpty());
}

TEST_F(WaitingSetTest, HandsOutACustomerOnceOnly) {
  WaitingCustomer& customer = Add("a");
  ASSERT_THAT(Keys(Take()), ElementsAre("a"));
  Add("a", 2);
  EXPECT_THAT(Take(), IsEmpty());
  EXPECT_EQ(set_.Ready(now_).customers, 0);
  End(customer);
  EXPECT_THAT(Keys(Take()), ElementsAre("a"));
}

TEST_F(WaitingSetTest, FindsACustomerByItsLeaseWhileItLasts) {
  WaitingCustomer& customer = Add("a");
  EXPECT_EQ(set_.FindLease(1), nullptr);
  Take();
  EXPECT_EQ(set_.FindLease(1), &customer);
  EXPECT_THAT(customer.waiting, IsEmpty());
  EXPECT_EQ(customer.in_flight.size(), 1u);
  End(customer);
  EXPECT_EQ(set_.FindLease(1), nullptr);
  EXPECT_EQ(set_.Find(HashOf("a"), "a"), nullptr);
}

TEST_F(WaitingSetTest, NeverGivesALeaseTwice) {
  WaitingCustomer& customer = Add("a");
  Take();
  const LeaseId first = customer.lease;
  Add("a", 2);
  End(customer);
  Take();
  EXPECT_NE(customer.lease, first);
}

TEST_F(WaitingSetTest, KeepsAPartialBatchBackUntilItIsWanted) {
  Add("a");
  Add("b");
  EXPECT_THAT(Take(3, kNoLimit, /*partial=*/false), IsEmpty());
  EXPECT_EQ(set_.Ready(now_).customers, 2);
  Add("c");
  EXPECT_THAT(Keys(Take(3, kNoLimit, /*partial=*/false)), ElementsAre("a", "b", "c"));
}

TEST_F(WaitingSetTest, CountsABatchThatIsFullByBytesAsFull) {
  Add("a", 1, 5'000);
  Add("b", 1, 5'000);
  EXPECT_THAT(Take(100, 12'000, /*partial=*/false), IsEmpty());
  Add("c", 1, 5'000);
  EXPECT_THAT(Keys(Take(100, 12'000, /*partial=*/false)), ElementsAre("a", "b"));
  EXPECT_THAT(Keys(Take(100, 12'000, /*partial=*/true)), ElementsAre("c"));
}

TEST_F(WaitingSetTest, TakesAnObjectAloneThatIsLargerThanABatch) {
  Add("a", 1, 50'000);
  Add("b");
  EXPECT_THAT(Keys(Take(100, 10'000)), ElementsAre("a"));
  EXPECT_THAT(Keys(Take(100, 10'000)), ElementsAre("b"));
}

// Merging must not make an object larger than any single update could be.
TEST_F(WaitingSetTest, SplitsACustomerWithMoreThanOneObjectMayHold) {
  WaitingCustomer* customer = nullptr;
  for (std::uint32_t id = 1; id <= 15; ++id) customer = &Add("a", id, 90'000);
  std::vector<std::uint32_t> sent;
  while (set_.Find(HashOf("a"), "a") != nullptr) {
    ASSERT_THAT(Keys(Take()), ElementsAre("a"));
    std::size_t bytes = 0;
    for (const Slot& slot : customer->in_flight) {
      bytes += slot.value.json().size();
      sent.push_back(slot.attribute_id);
    }
    EXPECT_LE(bytes, limits::kObjectBytesMax);
    ASSERT_GT(bytes, 0u);
    End(*customer);
  }
  EXPECT_THAT(sent, ElementsAre(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15));
  EXPECT_EQ(set_.bytes(), 0);
}

TEST_F(WaitingSetTest, DelaysACustomerUntilItsTime) {
  WaitingCustomer& customer = Add("a");
  Take();
  const absl::Time then = now_ + absl::Seconds(10);
  Return(customer, then);
  EXPECT_THAT(Take(), IsEmpty());
  EXPECT_EQ(set_.Ready(now_).customers, 0);
  EXPECT_EQ(set_.Ready(now_).next_delayed, then);
  Add("a", 2);  // What is new waits with it.
  EXPECT_THAT(Take(), IsEmpty());
  now_ = then - absl::Nanoseconds(1);
  EXPECT_THAT(Take(), IsEmpty());
  now_ = then;
  EXPECT_EQ(set_.Ready(now_).customers, 1);
  EXPECT_EQ(set_.Ready(now_).next_delayed, absl::InfiniteFuture());
  EXPECT_THAT(Keys(Take()), ElementsAre("a"));
  EXPECT_EQ(customer.in_flight.size(), 2u);
}

TEST_F(WaitingSetTest, TellsSinceWhenTheOldestWaits) {
  EXPECT_EQ(set_.Ready(now_).oldest, absl::InfiniteFuture());
  const absl::Time first = now_;
  Add("a");
  now_ += absl::Milliseconds(50);
  Add("b");
  EXPECT_EQ(set_.Ready(now_).oldest, first);
  Take(1);
  EXPECT_EQ(set_.Ready(now_).oldest, first + absl::Milliseconds(50));
}

TEST_F(WaitingSetTest, FlushesThoseWhoAreReadyAndNoLaterOnes) {
  Add("a");
  Add("b");
  set_.FlushReady();
  Add("c");
  EXPECT_EQ(set_.Ready(now_).flush_customers, 2);
  Take(1);
  EXPECT_EQ(set_.Ready(now_).flush_customers, 1);
  Take(2);
  EXPECT_EQ(set_.Ready(now_).flush_customers, 0);
}

TEST_F(WaitingSetTest, ForgetsTheFlushOfACustomerThatLeaves) {
  WaitingCustomer& customer = Add("a");
  set_.FlushReady();
  customer.waiting.clear();  // Cancelled out.
  set_.Place(customer, now_);
  EXPECT_EQ(set_.Ready(now_).flush_customers, 0);
  EXPECT_EQ(set_.Ready(now_).bytes, 0);
  EXPECT_EQ(set_.bytes(), 0);
}

TEST_F(WaitingSetTest, AccountsForBytesUntilNothingIsLeft) {
  Add("a", 1, 1'000);
  const std::int64_t one = set_.bytes();
  EXPECT_GT(one, 1'000);
  EXPECT_EQ(set_.Ready(now_).bytes, one);
  WaitingCustomer& a = Add("a", 2, 1'000);
  Add("b", 1, 1'000);
  EXPECT_GT(set_.bytes(), 2 * one);
  EXPECT_EQ(set_.Ready(now_).bytes, set_.bytes());
  const auto batch = Take();
  EXPECT_EQ(set_.Ready(now_).bytes, 0);
  EXPECT_GT(set_.bytes(), 2 * one);  // In flight counts.
  Return(a, now_ + absl::Seconds(10));
  Add("a", 3, 1'000);
  EXPECT_EQ(set_.Ready(now_).bytes, 0);
  now_ += absl::Seconds(10);
  Take();
  End(a);
  End(*batch[1]);
  EXPECT_EQ(set_.bytes(), 0);
  EXPECT_EQ(set_.customers(), 0);
  EXPECT_EQ(set_.Ready(now_), ReadyState{});
}

TEST_F(WaitingSetTest, ForgetsSlotsButNotWhoIsInFlight) {
  WaitingCustomer& sent = Add("sent");
  Take();
  Add("sent", 2);
  Add("ready");
  WaitingCustomer& delayed = Add("delayed");
  delayed.not_before = now_ + absl::Seconds(10);
  set_.FlushReady();
  set_.ForgetSlots();
  EXPECT_EQ(set_.customers(), 1);
  EXPECT_EQ(set_.Ready(now_), ReadyState{});
  EXPECT_EQ(set_.Find(HashOf("sent"), "sent"), &sent);
  EXPECT_TRUE(sent.released);
  Add("sent", 1);  // Read back.
  EXPECT_THAT(Take(), IsEmpty());
  End(sent);
  EXPECT_THAT(Keys(Take()), ElementsAre("sent"));
  EXPECT_FALSE(sent.released);
  End(sent);
  EXPECT_EQ(set_.bytes(), 0);
}

// A lost answer's wait outlasts the rebuilding of the set: the lost request may still be on its
// way.
TEST_F(WaitingSetTest, RemembersADelayWhenSlotsAreForgotten) {
  WaitingCustomer& customer = Add("a");
  Take();
  const absl::Time then = now_ + absl::Seconds(10);
  Return(customer, then);
  set_.ForgetSlots();
  EXPECT_EQ(set_.Ready(now_), ReadyState{});
  Add("a");
  EXPECT_THAT(Take(), IsEmpty());
  EXPECT_EQ(set_.Ready(now_).next_delayed, then);
}

}  // namespace
}  // namespace peaksync

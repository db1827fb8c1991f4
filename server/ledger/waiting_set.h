#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/inlined_vector.h"
#include "absl/time/time.h"
#include "server/domain/customer.h"
#include "server/domain/update.h"
#include "server/ledger/customer_bucket.h"
#include "server/ledger/journal.h"
#include "server/ledger/ledger.h"

namespace peaksync {

// An update's stake in a value under way: it ends as the value ends, or, where a newer value has
// overtaken its own, as superseded once that one is settled.
struct Claim {
  OutboxId outbox_id = 0;
  bool overtaken = false;
};

// One attribute's value under way, and whose it is.
struct Slot {
  std::uint32_t attribute_id = 0;
  std::uint32_t source_id = 0;
  UnixNanos updated_at = 0;
  Value value;
  // A request with it, or with a value it overtook, was started and never clearly answered.
  bool may_have_been_sent = false;
  // A FULL run, or resend_after, wants it sent unless it was confirmed since this time; 0: none
  // does.
  UnixNanos forced_since = 0;
  std::int32_t attempts = 0;  // How often it was refused before: it is retried.
  absl::InlinedVector<Claim, 1> claims;
};

// A customer with values under way: waiting to be leased, or in flight.
struct WaitingCustomer {
  CustomerHash hash = 0;
  std::string key;
  Customer customer;
  std::vector<Slot> waiting;
  std::vector<Slot> in_flight;
  OutboxId last_claim = 0;  // The newest on anything that waits.
  LeaseId lease = 0;        // Not 0: in flight.
  bool released = false;    // In flight before a reload; its answer only frees the customer.
  absl::Time since;         // Since when something waits.
  absl::Time not_before = absl::InfinitePast();
  std::int64_t bytes = 0;  // Of all slots and the customer itself, by estimate.

  // What is confirmed of it, packed, as long as nobody else has its hash; absent: to be read.
  std::optional<std::string> known;

  Slot* FindWaiting(std::uint32_t attribute_id);
  const Slot* FindInFlight(std::uint32_t attribute_id) const;
  bool in_queue() const { return place != Place::kNone; }

  // Where it stands in the WaitingSet's queues; only that changes these.
  enum class Place : std::uint8_t { kNone, kReady, kDelayed } place = Place::kNone;
  WaitingCustomer* ready_before = nullptr;
  WaitingCustomer* ready_after = nullptr;
  std::multimap<absl::Time, WaitingCustomer*>::iterator delayed_at;
  bool flush = false;
  std::unique_ptr<WaitingCustomer> same_hash;  // The next one.
};

// All customers of a tenant with values under way, and the order in which they are leased: first
// come, first served; those that must wait (a lost answer) come when their time has come. In memory
// only: the outbox on disk is what is durable, and from it this is rebuilt.
//
// It knows nothing of decisions, runs or disks. Thread safety: none.
class WaitingSet {
 public:
  // Finds or adds. The pointer lives until Erase.
  WaitingCustomer& At(CustomerHash hash, std::string_view key, const Customer& customer);
  WaitingCustomer* Find(CustomerHash hash, std::string_view key);
  // Whether any customer with this hash is in the set.
  bool Holds(CustomerHash hash) const { return customers_.contains(hash); }
  // Bring what Find and FindLease will look at nearer, while something else is done.
  void Prefetch(CustomerHash hash) const { customers_.prefetch(hash); }
  void PrefetchLease(LeaseId lease) const { leases_.prefetch(lease); }
  // Nobody else in the set has its hash.
  bool IsAlone(const WaitingCustomer& customer) const {
    const WaitingCustomer& first = *customers_.at(customer.hash);
    return &first == &customer && first.same_hash == nullptr;
  }
  WaitingCustomer* FindLease(LeaseId lease);

  // Nobody is ready before then: requests of a process that was killed may still be running, and
  // nobody knows whose.
  void DelayAll(absl::Time not_before) { all_not_before_ = not_before; }

  // All customers, in no order. The pointers live until Place.
  std::vector<WaitingCustomer*> All();

  // Puts the customer where it belongs, after its slots or times have changed: into a queue when it
  // has something waiting and is not in flight, out of the set when nothing is under way.
  void Place(WaitingCustomer& customer, absl::Time now);

  // Everything ready now does not wait for linger: a run has received its last batch.
  void FlushReady();

  // Takes a batch of ready customers, marks them in flight and moves their waiting slots there.
  // Empty when there are too few and `partial` is not wanted, or a claim of theirs may not be sent.
  std::vector<WaitingCustomer*> TakeBatch(int objects_max, std::int64_t bytes_max, bool partial,
                                          absl::Time now, std::uint64_t* next_lease);

  // Customers with a claim that is newer are not taken before this is called again.
  void AllowClaimsUpTo(OutboxId id) { claim_max_ = id; }
  // The newest claim of a batch that was taken, or was not for its sake.
  OutboxId claim_wanted() const { return claim_wanted_; }
  // The lease is over; the caller has emptied or moved back the slots in flight.
  void EndLease(WaitingCustomer& customer);

  // Forgets all but who is in flight, since their answers are still to come (rule 4), and who must
  // wait until when.
  void ForgetSlots();

  // Customers that are not in the set must wait: a request of theirs may be running.
  bool HasUnseenDelays(absl::Time now);

  // Nobody is in flight, and nobody waits for a lost request to be over.
  bool IsQuiet(absl::Time now);

  ReadyState Ready(absl::Time now);
  std::int64_t customers() const { return count_; }
  std::int64_t bytes() const { return bytes_; }

 private:
  void PromoteDelayed(absl::Time now);
  void RememberDelay(const WaitingCustomer& customer);
  void Unqueue(WaitingCustomer& customer);
  void Erase(WaitingCustomer& customer);
  void Measure(WaitingCustomer& customer);

  absl::flat_hash_map<CustomerHash, std::unique_ptr<WaitingCustomer>> customers_;
  std::int64_t count_ = 0;
  absl::flat_hash_map<LeaseId, WaitingCustomer*> leases_;
  WaitingCustomer* first_ready_ = nullptr;
  WaitingCustomer* last_ready_ = nullptr;
  std::int64_t ready_count_ = 0;
  std::multimap<absl::Time, WaitingCustomer*> delayed_;
  // Times of customers that are not in the set any more: what they waited for was discarded, or is
  // read back from the outbox. A lost request of theirs may still be running.
  absl::flat_hash_map<std::string, absl::Time> forgotten_not_before_;
  std::multimap<absl::Time, std::string> forgotten_;  // When each of them can be left out.
  absl::Time all_not_before_ = absl::InfinitePast();
  OutboxId claim_max_ = std::numeric_limits<OutboxId>::max();
  OutboxId claim_wanted_ = 0;
  std::int64_t flush_customers_ = 0;
  std::int64_t ready_bytes_ = 0;
  std::int64_t bytes_ = 0;
};

}  // namespace peaksync

#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/ledger/customer_state.h"
#include "server/ledger/customer_table.h"
#include "server/ledger/journal.h"
#include "server/ledger/state_overlay.h"

namespace peaksync {

// What Braze has confirmed of each customer: the table customers, and over it what was written
// since the last fold. That is durable in the journal and lies in memory; one random page written
// twice for each customer would cost many times more (docs/decisions/0009-fold-late.md).
//
// Writes go to memory and to the group's JournalWriter. When the group fails, Clear and replay.
// Thread safety: none.
class ConfirmedStates {
 public:
  ConfirmedStates(LedgerStore& store, std::int64_t table_copy_bytes_max)
      : table_(store, table_copy_bytes_max) {}

  // Fills `state`; it has no attributes when nothing is known. Answers whether the customer is
  // alone with its hash. DATA_LOSS when the bytes are none of ours.
  absl::StatusOr<bool> Read(CustomerHash hash, std::string_view key, CustomerState* state);

  // Whether Read will ask the table.
  bool IsInTable(CustomerHash hash) const;

  // Brings what Read and Write will look at nearer, while something else is done; then, when that
  // has come, the bucket that they will find.
  void Prefetch(CustomerHash hash) const {
    newest_->Prefetch(hash);
    if (frozen_ != nullptr) frozen_->Prefetch(hash);
    table_.Prefetch(hash);
  }
  void PrefetchBucket(CustomerHash hash) const {
    if (newest_->PrefetchBucket(hash)) return;
    if (frozen_ != nullptr && frozen_->PrefetchBucket(hash)) return;
    table_.PrefetchBucket(hash);
  }

  // `alone`: as Read answered, and no other customer with this hash was written since.
  absl::Status Write(CustomerHash hash, std::string_view key, const CustomerState& state,
                     bool alone, JournalWriter& journal);

  // The same as Write after Touched(state, touch), far cheaper; for a customer who is alone.
  void Write(CustomerHash hash, const Touch& touch, JournalWriter& journal);

  // Of a journal that is read back.
  void Clear();
  void Replay(CustomerHash hash, std::string_view bucket) { newest_->Put(hash, bucket); }
  void Replay(CustomerHash hash, const Touch& touch) { newest_->Apply(hash, touch); }

  // Customers that were written since the last Freeze, those whose values were, and about what they
  // take in memory.
  std::int64_t unfolded_customers() const { return newest_->customers(); }
  std::int64_t unfolded_states() const { return newest_->buckets(); }
  std::int64_t unfolded_bytes() const { return newest_->bytes(); }
  // Those, and what is being folded.
  std::int64_t bytes() const {
    return newest_->bytes() + (frozen_ != nullptr ? frozen_->bytes() : 0);
  }

  CustomerTable& table() { return table_; }
  const CustomerTable& table() const { return table_; }

  // From now on writes go over what was written until now, which Fold brings into the table: hash
  // by hash, in the order of FrozenHashes.
  void Freeze();
  std::vector<CustomerHash> FrozenHashes(std::size_t shard) const { return frozen_->Sorted(shard); }
  absl::Status Fold(CustomerHash hash);
  // The whole shard is in the table.
  void ForgetFrozen(std::size_t shard) { frozen_->ClearShard(shard); }
  void Thaw() { frozen_.reset(); }

 private:
  struct Found {
    std::string_view bucket;  // Empty: none. Lives until the next call.
    std::optional<Touch> touch;
  };
  absl::StatusOr<Found> Find(CustomerHash hash);
  absl::StatusOr<std::string_view> Touched(const Found& found);

  CustomerTable table_;
  std::unique_ptr<StateOverlay> newest_ = std::make_unique<StateOverlay>();
  std::unique_ptr<StateOverlay> frozen_;
  std::string packed_;
  std::string bucket_;
  std::string touched_;
};

// Gives all values that are older than the touch its time and source. Answers how many they are.
int ApplyTouch(CustomerState& state, const Touch& touch);

}  // namespace peaksync

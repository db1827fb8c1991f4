#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/ledger/sqlite/store.h"
#include "server/ledger/state_overlay.h"

namespace peaksync {

// The table customers, and a copy of it in memory where that is worth it: a look-up in the copy
// waits for memory twice, one in the file a dozen times. It is made when as many customers were
// looked up as the file has pages, for then most pages were read anyway; shard by shard, so that no
// step of it takes long; and only of a table that fits `copy_bytes_max`. Larger ones are read from
// the file (docs/decisions/0011-table-in-memory.md).
//
// What is written and then rolled back must be followed by Clear. Thread safety: none.
class CustomerTable {
 public:
  CustomerTable(LedgerStore& store, std::int64_t copy_bytes_max)
      : store_(store), copy_bytes_max_(copy_bytes_max) {}

  // The bucket of this hash; empty when there is none. The view lives until the next call.
  absl::StatusOr<std::string_view> Read(CustomerHash hash);
  absl::Status Write(CustomerHash hash, std::string_view bucket);

  // Reads the buckets of these hashes, ascending, so that Read finds them in memory: customers of
  // many batches together stay within fewer pages than those of each batch. Only the last call
  // counts; what is beyond limits::kReadAheadBytesMax Read will read.
  absl::Status ReadAhead(const std::vector<CustomerHash>& hashes);

  // Brings what Read will look at nearer, while something else is done.
  void Prefetch(CustomerHash hash) const { copy_.Prefetch(hash); }
  void PrefetchBucket(CustomerHash hash) const { (void)copy_.PrefetchBucket(hash); }

  // Goes on with the copy where it is due: at least a shard, and some customers for each that was
  // looked up in the file since the last call.
  absl::Status CopySlice();
  // No look-up goes to the file any more.
  bool is_copied() const { return copied_shards_ == StateOverlay::kShards; }
  std::int64_t copy_bytes() const { return copy_.bytes(); }
  // Customers that take so much are about to be written: a copy that will not hold them is not kept
  // until then.
  void Expect(std::int64_t bytes);

  void Clear();

 private:
  struct Ahead {
    CustomerHash hash;
    std::uint32_t begin, size;  // Of the bucket in ahead_bytes_.
  };
  std::optional<std::string_view> FindAhead(CustomerHash hash) const;
  void ForgetAhead();
  bool IsCopied(CustomerHash hash) const { return StateOverlay::ShardOf(hash) < copied_shards_; }
  absl::StatusOr<bool> IsCopyDue();
  absl::Status CopyShard();
  void GiveUp();

  LedgerStore& store_;
  std::int64_t copy_bytes_max_;
  StateOverlay copy_;
  std::size_t copied_shards_ = 0;  // The first ones.
  std::int64_t reads_ = 0;         // In the file, since the start or the last Clear,
  std::int64_t new_reads_ = 0;     // and since the last slice.
  bool is_too_large_ = false;
  std::vector<Ahead> ahead_;  // Ascending.
  std::string ahead_bytes_;
};

}  // namespace peaksync

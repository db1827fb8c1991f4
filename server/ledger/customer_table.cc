#include "server/ledger/customer_table.h"

#include <algorithm>
#include <utility>

#include "server/base/limits.h"
#include "server/base/status_macros.h"

namespace peaksync {
namespace {

// Customers that are copied for each that was looked up in the file, so that the copy is soon done
// and those who wait meanwhile hardly notice it.
constexpr std::int64_t kCopiedPerRead = 8;

constexpr std::int64_t kPageBytes = 4'096;
// The file holds the journal and the outbox too, and is this much larger than the copy at most.
constexpr std::int64_t kFileOverCopyMax = 4;

}  // namespace

absl::StatusOr<std::string_view> CustomerTable::Read(CustomerHash hash) {
  if (IsCopied(hash)) {
    const auto found = copy_.Find(hash);
    return found ? found->bucket.value_or(std::string_view()) : std::string_view();
  }
  if (const auto ahead = FindAhead(hash)) return *ahead;
  ++reads_;
  ++new_reads_;
  return store_.ReadCustomer(hash);
}

absl::Status CustomerTable::ReadAhead(const std::vector<CustomerHash>& hashes) {
  ForgetAhead();
  for (const CustomerHash hash : hashes) {
    PEAKSYNC_ASSIGN_OR_RETURN(const std::string_view bucket, Read(hash));
    if (ahead_bytes_.size() + bucket.size() > limits::kReadAheadBytesMax) break;
    ahead_.push_back({hash, static_cast<std::uint32_t>(ahead_bytes_.size()),
                      static_cast<std::uint32_t>(bucket.size())});
    ahead_bytes_ += bucket;
  }
  return absl::OkStatus();
}

std::optional<std::string_view> CustomerTable::FindAhead(CustomerHash hash) const {
  const auto found = std::ranges::lower_bound(ahead_, hash, {}, &Ahead::hash);
  if (found == ahead_.end() || found->hash != hash) return std::nullopt;
  return std::string_view(ahead_bytes_).substr(found->begin, found->size);
}

void CustomerTable::ForgetAhead() {
  ahead_.clear();
  ahead_bytes_.clear();
}

absl::Status CustomerTable::Write(CustomerHash hash, std::string_view bucket) {
  ForgetAhead();
  PEAKSYNC_RETURN_IF_ERROR(store_.WriteCustomer(hash, bucket));
  if (!IsCopied(hash)) return absl::OkStatus();
  copy_.Put(hash, bucket);
  if (copy_.bytes() > copy_bytes_max_) GiveUp();
  return absl::OkStatus();
}

absl::StatusOr<bool> CustomerTable::IsCopyDue() {
  if (is_copied() || is_too_large_) return false;
  if (copied_shards_ != 0) return true;
  PEAKSYNC_ASSIGN_OR_RETURN(const std::int64_t pages, store_.Pages());
  return reads_ >= pages && pages * kPageBytes <= kFileOverCopyMax * copy_bytes_max_;
}

absl::Status CustomerTable::CopySlice() {
  const std::int64_t rows = kCopiedPerRead * std::exchange(new_reads_, 0);
  PEAKSYNC_ASSIGN_OR_RETURN(const bool due, IsCopyDue());
  if (!due) return absl::OkStatus();
  const std::int64_t end = copy_.customers() + rows;
  do {
    PEAKSYNC_RETURN_IF_ERROR(CopyShard());
  } while (!is_too_large_ && !is_copied() && copy_.customers() < end);
  return absl::OkStatus();
}

absl::Status CustomerTable::CopyShard() {
  PEAKSYNC_RETURN_IF_ERROR(store_.ReadCustomers(
      StateOverlay::FirstHash(copied_shards_), StateOverlay::FirstHash(copied_shards_ + 1),
      [&](std::int64_t hash, std::string_view bucket) {
        copy_.Put(static_cast<CustomerHash>(hash), bucket);
        return absl::OkStatus();
      }));
  ++copied_shards_;
  // Hashes are spread evenly, so that the first shards tell what all of them will take.
  const auto bytes = static_cast<std::size_t>(copy_.bytes()) / copied_shards_;
  if (bytes > static_cast<std::size_t>(copy_bytes_max_) / StateOverlay::kShards) GiveUp();
  return absl::OkStatus();
}

void CustomerTable::Expect(std::int64_t bytes) {
  if (bytes > copy_bytes_max_) GiveUp();
}

void CustomerTable::GiveUp() {
  Clear();
  is_too_large_ = true;
}

void CustomerTable::Clear() {
  copy_.Clear();
  copied_shards_ = 0;
  ForgetAhead();
  reads_ = new_reads_ = 0;
  is_too_large_ = false;
}

}  // namespace peaksync

#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "server/domain/update.h"
#include "server/ledger/codec.h"
#include "server/ledger/customer_bucket.h"

namespace peaksync {

using OutboxId = std::int64_t;

// When values that Braze has had already were predicted again, and by whom.
struct Touch {
  UnixNanos updated_at = 0;
  std::uint32_t source_id = 0;
  friend bool operator==(const Touch&, const Touch&) = default;
};

// Collects what one commit changes of the customers' states and of the outbox, as a row of the
// table journal. The rows, read in their order, say what the tables customers and outbox do not
// yet.
class JournalWriter {
 public:
  // Nothing waits any more of an outbox row; of one attribute of it.
  void Settled(OutboxId id);
  void Settled(OutboxId id, std::uint32_t attribute_id);
  // The customers with this hash are as the bucket says.
  void State(CustomerHash hash, std::string_view bucket);
  // All values of the only customer with this hash that are older than the touch have its time and
  // source.
  void Touched(CustomerHash hash, const Touch& touch);

  // Of outbox rows with greater ids nothing was ever sent. kAnythingSent: nobody knows of what.
  static constexpr OutboxId kAnythingSent = std::numeric_limits<OutboxId>::max();
  void SentUpTo(OutboxId id);

  bool empty() const { return payload_.empty(); }
  // The row's payload. It lives until Clear, which begins the next one.
  std::string_view payload() const { return payload_; }
  void Clear();

 private:
  PackedWriter Entry(std::uint8_t tag);
  void Hash(PackedWriter& writer, CustomerHash hash);

  std::string payload_;
  OutboxId last_id_ = 0;
  Touch last_touch_;
  bool has_touch_ = false;
};

// Is told what a payload holds, in the order in which it was written.
class JournalVisitor {
 public:
  virtual ~JournalVisitor() = default;
  virtual void Settled(OutboxId id) = 0;
  virtual void Settled(OutboxId id, std::uint32_t attribute_id) = 0;
  virtual void State(CustomerHash hash, std::string_view bucket) = 0;
  virtual void Touched(CustomerHash hash, const Touch& touch) = 0;
  virtual void SentUpTo(OutboxId id) = 0;
};

// DATA_LOSS when the bytes are none of ours.
absl::Status ReadJournal(std::string_view payload, JournalVisitor& visitor);

}  // namespace peaksync

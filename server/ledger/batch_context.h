#pragma once

#include <cstdint>
#include <string_view>

#include "server/ledger/tenant_ledger.h"

namespace peaksync {

// What the updates of one batch, or of one retry, share while they are taken in.
struct TenantLedger::BatchContext {
  ActiveRun* run = nullptr;  // Null: a batch of a settled run comes again.
  bool repeated = false;     // Already durable: lists what is invalid, changes nothing.
  std::string_view source;
  std::uint32_t source_id = 0;
  std::int64_t sequence = 0;
  UnixNanos now = 0;
  absl::Time steady_now;
  std::int32_t attempts = 0;  // How often the update's values were refused before.
  BatchReceipt receipt;
};

}  // namespace peaksync

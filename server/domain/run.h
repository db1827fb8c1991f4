#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "server/domain/update.h"

namespace peaksync {

// These numbers stand in ledgers on disk and never change.
enum class RunState : std::uint8_t {
  kOpen = 1,
  kReceived = 2,
  kCompleted = 3,
  kCompletedWithRejections = 4,
  kFailed = 5,
  kCanceled = 6,
  kAbandoned = 7,
};
// "OPEN", "RECEIVED", …: as the proto names it.
std::string_view NameOf(RunState state);

enum class RunMode : std::uint8_t { kIncremental = 1, kFull = 2 };
enum class RunKind : std::uint8_t { kStream = 1, kRetry = 2 };

// Rule 3: received = unchanged + stale + invalid + superseded + confirmed + rejected + discarded +
// pending, at every moment. Pending is counted from the outbox, never as the remainder.
struct ValueCounts {
  std::int64_t received = 0;
  std::int64_t unchanged = 0;
  std::int64_t stale = 0;
  std::int64_t invalid = 0;
  std::int64_t superseded = 0;
  std::int64_t confirmed = 0;
  std::int64_t rejected = 0;
  std::int64_t discarded = 0;
  std::int64_t pending = 0;

  std::int64_t Sum() const {
    return unchanged + stale + invalid + superseded + confirmed + rejected + discarded + pending;
  }
  friend bool operator==(const ValueCounts&, const ValueCounts&) = default;
};

// Each update once: received = invalid + changed + unchanged.
struct UpdateCounts {
  std::int64_t received = 0;
  std::int64_t invalid = 0;
  std::int64_t changed = 0;
  std::int64_t unchanged = 0;
  friend bool operator==(const UpdateCounts&, const UpdateCounts&) = default;
};

// One delivery of a source's updates, as the ledger keeps it.
struct Run {
  std::string run_id;
  std::string source;
  RunState state = RunState::kOpen;
  std::string state_reason;
  RunKind kind = RunKind::kStream;
  RunMode mode = RunMode::kIncremental;
  std::string client;
  std::string request_id;
  UnixNanos create_time = 0;
  UnixNanos default_updated_at = 0;
  std::optional<UnixNanos> receive_time;
  std::optional<UnixNanos> complete_time;
  std::int64_t last_sequence = 0;
  ValueCounts values;
  UpdateCounts updates;
  std::optional<UnixNanos> from_cursor;
  std::optional<UnixNanos> cursor;
  std::optional<UnixNanos> stale_newest_known_time;

  bool IsFinal() const { return state != RunState::kOpen && state != RunState::kReceived; }
};

// A named origin of updates.
struct Source {
  std::string name;
  std::optional<UnixNanos> cursor;
  std::optional<Run> last_run;
  std::optional<Run> last_completed_run;
  std::string full_required;  // Not empty: why its next run must be FULL.
};

// What a tenant's delivery is doing, for people.
struct DeliveryStatus {
  enum class State : std::uint8_t { kRunning, kBackingOff, kPaused };
  // Why it is not running: a closed set, for metrics. Each name stands in docs/metrics.md.
  enum class Cause : std::uint8_t {
    kNone,
    kOtherWorkspace,    // The configuration names another workspace than the ledger's.
    kKeyUnreadable,     // The key file cannot be read.
    kKeyRefused,        // 401.
    kAccessDenied,      // 403.
    kAddressUnknown,    // 404.
    kRedirect,          // 3xx, never followed.
    kUnexpectedStatus,  // One that Braze's contract does not name.
    kAcceptsNothing,    // Every object is refused, also alone.
    kRateLimited,       // 429.
    kServerError,       // 408, 5xx.
    kUnreachable,       // No request left us: DNS, refused connections, TLS.
    kNoAnswer,          // Time-outs and resets: a request may have arrived.
  };
  State state = State::kRunning;
  Cause cause = Cause::kNone;
  std::string reason;  // Ours, never Braze's body.
  std::string remedy;  // What ends it: what a person does, or that it ends by itself.
  absl::Time since = absl::UnixEpoch();
  std::optional<absl::Time> next_attempt;
  std::int64_t waiting_values = 0;
  std::int64_t waiting_customers = 0;
  std::int64_t waiting_bytes = 0;
  std::string back_pressure;  // Why streams are not read; empty: they are.
};

}  // namespace peaksync

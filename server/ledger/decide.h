#pragma once

#include <cstdint>
#include <optional>

#include "server/domain/update.h"
#include "server/domain/value.h"
#include "server/ledger/customer_state.h"

namespace peaksync {

// What is to be done with one incoming attribute value (docs/design.md section 4).
enum class Decision : std::uint8_t {
  kStale,      // Older than what is known, and different: not sent.
  kSend,       // Waits to be sent; an older value that waited gives way.
  kJoin,       // Waits with the equal value that waits already, and ends as that one ends.
  kUnchanged,  // Braze has it: not sent. A newer time is remembered.
  kCancelOut,  // Braze has it, and the other value that waited was never sent: neither is sent.
};

// A value on its way: waiting, or in flight.
struct UnderWay {
  const Value* value = nullptr;
  UnixNanos updated_at = 0;
  bool may_have_been_sent = false;
  bool forced = false;  // Waits for a FULL run: sent even if it is equal to the confirmed one.
};

// What is known of the attribute when the value comes.
struct AttributeView {
  const KnownAttribute* known = nullptr;  // Null: nothing was ever confirmed.
  bool known_is_unknown = false;          // Its epoch has passed, or the value itself is unknown.
  std::optional<UnderWay> waiting;
  std::optional<UnderWay> in_flight;
  bool customer_in_flight = false;
};

// The newest time at which anything is known of the attribute: an equal value waits with an older
// one than the confirmed value's or the one's in flight. Nothing: nothing is known.
std::optional<UnixNanos> NewestTime(const AttributeView& view);

// How the value's run and the attribute's rule want it.
struct DecideOptions {
  bool force = false;  // FULL, and not confirmed since the run began.
  std::optional<int> round;
  std::optional<double> min_change;
};

// Pure: the same arguments give the same decision. `value` is already rounded.
Decision Decide(const AttributeView& view, const Value& value, UnixNanos updated_at,
                const DecideOptions& options);

}  // namespace peaksync

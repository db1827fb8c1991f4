#include "server/ledger/decide.h"

#include <algorithm>

namespace peaksync {
namespace {

// "Exactly min_change is sent", although 0.505 - 0.5 is not exactly 0.005 in binary.
constexpr double kDifferenceSlack = 1 - 1e-9;

template <typename Other>
bool Insignificant(const Other& other, const Value& value, const DecideOptions& options) {
  if (!options.min_change) return false;
  const std::optional<double> difference = Difference(other, value, options.round);
  return difference && *difference < *options.min_change * kDifferenceSlack;
}

bool IsStale(const AttributeView& view, const Value& value, UnixNanos updated_at,
             const DecideOptions& options) {
  const std::optional<UnixNanos> newest_time = NewestTime(view);
  if (!newest_time || updated_at >= *newest_time) return false;
  // The newest that is known is what waits, else what is in flight, else what is confirmed.
  if (const auto& newest = view.waiting ? view.waiting : view.in_flight) {
    return !SameValue(*newest->value, value, options.round);
  }
  return view.known_is_unknown || !SameValue(view.known->value, value, options.round);
}

}  // namespace

std::optional<UnixNanos> NewestTime(const AttributeView& view) {
  std::optional<UnixNanos> newest;  // Nothing is less than any time.
  if (view.known != nullptr) newest = view.known->updated_at;
  if (view.in_flight) newest = std::max(newest, std::optional(view.in_flight->updated_at));
  if (view.waiting) newest = std::max(newest, std::optional(view.waiting->updated_at));
  return newest;
}

Decision Decide(const AttributeView& view, const Value& value, UnixNanos updated_at,
                const DecideOptions& options) {
  if (IsStale(view, value, updated_at, options)) return Decision::kStale;

  const bool joins = view.waiting && SameValue(*view.waiting->value, value, options.round);
  if (joins) return Decision::kJoin;
  // Decided by this table once the answer is there.
  if (view.customer_in_flight) return Decision::kSend;

  const bool unknown = view.known == nullptr || view.known_is_unknown;
  if (unknown || options.force) return Decision::kSend;

  const bool confirmed = SameValue(view.known->value, value, options.round) ||
                         Insignificant(view.known->value, value, options);
  if (!view.waiting) return confirmed ? Decision::kUnchanged : Decision::kSend;
  if (confirmed && !view.waiting->may_have_been_sent && !view.waiting->forced) {
    return Decision::kCancelOut;
  }
  if (Insignificant(*view.waiting->value, value, options)) return Decision::kJoin;
  return Decision::kSend;
}

}  // namespace peaksync

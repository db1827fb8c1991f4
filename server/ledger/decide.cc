#include "server/ledger/decide.h"

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
  // The newest that is known is what waits, else what is in flight, else what is confirmed.
  if (const auto& newest = view.waiting ? view.waiting : view.in_flight) {
    return updated_at < newest->updated_at && !SameValue(*newest->value, value, options.round);
  }
  if (view.known == nullptr || updated_at >= view.known->updated_at) return false;
  return view.known_is_unknown || !SameValue(view.known->value, value, options.round);
}

}  // namespace

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

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "server/braze/http.h"
#include "server/domain/run.h"

namespace peaksync {

// What Braze's rate headers say, in any of their documented styles (docs/braze-contract.md 1.9):
// epoch or remaining seconds, `X-Ratelimit-Retry-After`, plain `Retry-After`; empty ones are
// absent.
struct RateHints {
  std::optional<std::int64_t> limit;
  std::optional<std::int64_t> remaining;
  std::optional<absl::Duration> reset_after;  // Until the window resets.
  std::optional<absl::Duration> retry_after;  // Asked for on 429. At most one hour.
};
RateHints ReadRateHints(const HttpResponse& response, absl::Time now);

// An error entry that names an object.
struct NamedError {
  std::size_t index = 0;  // Into the request's attributes, below the number of objects.
  std::string text;       // Braze's, at most 1,000 bytes, with the tenant's key cut out.
};

// What an exchange means for its objects and for the lane (docs/design.md section 5).
struct Answer {
  enum class Kind : std::uint8_t {
    kAccepted,     // 2xx: the named objects are rejected, all others confirmed.
    kUnclear,      // 2xx with an error that names no object, or a body that is not the contract's.
    kRefused,      // 400 with errors that name objects: those are rejected, the others resent.
    kBareRefusal,  // 400 that names no object.
    kTooLarge,     // 413, or 400 "Max Input Length Exceeded".
    kDenied,       // 401, 403, 404, 3xx and other 4xx: the lane pauses.
    kRateLimited,  // 429.
    kTryLater,     // 408, 5xx, and transport failures.
  };
  Kind kind = Kind::kTryLater;
  std::vector<NamedError> errors;  // Ascending, each index once.
  // What it shows of the endpoint when the lane has to stop for it: of kUnclear, kBareRefusal and
  // kTooLarge only once nothing is accepted any more.
  DeliveryStatus::Cause cause = DeliveryStatus::Cause::kNone;
  std::string reason;  // Ours, for people; never Braze's body (a 401 echoes the key).
  // What Braze said of the request as a whole (kUnclear, kBareRefusal, kTooLarge): its message, or
  // the first error that names no object. For the rejection of an object that was alone; treated
  // like NamedError::text, and as little for status, logs or metrics. Often empty.
  std::string braze_text;
  bool may_have_been_applied = false;  // No clear answer: the objects may stand in Braze.
  bool outcome_lost = false;           // Time-out or reset: the request may still be running.
  RateHints rate;
};

// Reads the answer to a request of `objects` attributes objects. Decides by status first; bodies of
// 401, 403, 404, 429 and 5xx are not read (contract 12, row 13).
Answer ReadAnswer(const HttpResult& result, std::size_t objects, std::string_view api_key,
                  absl::Time now);

}  // namespace peaksync

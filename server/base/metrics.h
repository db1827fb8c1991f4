#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/time/time.h"

namespace peaksync {

// The closed sets of label values. Each name stands in docs/metrics.md.
enum class ValueOutcome : std::uint8_t {
  kUnchanged,
  kStale,
  kInvalid,
  kSuperseded,
  kConfirmed,
  kRejected,
  kDiscarded,
};
enum class RequestOutcome : std::uint8_t {
  kAccepted,
  kUnclear,
  kRefused,
  kBareRefusal,
  kTooLarge,
  kDenied,
  kRateLimited,
  kTryLater,
};
enum class ObjectFate : std::uint8_t { kConfirmed, kRejected, kReturned };
enum class DeliveryState : std::uint8_t { kRunning, kBackingOff, kPaused };
// Why delivery does not run; kNone: it runs.
enum class DeliveryCause : std::uint8_t {
  kNone,
  kOtherWorkspace,
  kKeyUnreadable,
  kKeyRefused,
  kAccessDenied,
  kAddressUnknown,
  kRedirect,
  kUnexpectedStatus,
  kAcceptsNothing,
  kRateLimited,
  kServerError,
  kUnreachable,
  kNoAnswer,
};
enum class RunEnd : std::uint8_t {
  kCompleted,
  kCompletedWithRejections,
  kFailed,
  kCanceled,
  kAbandoned,
};

// One tenant's metrics, resolved once, so that counting is an atomic addition and no look-up.
// Lifetime: belongs to its Metrics and lives as long. Thread safety: safe for concurrent use.
class TenantMetrics {
 public:
  virtual ~TenantMetrics() = default;

  virtual void UpdatesReceived(std::int64_t updates) = 0;
  virtual void ValuesReceived(std::int64_t values) = 0;
  virtual void Values(ValueOutcome outcome, std::int64_t values) = 0;
  virtual void SetWaiting(std::int64_t values, std::int64_t customers, std::int64_t bytes) = 0;

  virtual void BrazeRequest(RequestOutcome outcome, absl::Duration took) = 0;
  virtual void BrazeObjects(ObjectFate outcome, std::int64_t objects) = 0;
  virtual void SetRequestsInFlight(std::int64_t requests) = 0;
  virtual void SetDeliveryState(DeliveryState state) = 0;
  // `since`: when it got into its state; `next_attempt`: absent when nothing is planned.
  virtual void SetDeliveryBlocked(DeliveryCause cause, absl::Time since,
                                  std::optional<absl::Time> next_attempt) = 0;

  virtual void LedgerCommit(absl::Duration took) = 0;
  virtual void StreamOpened() = 0;
  virtual void StreamClosed() = 0;
  virtual void RunEnded(RunEnd end) = 0;
  virtual void SetMisconfigured(bool misconfigured) = 0;
};

// Every metric of the service; docs/metrics.md is the same list for people. The only labels are the
// tenant and closed sets: never a customer, an attribute or a run (rule 9), so that the number of
// series is bounded by the number of tenants. Thread safety: safe for concurrent use.
class Metrics {
 public:
  explicit Metrics(std::string_view version);
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  // The same object for the same name. All its series begin at zero, so that a rate over the first
  // minute is right.
  TenantMetrics& Tenant(const std::string& name);

  // In Prometheus' text format 0.0.4.
  std::string Serialize() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace peaksync

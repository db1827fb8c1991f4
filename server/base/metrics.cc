#include "server/base/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <array>
#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "server/base/check.h"
#include "server/base/mutex.h"

namespace peaksync {
namespace {

using prometheus::Counter;
using prometheus::Family;
using prometheus::Gauge;
using prometheus::Histogram;
using prometheus::Registry;

// In the order of the enumerators.
constexpr std::array kValueOutcomes = {"unchanged", "stale",    "invalid",  "superseded",
                                       "confirmed", "rejected", "discarded"};
constexpr std::array kRequestOutcomes = {"accepted",  "unclear", "refused",      "bare_refusal",
                                         "too_large", "denied",  "rate_limited", "try_later"};
constexpr std::array kObjectFates = {"confirmed", "rejected", "returned"};
constexpr std::array kDeliveryStates = {"running", "backing_off", "paused"};
// Without kNone, which is all of them at zero.
constexpr std::array kDeliveryCauses = {"other_workspace",   "key_unreadable",  "key_refused",
                                        "access_denied",     "address_unknown", "redirect",
                                        "unexpected_status", "accepts_nothing", "rate_limited",
                                        "server_error",      "unreachable",     "no_answer"};
constexpr std::array kRunEnds = {"completed", "completed_with_rejections", "failed", "canceled",
                                 "abandoned"};

template <typename Enum>
std::size_t Index(Enum value) {
  return static_cast<std::size_t>(value);
}

Family<Counter>& CounterFamily(Registry& registry, const char* name, const char* help) {
  return prometheus::BuildCounter().Name(name).Help(help).Register(registry);
}
Family<Gauge>& GaugeFamily(Registry& registry, const char* name, const char* help) {
  return prometheus::BuildGauge().Name(name).Help(help).Register(registry);
}
Family<Histogram>& HistogramFamily(Registry& registry, const char* name, const char* help) {
  return prometheus::BuildHistogram().Name(name).Help(help).Register(registry);
}

// Every family of the service, once.
struct Families {
  explicit Families(Registry& r)
      : updates_received(CounterFamily(r, "peaksync_updates_received_total",
                                       "Updates received from the tenant and committed.")),
        values_received(CounterFamily(r, "peaksync_values_received_total",
                                      "Attribute values received from the tenant and committed.")),
        values(CounterFamily(r, "peaksync_values_total",
                             "Attribute values that reached their final state.")),
        waiting_values(GaugeFamily(r, "peaksync_waiting_values",
                                   "Attribute values that wait for Braze, in flight included.")),
        waiting_customers(
            GaugeFamily(r, "peaksync_waiting_customers", "Customers with waiting values.")),
        waiting_bytes(GaugeFamily(r, "peaksync_waiting_bytes",
                                  "Bytes of the waiting values, bounded by max_waiting_bytes.")),
        requests(CounterFamily(r, "peaksync_braze_requests_total",
                               "Requests to Braze that ended, by what the answer means.")),
        objects(CounterFamily(r, "peaksync_braze_objects_total",
                              "Customers in requests that ended; returned ones are sent again.")),
        requests_in_flight(GaugeFamily(r, "peaksync_braze_requests_in_flight",
                                       "Requests that Braze has not answered yet.")),
        request_seconds(HistogramFamily(r, "peaksync_braze_request_seconds",
                                        "Time from sending a request to its end.")),
        commit_seconds(HistogramFamily(r, "peaksync_ledger_commit_seconds",
                                       "Time of a ledger commit, sync to disk included.")),
        delivery_state(GaugeFamily(r, "peaksync_delivery_state",
                                   "1 for the state that delivery is in, 0 for the others.")),
        delivery_blocked(GaugeFamily(
            r, "peaksync_delivery_blocked",
            "1 for the cause that delivery does not run for, 0 for all others and while it runs.")),
        delivery_since(GaugeFamily(r, "peaksync_delivery_state_since_seconds",
                                   "Unix time since which delivery is in its state.")),
        delivery_next_attempt(
            GaugeFamily(r, "peaksync_delivery_next_attempt_seconds",
                        "Unix time of the next attempt of a delivery that does not run; 0: none "
                        "is planned, or it runs.")),
        streams_open(GaugeFamily(r, "peaksync_streams_open", "Open StreamUpdates calls.")),
        runs(CounterFamily(r, "peaksync_runs_total", "Sync runs that ended, by how.")),
        misconfigured(GaugeFamily(r, "peaksync_tenant_misconfigured",
                                  "1 while the tenant is off because of its configuration.")) {}

  Family<Counter>& updates_received;
  Family<Counter>& values_received;
  Family<Counter>& values;
  Family<Gauge>& waiting_values;
  Family<Gauge>& waiting_customers;
  Family<Gauge>& waiting_bytes;
  Family<Counter>& requests;
  Family<Counter>& objects;
  Family<Gauge>& requests_in_flight;
  Family<Histogram>& request_seconds;
  Family<Histogram>& commit_seconds;
  Family<Gauge>& delivery_state;
  Family<Gauge>& delivery_blocked;
  Family<Gauge>& delivery_since;
  Family<Gauge>& delivery_next_attempt;
  Family<Gauge>& streams_open;
  Family<Counter>& runs;
  Family<Gauge>& misconfigured;
};

// Seconds. Around 0.4, Braze's usual round trip, and around 0.001, a commit on an SSD.
const Histogram::BucketBoundaries kRequestSeconds = {0.01, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6,
                                                     0.8,  1.2,   2.5,  5,   10,  30,  60};
const Histogram::BucketBoundaries kCommitSeconds = {0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025,
                                                    0.05,   0.1,   0.25,   0.5,   1,    5};

// One series for each value of a label of the family.
template <typename Metric, std::size_t kSize>
std::array<Metric*, kSize> Series(Family<Metric>& family, const std::string& tenant,
                                  const char* label, const std::array<const char*, kSize>& names) {
  std::array<Metric*, kSize> series = {};
  for (std::size_t i = 0; i < kSize; ++i) {
    series[i] = &family.Add({{"tenant", tenant}, {label, names[i]}});
  }
  return series;
}

class PrometheusTenantMetrics final : public TenantMetrics {
 public:
  PrometheusTenantMetrics(Families& families, const std::string& tenant)
      : updates_received_(families.updates_received.Add({{"tenant", tenant}})),
        values_received_(families.values_received.Add({{"tenant", tenant}})),
        values_(Series(families.values, tenant, "state", kValueOutcomes)),
        waiting_values_(families.waiting_values.Add({{"tenant", tenant}})),
        waiting_customers_(families.waiting_customers.Add({{"tenant", tenant}})),
        waiting_bytes_(families.waiting_bytes.Add({{"tenant", tenant}})),
        requests_(Series(families.requests, tenant, "outcome", kRequestOutcomes)),
        objects_(Series(families.objects, tenant, "outcome", kObjectFates)),
        requests_in_flight_(families.requests_in_flight.Add({{"tenant", tenant}})),
        request_seconds_(families.request_seconds.Add({{"tenant", tenant}}, kRequestSeconds)),
        commit_seconds_(families.commit_seconds.Add({{"tenant", tenant}}, kCommitSeconds)),
        delivery_state_(Series(families.delivery_state, tenant, "state", kDeliveryStates)),
        delivery_blocked_(Series(families.delivery_blocked, tenant, "cause", kDeliveryCauses)),
        delivery_since_(families.delivery_since.Add({{"tenant", tenant}})),
        delivery_next_attempt_(families.delivery_next_attempt.Add({{"tenant", tenant}})),
        streams_open_(families.streams_open.Add({{"tenant", tenant}})),
        runs_(Series(families.runs, tenant, "state", kRunEnds)),
        misconfigured_(families.misconfigured.Add({{"tenant", tenant}})) {}

  void UpdatesReceived(std::int64_t updates) override { Count(updates_received_, updates); }
  void ValuesReceived(std::int64_t values) override { Count(values_received_, values); }
  void Values(ValueOutcome outcome, std::int64_t values) override {
    Count(*values_.at(Index(outcome)), values);
  }
  void SetWaiting(std::int64_t values, std::int64_t customers, std::int64_t bytes) override {
    waiting_values_.Set(static_cast<double>(values));
    waiting_customers_.Set(static_cast<double>(customers));
    waiting_bytes_.Set(static_cast<double>(bytes));
  }
  void BrazeRequest(RequestOutcome outcome, absl::Duration took) override {
    requests_.at(Index(outcome))->Increment();
    request_seconds_.Observe(absl::ToDoubleSeconds(took));
  }
  void BrazeObjects(ObjectFate outcome, std::int64_t objects) override {
    Count(*objects_.at(Index(outcome)), objects);
  }
  void SetRequestsInFlight(std::int64_t requests) override {
    requests_in_flight_.Set(static_cast<double>(requests));
  }
  void SetDeliveryState(DeliveryState state) override {
    for (std::size_t i = 0; i < delivery_state_.size(); ++i) {
      delivery_state_[i]->Set(i == Index(state) ? 1 : 0);
    }
  }
  void SetDeliveryBlocked(DeliveryCause cause, absl::Time since,
                          std::optional<absl::Time> next_attempt) override {
    for (std::size_t i = 0; i < delivery_blocked_.size(); ++i) {
      delivery_blocked_[i]->Set(i + 1 == Index(cause) ? 1 : 0);
    }
    delivery_since_.Set(UnixSeconds(since));
    delivery_next_attempt_.Set(next_attempt ? UnixSeconds(*next_attempt) : 0);
  }
  void LedgerCommit(absl::Duration took) override {
    commit_seconds_.Observe(absl::ToDoubleSeconds(took));
  }
  void StreamOpened() override { streams_open_.Increment(); }
  void StreamClosed() override { streams_open_.Decrement(); }
  void RunEnded(RunEnd end) override { runs_.at(Index(end))->Increment(); }
  void SetMisconfigured(bool misconfigured) override { misconfigured_.Set(misconfigured ? 1 : 0); }

 private:
  static double UnixSeconds(absl::Time time) {
    return absl::ToDoubleSeconds(time - absl::UnixEpoch());
  }
  static void Count(Counter& counter, std::int64_t by) {
    PEAKSYNC_CHECK_MSG(by >= 0, "a counter never goes back");
    counter.Increment(static_cast<double>(by));
  }

  Counter& updates_received_;
  Counter& values_received_;
  std::array<Counter*, kValueOutcomes.size()> values_;
  Gauge& waiting_values_;
  Gauge& waiting_customers_;
  Gauge& waiting_bytes_;
  std::array<Counter*, kRequestOutcomes.size()> requests_;
  std::array<Counter*, kObjectFates.size()> objects_;
  Gauge& requests_in_flight_;
  Histogram& request_seconds_;
  Histogram& commit_seconds_;
  std::array<Gauge*, kDeliveryStates.size()> delivery_state_;
  std::array<Gauge*, kDeliveryCauses.size()> delivery_blocked_;
  Gauge& delivery_since_;
  Gauge& delivery_next_attempt_;
  Gauge& streams_open_;
  std::array<Counter*, kRunEnds.size()> runs_;
  Gauge& misconfigured_;
};

}  // namespace

class Metrics::Impl {
 public:
  explicit Impl(std::string_view version) : families_(registry_) {
    GaugeFamily(registry_, "peaksync_build_info", "Always 1; the label says which build runs.")
        .Add({{"version", std::string(version)}})
        .Set(1);
  }

  TenantMetrics& Tenant(const std::string& name) {
    MutexLock lock(mutex_);
    std::unique_ptr<TenantMetrics>& tenant = tenants_[name];
    if (tenant == nullptr) tenant = std::make_unique<PrometheusTenantMetrics>(families_, name);
    return *tenant;
  }

  std::string Serialize() const {
    return prometheus::TextSerializer().Serialize(registry_.Collect());
  }

 private:
  Registry registry_;
  Families families_;
  Mutex mutex_;
  std::map<std::string, std::unique_ptr<TenantMetrics>> tenants_ ABSL_GUARDED_BY(mutex_);
};

Metrics::Metrics(std::string_view version) : impl_(std::make_unique<Impl>(version)) {}
Metrics::~Metrics() = default;
TenantMetrics& Metrics::Tenant(const std::string& name) { return impl_->Tenant(name); }
std::string Metrics::Serialize() const { return impl_->Serialize(); }

}  // namespace peaksync

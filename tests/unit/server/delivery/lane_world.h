#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <ostream>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/delivery/lane.h"
#include "tests/unit/server/delivery/fake_outbox.h"

namespace peaksync::testing {

struct SentRequest {
  LaneHost::RequestId id = 0;
  absl::Time time;
  HttpRequest http;
  std::vector<std::string> customers;
};

inline void PrintTo(const SentRequest& sent, std::ostream* out) {
  *out << sent.customers.size() << " customers at " << sent.time;
}

struct Settled {
  absl::Time time;
  std::string customer;
  std::string json;
  ObjectOutcome outcome;
};

// Braze's answer to a request, and how long it takes.
struct Reply {
  HttpResult result;
  absl::Duration after = absl::Milliseconds(400);
};

HttpResult Answered(int status, std::string body = "",
                    std::vector<std::pair<std::string, std::string>> headers = {});
HttpResult Accepted();
HttpResult AcceptedWithErrors(std::string errors);
HttpResult UnnamedError();                  // 201 with an error that names no object.
HttpResult Html();                          // 200 with a page.
HttpResult BareRefusal();                   // 400 that names no object.
HttpResult NotSent();                       // The transport failed, nothing left us.
HttpResult Lost();                          // Time-out or reset.
std::string NamedError(std::size_t index);  // An entry of `errors`.
HttpResult RefusedNaming(std::size_t index);

// A lane in virtual time, between an outbox and a Braze that the test scripts. Checks at every step
// what must hold whatever happens: one request in flight per customer (rule 4), one lease
// outstanding, every leased object settled exactly once and never while its request is in flight,
// nothing sent that is not leased or while the lane is stopped, and no busy loop.
class LaneWorld final : public LaneHost {
 public:
  using Braze = std::function<Reply(const SentRequest&)>;

  // Small enough to reason about: a generous pace, defaults otherwise.
  static LaneOptions Options();
  explicit LaneWorld(LaneOptions options = Options());

  // What the test turns.
  Braze braze = [](const SentRequest&) { return Reply{Accepted()}; };
  absl::StatusOr<std::string> key = std::string("key-1");
  std::function<double()> random = [] { return 0.5; };
  absl::Duration lease_delay = absl::Milliseconds(1);

  Lane& lane();  // Made at the first use.
  absl::Time now() const { return now_; }
  absl::Duration elapsed() const { return now_ - start_; }

  void Add(const std::string& id, const std::string& json = R"("gold")");
  // c0 … c(count-1), after those already added this way.
  void AddMany(int count, const std::string& json = R"("gold")");
  void Flush();
  void Stop();

  void RunFor(absl::Duration duration);
  // Until nothing waits and nothing is leased; false: still so after `at_most`.
  bool RunUntilDelivered(absl::Duration at_most);

  FakeOutbox& outbox() { return outbox_; }
  const std::vector<SentRequest>& sent() const { return sent_; }
  const std::vector<Settled>& settled() const { return settled_; }
  const std::vector<DeliveryStatus>& statuses() const { return statuses_; }
  const std::vector<ExchangeReport>& reports() const { return reports_; }
  const std::vector<LeaseRequest>& leases() const { return leases_; }
  const DeliveryStatus& status() { return lane().status(); }
  absl::Time wake() const { return wake_; }
  int key_reads() const { return key_reads_; }
  int in_flight_max() const { return in_flight_max_; }

  std::vector<std::size_t> SentSizes() const;
  std::vector<std::string> CustomersOf(ObjectOutcome::Kind kind) const;
  int Count(ObjectOutcome::Kind kind) const;
  // What Braze has by now, by customer: of the last accepted request.
  const std::map<std::string, std::string>& confirmed() const { return confirmed_; }

  void Lease(const LeaseRequest& request) override;
  void Send(RequestId id, HttpRequest request) override;
  void Settle(std::vector<ObjectOutcome> outcomes) override;
  void WakeAt(absl::Time when) override { wake_ = when; }
  void ShowStatus(const DeliveryStatus& status) override { statuses_.push_back(status); }
  void Report(const ExchangeReport& report) override { reports_.push_back(report); }
  absl::StatusOr<std::string> ReadApiKey() override;

 private:
  absl::Time NextEvent() const;
  void Turn();
  void Progress() { idle_turns_ = 0; }
  void Idle();

  const absl::Time start_ = absl::FromUnixSeconds(1'790'000'000);
  absl::Time now_ = start_;
  LaneOptions options_;
  FakeOutbox outbox_;
  std::unique_ptr<Lane> lane_;
  ReadyState published_;
  absl::Time wake_ = absl::InfiniteFuture();
  std::multimap<absl::Time, std::function<void()>> events_;
  bool leasing_ = false;
  bool stopped_ = false;
  bool broken_ = false;  // A busy loop was found: stands still.
  int idle_turns_ = 0;
  int added_ = 0;
  int key_reads_ = 0;
  int in_flight_max_ = 0;
  std::map<RequestId, std::vector<std::string>> in_flight_;
  std::set<std::string> customers_in_flight_;
  std::vector<SentRequest> sent_;
  std::vector<Settled> settled_;
  std::vector<DeliveryStatus> statuses_;
  std::vector<ExchangeReport> reports_;
  std::vector<LeaseRequest> leases_;
  std::map<std::string, std::string> confirmed_;
};

}  // namespace peaksync::testing

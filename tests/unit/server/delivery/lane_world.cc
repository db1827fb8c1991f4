#include "tests/unit/server/delivery/lane_world.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "server/domain/concat.h"

namespace peaksync::testing {
namespace {

// A lane that was woken so often in a row without anything coming of it turns in circles.
constexpr int kIdleTurnsMax = 8;

std::vector<std::string> CustomersIn(std::string_view body) {
  constexpr std::string_view kMember = R"("external_id":")";
  std::vector<std::string> customers;
  for (std::size_t at = body.find(kMember); at != std::string_view::npos;
       at = body.find(kMember, at)) {
    at += kMember.size();
    customers.emplace_back(body.substr(at, body.find('"', at) - at));
  }
  return customers;
}

}  // namespace

HttpResult Answered(int status, std::string body,
                    std::vector<std::pair<std::string, std::string>> headers) {
  HttpResult result;
  result.answered = true;
  result.response = {status, std::move(headers), std::move(body)};
  return result;
}

HttpResult Accepted() { return Answered(201, R"({"message":"success"})"); }

HttpResult AcceptedWithErrors(std::string errors) {
  return Answered(201, Concat(R"({"message":"success","errors":[)", errors, "]}"));
}

HttpResult UnnamedError() { return AcceptedWithErrors(R"({"type":"SOMETHING_BAD"})"); }

HttpResult Html() { return Answered(200, "<html>Welcome to the proxy</html>"); }

HttpResult BareRefusal() { return Answered(400, R"({"message":"that is no good"})"); }

HttpResult NotSent() {
  HttpResult result;
  result.failure = {"connection refused", false};
  return result;
}

HttpResult Lost() {
  HttpResult result;
  result.failure = {"timed out after 60s", true};
  return result;
}

std::string NamedError(std::size_t index) {
  return Concat(R"({"type":"EMAIL_BAD_FORMAT","input_array":"attributes","index":)", index, "}");
}

HttpResult RefusedNaming(std::size_t index) {
  return Answered(400, Concat(R"({"message":"no valid data","errors":[)", NamedError(index), "]}"));
}

LaneOptions LaneWorld::Options() {
  LaneOptions options;
  options.route.endpoint = "https://rest.test";
  return options;
}

LaneWorld::LaneWorld(LaneOptions options) : options_(std::move(options)) {}

Lane& LaneWorld::lane() {
  if (!lane_)
    lane_ = std::make_unique<Lane>(
        options_, *this, [this] { return random(); }, now_);
  return *lane_;
}

void LaneWorld::Add(const std::string& id, const std::string& json) { outbox_.Add(id, json, now_); }

void LaneWorld::AddMany(int count, const std::string& json) {
  for (int i = 0; i < count; ++i) Add(Concat("c", added_++), json);
}

void LaneWorld::Flush() { outbox_.Flush(); }

void LaneWorld::Stop() {
  stopped_ = true;
  lane().Stop();
}

absl::Time LaneWorld::NextEvent() const {
  return std::min(wake_, events_.empty() ? absl::InfiniteFuture() : events_.begin()->first);
}

void LaneWorld::Idle() {
  if (++idle_turns_ <= kIdleTurnsMax || broken_) return;
  broken_ = true;
  ADD_FAILURE() << "busy loop: the lane was woken " << idle_turns_
                << " times in a row for nothing, the last time after " << elapsed();
}

// One thing happens, at the time that it is.
void LaneWorld::Turn() {
  if (!events_.empty() && events_.begin()->first <= now_) {
    auto run = std::move(events_.begin()->second);
    events_.erase(events_.begin());
    return run();
  }
  wake_ = absl::InfiniteFuture();
  Idle();
  lane().OnTimer(now_);
}

void LaneWorld::RunFor(absl::Duration duration) {
  const absl::Time end = now_ + duration;
  lane();
  while (!broken_) {
    // As the ledger: told after every change that no lease has told.
    if (const ReadyState ready = outbox_.Ready(now_); !leasing_ && ready != published_) {
      published_ = ready;
      lane().OnReady(ready, now_);
    }
    const absl::Time next = NextEvent();
    if (next > end) break;
    now_ = std::max(now_, next);
    Turn();
  }
  now_ = end;
}

bool LaneWorld::RunUntilDelivered(absl::Duration at_most) {
  const absl::Time end = now_ + at_most;
  while (!outbox_.empty() && !broken_) {
    if (now_ >= end) return false;
    RunFor(std::min(absl::Milliseconds(100), end - now_));
  }
  return !broken_;
}

void LaneWorld::Lease(const LeaseRequest& request) {
  EXPECT_FALSE(leasing_) << "two leases outstanding";
  EXPECT_FALSE(stopped_) << "asks for more although it is stopped";
  EXPECT_GE(request.batches_max, 1);
  leasing_ = true;
  leases_.push_back(request);
  events_.emplace(now_ + lease_delay, [this, request] {
    leasing_ = false;
    Leased leased{outbox_.Lease(request, now_), outbox_.Ready(now_)};
    published_ = leased.ready;
    leased.batches.empty() ? Idle() : Progress();
    lane().OnLeased(std::move(leased), now_);
  });
}

void LaneWorld::Send(RequestId id, HttpRequest request) {
  Progress();
  EXPECT_FALSE(stopped_) << "sends although it is stopped";
  SentRequest sent{id, now_, std::move(request), {}};
  sent.customers = CustomersIn(sent.http.body);
  EXPECT_FALSE(sent.customers.empty());
  for (const std::string& customer : sent.customers) {
    EXPECT_TRUE(customers_in_flight_.insert(customer).second)
        << customer << " is in two requests at a time";
  }
  EXPECT_TRUE(in_flight_.emplace(id, sent.customers).second) << "a request's number came twice";
  in_flight_max_ = std::max(in_flight_max_, static_cast<int>(in_flight_.size()));
  Reply reply = braze(sent);
  sent_.push_back(std::move(sent));
  events_.emplace(now_ + reply.after, [this, id, result = std::move(reply.result)] {
    Progress();
    for (const std::string& customer : in_flight_.at(id)) customers_in_flight_.erase(customer);
    in_flight_.erase(id);
    lane().OnResult(id, result, now_);
  });
}

void LaneWorld::Settle(std::vector<ObjectOutcome> outcomes) {
  EXPECT_FALSE(outcomes.empty());
  Progress();
  for (ObjectOutcome& outcome : outcomes) {
    const FakeOutbox::Flying* flying = outbox_.Find(outcome.lease);
    if (flying == nullptr) {
      ADD_FAILURE() << "lease " << outcome.lease << " was settled twice, or never given";
      continue;
    }
    EXPECT_FALSE(customers_in_flight_.contains(flying->id))
        << flying->id << " was settled while its request is in flight";
    if (outcome.kind == ObjectOutcome::Kind::kConfirmed) confirmed_[flying->id] = flying->json;
    const Settled settled{now_, flying->id, flying->json, outcome};
    outbox_.Settle(outcome, now_);
    settled_.push_back(settled);
  }
}

absl::StatusOr<std::string> LaneWorld::ReadApiKey() {
  Progress();
  ++key_reads_;
  return key;
}

std::vector<std::size_t> LaneWorld::SentSizes() const {
  std::vector<std::size_t> sizes;
  for (const SentRequest& sent : sent_) sizes.push_back(sent.customers.size());
  return sizes;
}

std::vector<std::string> LaneWorld::CustomersOf(ObjectOutcome::Kind kind) const {
  std::vector<std::string> customers;
  for (const Settled& settled : settled_) {
    if (settled.outcome.kind == kind) customers.push_back(settled.customer);
  }
  return customers;
}

int LaneWorld::Count(ObjectOutcome::Kind kind) const {
  return static_cast<int>(CustomersOf(kind).size());
}

}  // namespace peaksync::testing

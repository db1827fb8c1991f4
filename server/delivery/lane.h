#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/braze/answer.h"
#include "server/braze/http.h"
#include "server/braze/track_request.h"
#include "server/delivery/backoff.h"
#include "server/delivery/concurrency.h"
#include "server/delivery/pace.h"
#include "server/delivery/pace_group.h"
#include "server/domain/run.h"
#include "server/ledger/ledger.h"

namespace peaksync {

struct LaneOptions {
  std::string tenant;  // For remedies.
  BrazeRoute route;
  int objects_max = 75;               // A request.
  std::size_t bytes_max = 4'000'000;  // A request's body.
  absl::Duration linger = absl::Milliseconds(200);
  PaceOptions pace;
  // Lanes that name the same group share one pace, and all have the same `pace`; empty: one of its
  // own. The loop finds the group by its name.
  std::string rate_limit_group;
  std::shared_ptr<PaceGroup> pace_group;
  int requests_in_flight_max = 400;
  absl::Duration request_timeout = absl::Seconds(60);
  absl::Duration probe_interval = absl::Minutes(1);  // While paused.
  // Not empty: delivery is paused with this reason, and nothing is probed.
  std::string blocked;
};

// One request's fate, for metrics.
struct ExchangeReport {
  Answer::Kind kind = Answer::Kind::kAccepted;
  absl::Duration duration;
  int objects = 0;
  int confirmed = 0;
  int rejected = 0;
  int requests_in_flight = 0;  // After it.
};

// What a lane asks of the world around it. None of these may call the lane before it returns.
class LaneHost {
 public:
  using RequestId = std::uint64_t;

  virtual ~LaneHost() = default;
  // Answered by Lane::OnLeased, once.
  virtual void Lease(const LeaseRequest& request) = 0;
  // Answered by Lane::OnResult, once.
  virtual void Send(RequestId id, HttpRequest request) = 0;
  virtual void Settle(std::vector<ObjectOutcome> outcomes) = 0;
  // Lane::OnTimer is to be called then; replaces the time asked for before.
  virtual void WakeAt(absl::Time when) = 0;
  virtual void ShowStatus(const DeliveryStatus& status) = 0;
  virtual void Report(const ExchangeReport& report) = 0;
  // The tenant's key, read anew: keys rotate.
  virtual absl::StatusOr<std::string> ReadApiKey() = 0;
};

// Delivers one tenant's outbox to Braze: batches, paces, retries, isolates, pauses and probes
// (docs/design.md section 5). A single-threaded state machine: it owns no clock, socket, thread or
// disk; every event brings the time.
//
// Lifetime: the host outlives it. Thread safety: none.
class Lane {
 public:
  Lane(LaneOptions options, LaneHost& host, std::function<double()> random, absl::Time now);

  void OnReady(const ReadyState& ready, absl::Time now);
  void OnLeased(Leased leased, absl::Time now);
  void OnResult(LaneHost::RequestId id, const HttpResult& result, absl::Time now);
  void OnTimer(absl::Time now);
  // New options from the next request on; the key is read anew. A paused lane probes at once,
  // unless a request is in flight; pace and in-flight requests go on as they are. `blocked` stops a
  // lane and its absence starts it.
  void Reconfigure(LaneOptions options, absl::Time now);
  // Nothing new is sent from now on; answers in flight are still taken.
  void Stop();

  int requests_in_flight() const { return static_cast<int>(in_flight_.size()); }
  // A lease is asked for and not answered yet.
  bool leasing() const { return leasing_; }
  const DeliveryStatus& status() const { return status_; }

 private:
  // After so many doubtful answers in a row objects are asked alone: few requests show whether the
  // endpoint is at fault.
  static constexpr int kDoubtsMax = 5;

  struct Object {
    LeasedObject leased;
    bool may_have_been_applied = false;
    // Refusals of it alone that did not say that it was this one's fault, and whether something
    // that was sent after the first of them was accepted.
    int lone_refusals = 0;
    absl::Time first_refused = absl::InfinitePast();
    bool vouched = false;
    bool accepted = false;  // A witness: confirmed, whatever comes of asking it again.
  };
  struct Request {
    std::vector<Object> objects;
    std::string body;       // Made once; empty after it was sent.
    std::size_t bytes = 0;  // Of the body.
    bool probe = false;
    absl::Time sent = absl::InfinitePast();
    // Parts of one refused request know each other, and that one of them was accepted meanwhile.
    std::uint64_t origin = 0;
    bool sibling_accepted = false;
  };
  // lane.cc: what is sent, and when.
  void Advance(absl::Time now);
  int Room(absl::Time now);
  bool running() const { return status_.state == DeliveryStatus::State::kRunning; }
  int InFlightMax() const { return in_doubt_ ? 1 : concurrency_.limit(); }
  bool LeaseDue(absl::Time now);
  std::size_t BytesMax() const;
  int LeaseAhead(absl::Time now);
  std::optional<Request> Next();
  Request TakeOne(Request request);
  absl::Time WakeAt(absl::Time now) const;
  absl::Time PartialDueAt() const;
  void Send(Request request, absl::Time now);
  std::vector<Request> Pack(LeasedBatch batch) const;
  void Encode(Request* request) const;
  void ScheduleWake(absl::Time now);
  void GiveBack(std::vector<Object> objects, absl::Time not_before);
  void GiveBack(std::deque<Request>& requests);
  void GiveBackHeld();
  void SetPace(absl::Time now);

  // lane_answers.cc: what an answer means.
  void Settle(Request request, const Answer& answer, ExchangeReport* report, absl::Time now);
  void Accepted(const Request& request);
  void Confirm(Request request, ExchangeReport* report);
  void SettleWitness(Request request, const Answer& answer, absl::Time now);
  void ReleaseWitness();
  void Reject(const Object& object, std::string reason, ExchangeReport* report);
  void RejectNamed(Request& request, const Answer& answer, ExchangeReport* report);
  void Isolate(Request request, const Answer& answer, ExchangeReport* report, absl::Time now);
  void JudgeAlone(Request request, const Answer& answer, ExchangeReport* report, absl::Time now);
  void Halve(Request request);
  void Resume(absl::Time now);
  void BackOff(const Answer& answer, bool probe, absl::Time now);
  void Pause(DeliveryStatus::Cause cause, std::string reason, absl::Time now);
  void PauseUntilAccepted(const Answer& answer, absl::Time now);
  void ReadKey(absl::Time now);
  void SetStatus(DeliveryStatus::State state, DeliveryStatus::Cause cause, std::string reason,
                 std::optional<absl::Time> next_attempt, absl::Time now);

  LaneOptions options_;
  LaneHost& host_;
  int objects_max_;  // A request, by what Braze found too large.
  std::unique_ptr<PaceSeat> pace_;
  Concurrency concurrency_;
  Backoff backoff_;
  DeliveryStatus status_;
  ReadyState ready_;
  std::optional<ReadyState> vain_;  // What the ledger had when the last lease brought nothing.
  std::string api_key_;
  bool leasing_ = false;
  bool own_pace_ = false;
  bool leasing_to_probe_ = false;
  absl::Time lease_asked_;
  absl::Duration lease_time_;       // About how long a lease takes.
  bool one_object_probes_ = false;  // Paused because every object was refused: asks one at a time.
  bool stopped_ = false;
  std::uint64_t next_request_ = 1;
  std::uint64_t next_origin_ = 1;
  absl::flat_hash_map<LaneHost::RequestId, Request> in_flight_;
  std::deque<Request> resend_;  // Parts of requests that were not accepted as a whole; sent first.
  std::deque<Request> fresh_;   // Leased, and not sent yet.
  std::deque<Request> suspects_;  // Refused alone; of one object.
  // One object that was accepted while its neighbours are searched for the fault; settled once that
  // is over. Asked again (which is harmless, rule 11) it tells an object's fault from the
  // endpoint's.
  std::deque<Request> witness_;
  // In a row, with nothing accepted in between: answers that leave it open whose fault it is, and
  // those of them to an object alone.
  int doubts_ = 0;
  int lone_refusals_ = 0;
  bool in_doubt_ = false;  // Something was unclear, and nothing was accepted since.
  absl::Time suspects_retry_ = absl::InfiniteFuture();
};

}  // namespace peaksync

#pragma once

#include <cstdint>
#include <deque>
#include <functional>
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
#include "server/delivery/pace.h"
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
  // Nothing new is sent from now on; answers in flight are still taken.
  void Stop();

  int requests_in_flight() const { return static_cast<int>(in_flight_.size()); }
  const DeliveryStatus& status() const { return status_; }

 private:
  struct Object {
    LeasedObject leased;
    bool may_have_been_applied = false;
    int unclear_answers = 0;  // Alone.
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
  // An object that Braze refused alone without saying that it was this one's fault.
  struct Suspect {
    Object object;
    std::string reason;
  };

  // lane.cc: what is sent, and when.
  void Advance(absl::Time now);
  int Room(absl::Time now);
  bool running() const { return status_.state == DeliveryStatus::State::kRunning; }
  bool LeaseDue(int room, absl::Time now);
  absl::Time PartialDueAt() const;
  void Send(Request request, absl::Time now);
  std::vector<Request> Pack(LeasedBatch batch) const;
  void Encode(Request* request) const;
  void ScheduleWake(absl::Time now);
  void GiveBack(std::vector<Object> objects, absl::Time not_before);
  void GiveBackHeld();

  // lane_answers.cc: what an answer means.
  void Settle(Request request, const Answer& answer, ExchangeReport* report, absl::Time now);
  void Accepted(std::uint64_t origin, ExchangeReport* report);
  void RejectSuspects(ExchangeReport* report);
  void RejectNamed(Request& request, const Answer& answer, ExchangeReport* report);
  void Isolate(Request request, const Answer& answer, ExchangeReport* report, absl::Time now);
  void JudgeAlone(Request request, const Answer& answer, ExchangeReport* report, absl::Time now);
  void Shrink(Request request, const Answer& answer, ExchangeReport* report);
  void Halve(Request request);
  void Resume(absl::Time now);
  void BackOff(const Answer& answer, bool probe, absl::Time now);
  void Pause(DeliveryStatus::Cause cause, std::string reason, absl::Time now);
  void PauseUntilAccepted(const Answer& answer, absl::Time now);
  void ReadKey(absl::Time now);
  void SetStatus(DeliveryStatus::State state, DeliveryStatus::Cause cause, std::string reason,
                 std::optional<absl::Time> next_attempt, absl::Time now);

  const LaneOptions options_;
  LaneHost& host_;
  int objects_max_;  // A request, by what Braze found too large.
  Pace pace_;
  Backoff backoff_;
  DeliveryStatus status_;
  ReadyState ready_;
  std::string api_key_;
  bool leasing_ = false;
  bool one_object_probes_ = false;  // Paused because every object was refused: asks one at a time.
  bool stopped_ = false;
  std::uint64_t next_request_ = 1;
  std::uint64_t next_origin_ = 1;
  absl::flat_hash_map<LaneHost::RequestId, Request> in_flight_;
  std::deque<Request> resend_;  // Parts of requests that were not accepted as a whole; sent first.
  std::vector<Suspect> suspects_;
  int lone_refusals_ = 0;  // In a row, with nothing accepted in between.
  bool in_doubt_ = false;  // Something was unclear, and nothing was accepted since.
  absl::Time suspects_retry_ = absl::InfiniteFuture();
};

}  // namespace peaksync

#include "server/delivery/lane.h"

#include <algorithm>
#include <utility>

#include "server/base/check.h"
#include "server/domain/concat.h"

namespace peaksync {

Lane::Lane(LaneOptions options, LaneHost& host, std::function<double()> random, absl::Time now)
    : options_(std::move(options)),
      host_(host),
      objects_max_(options_.objects_max),
      pace_(options_.pace, now),
      backoff_(std::move(random)) {
  status_.since = now;
  if (!options_.blocked.empty()) {
    SetStatus(DeliveryStatus::State::kPaused, DeliveryStatus::Cause::kOtherWorkspace,
              options_.blocked, std::nullopt, now);
    return;
  }
  SetStatus(DeliveryStatus::State::kRunning, DeliveryStatus::Cause::kNone, "", std::nullopt, now);
  ReadKey(now);
}

void Lane::OnReady(const ReadyState& ready, absl::Time now) {
  ready_ = ready;
  Advance(now);
}

void Lane::OnTimer(absl::Time now) { Advance(now); }

void Lane::OnLeased(Leased leased, absl::Time now) {
  leasing_ = false;
  ready_ = leased.ready;
  for (LeasedBatch& batch : leased.batches) {
    for (Request& request : Pack(std::move(batch))) resend_.push_back(std::move(request));
  }
  // Paused meanwhile: what is sent later carries what is then the newest.
  if (stopped_ || (!running() && Room(now) == 0)) GiveBackHeld();
  Advance(now);
}

void Lane::OnResult(LaneHost::RequestId id, const HttpResult& result, absl::Time now) {
  const auto found = in_flight_.find(id);
  PEAKSYNC_CHECK(found != in_flight_.end());
  Request request = std::move(found->second);
  in_flight_.erase(found);
  const Answer answer = ReadAnswer(result, request.objects.size(), api_key_, now);
  ExchangeReport report{.kind = answer.kind,
                        .duration = now - request.sent,
                        .objects = static_cast<int>(request.objects.size()),
                        .requests_in_flight = requests_in_flight()};
  pace_.Correct(answer.rate, now);
  Settle(std::move(request), answer, &report, now);
  host_.Report(report);
  // Parts to resend of a request from before the pause wait with everything else.
  if (stopped_ || !running()) GiveBackHeld();
  Advance(now);
}

void Lane::Stop() {
  stopped_ = true;
  GiveBackHeld();
}

// How many requests may be started now.
int Lane::Room(absl::Time now) {
  if (stopped_) return 0;
  if (!running()) {
    // One probe decides whether it is over; what was in flight before is waited for first.
    const bool due = status_.next_attempt && now >= *status_.next_attempt;
    return due && in_flight_.empty() ? std::min(1, pace_.Available(now)) : 0;
  }
  // As long as nobody knows whether objects or the endpoint are at fault, one at a time.
  const int most = in_doubt_ ? 1 : options_.requests_in_flight_max;
  return std::clamp(most - requests_in_flight(), 0, pace_.Available(now));
}

void Lane::Advance(absl::Time now) {
  if (!running() && !stopped_ && status_.next_attempt && now >= *status_.next_attempt &&
      in_flight_.empty() && resend_.empty() && !leasing_) {
    ReadKey(now);
  }
  while (!resend_.empty() && Room(now) > 0) {
    Request request = std::move(resend_.front());
    resend_.pop_front();
    Send(std::move(request), now);
  }
  if (const int room = Room(now); room > 0 && resend_.empty() && !leasing_) {
    if (!LeaseDue(room, now) && !suspects_.empty() && in_flight_.empty() &&
        now >= suspects_retry_) {
      // Nothing beside it can tell whose fault it is: it is asked again alone.
      Request again;
      again.objects.push_back(std::move(suspects_.back().object));
      suspects_.pop_back();
      Send(std::move(again), now);
    }
  }
  ScheduleWake(now);
}

// Asks for what is due: full batches at once, the rest when it has lingered or a run is complete.
bool Lane::LeaseDue(int room, absl::Time now) {
  LeaseRequest request;
  request.objects_max = !running() && one_object_probes_ ? 1 : objects_max_;
  request.bytes_max = static_cast<std::int64_t>(options_.bytes_max);
  std::int64_t full =
      std::max(ready_.customers / request.objects_max, ready_.bytes / request.bytes_max);
  request.partial =
      (ready_.customers > 0 && (!running() || PartialDueAt() <= now)) || ready_.next_delayed <= now;
  full += request.partial ? 1 : 0;
  if (full == 0) return false;
  request.batches_max = static_cast<int>(std::min<std::int64_t>(full, room));
  leasing_ = true;
  host_.Lease(request);
  return true;
}

// When a batch that does not have all its objects goes: without waiting for linger when a run is
// complete or the bytes suffice. (Those that suffice exactly, or are of one object, make no batch
// that the ledger would call full.)
absl::Time Lane::PartialDueAt() const {
  const bool at_once =
      ready_.flush_customers > 0 || ready_.bytes >= static_cast<std::int64_t>(options_.bytes_max);
  return at_once ? absl::InfinitePast() : ready_.oldest + options_.linger;
}

void Lane::ScheduleWake(absl::Time now) {
  if (stopped_ || leasing_) return;  // OnLeased goes on.
  absl::Time wake = absl::InfiniteFuture();
  if (!running()) {
    // A probe needs something to ask with; OnReady tells when there is.
    const bool work = !resend_.empty() || ready_.customers > 0;
    if (in_flight_.empty() && status_.next_attempt) {
      wake = work ? *status_.next_attempt : std::max(*status_.next_attempt, ready_.next_delayed);
    }
  } else if (in_flight_.empty() ||
             (!in_doubt_ && requests_in_flight() < options_.requests_in_flight_max)) {
    wake = ready_.next_delayed;
    if (ready_.customers > 0) wake = std::min(wake, PartialDueAt());
    if (!suspects_.empty() && in_flight_.empty()) wake = std::min(wake, suspects_retry_);
    if (!resend_.empty() || ready_.customers >= objects_max_) wake = now;
  }
  // Otherwise the next answer wakes the lane. What is due now waits for pace alone.
  host_.WakeAt(wake <= now ? pace_.NextAt(now) : wake);
}

// Exactly measured here; the ledger's estimate only comes near.
std::vector<Lane::Request> Lane::Pack(LeasedBatch batch) const {
  std::vector<Request> requests;
  TrackBody body(options_.route.create_profiles);
  const auto close = [&] {
    requests.back().bytes = body.size();
    requests.back().body = std::exchange(body, TrackBody(options_.route.create_profiles)).Finish();
  };
  for (LeasedObject& leased : batch) {
    TrackObject object{&leased.customer, {}};
    for (const LeasedObject::Attribute& attribute : leased.attributes) {
      object.attributes.push_back({attribute.name, attribute.json});
    }
    if (requests.empty()) requests.emplace_back();
    if (body.objects() == 0) {
      body.Add(object);
    } else if (!body.AddIfFits(object, options_.bytes_max)) {
      close();
      requests.emplace_back();
      body.Add(object);
    }
    requests.back().objects.push_back({std::move(leased)});
  }
  if (body.objects() > 0) close();
  return requests;
}

void Lane::Encode(Request* request) const {
  TrackBody body(options_.route.create_profiles);
  for (const Object& object : request->objects) {
    TrackObject track{&object.leased.customer, {}};
    for (const LeasedObject::Attribute& attribute : object.leased.attributes) {
      track.attributes.push_back({attribute.name, attribute.json});
    }
    body.Add(track);
  }
  request->bytes = body.size();
  request->body = std::move(body).Finish();
}

void Lane::Send(Request request, absl::Time now) {
  pace_.Take();
  if (request.body.empty()) Encode(&request);
  request.sent = now;
  request.probe = !running();
  HttpRequest http;
  http.url = options_.route.endpoint +
             (options_.route.bulk_endpoint ? "/users/track/bulk" : "/users/track");
  http.headers = {Concat("Authorization: Bearer ", api_key_), "Content-Type: application/json"};
  if (!options_.route.bulk_endpoint) http.headers.push_back("X-Braze-Bulk: true");  // Contract 1.3.
  http.body = std::exchange(request.body, {});
  http.timeout = options_.request_timeout;
  const LaneHost::RequestId id = next_request_++;
  in_flight_.emplace(id, std::move(request));
  host_.Send(id, std::move(http));
}

void Lane::GiveBack(std::vector<Object> objects, absl::Time not_before) {
  if (objects.empty()) return;
  std::vector<ObjectOutcome> outcomes;
  outcomes.reserve(objects.size());
  for (const Object& object : objects) {
    outcomes.push_back({.lease = object.leased.lease,
                        .kind = object.may_have_been_applied ? ObjectOutcome::Kind::kReturned
                                                             : ObjectOutcome::Kind::kUnsent,
                        .not_before = not_before});
  }
  host_.Settle(std::move(outcomes));
}

// Everything that is not in flight goes back to wait in the ledger.
void Lane::GiveBackHeld() {
  std::vector<Object> held;
  for (Request& request : resend_) std::ranges::move(request.objects, std::back_inserter(held));
  for (Suspect& suspect : suspects_) held.push_back(std::move(suspect.object));
  resend_.clear();
  suspects_.clear();
  GiveBack(std::move(held), absl::InfinitePast());
}

}  // namespace peaksync

#include "server/delivery/lane.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "server/base/check.h"
#include "server/base/limits.h"
#include "server/domain/concat.h"

namespace peaksync {

namespace {

// What is leased waits no longer for pace: later it may not be the newest.
constexpr absl::Duration kHeldMax = absl::Seconds(1);

}  // namespace

Lane::Lane(LaneOptions options, LaneHost& host, std::function<double()> random, absl::Time now)
    : options_(std::move(options)),
      host_(host),
      objects_max_(options_.objects_max),
      concurrency_(options_.requests_in_flight_max),
      backoff_(std::move(random)) {
  SetPace(now);
  status_.since = now;
  SetStatus(DeliveryStatus::State::kRunning, DeliveryStatus::Cause::kNone, "", std::nullopt, now);
  if (options_.blocked.empty()) ReadKey(now);
}

// What was used stays used, also for a lane that leaves its group.
void Lane::SetPace(absl::Time now) {
  std::shared_ptr<PaceGroup> group = options_.pace_group;
  if (pace_ == nullptr && group == nullptr) {
    group = std::make_shared<PaceGroup>(options_.pace, now);
  } else if (group == nullptr) {
    group = own_pace_ ? pace_->group() : std::make_shared<PaceGroup>(pace_->pace());
  }
  own_pace_ = options_.pace_group == nullptr;
  if (pace_ == nullptr || pace_->group() != group) pace_ = std::make_unique<PaceSeat>(group);
  pace_->Reconfigure(options_.pace, now);
}

// /users/track/bulk takes less than /users/track (contract 1.7).
std::size_t Lane::BytesMax() const {
  return std::min(options_.bytes_max, options_.route.bulk_endpoint ? limits::kTrackBulkBodyBytesMax
                                                                   : limits::kTrackBodyBytesMax);
}

void Lane::OnReady(const ReadyState& ready, absl::Time now) {
  ready_ = ready;
  Advance(now);
}

void Lane::OnTimer(absl::Time now) { Advance(now); }

void Lane::OnLeased(Leased leased, absl::Time now) {
  leasing_ = false;
  lease_time_ = std::max(now - lease_asked_, (4 * lease_time_ + (now - lease_asked_)) / 5);
  ready_ = leased.ready;
  vain_ = leased.batches.empty() ? std::optional(ready_) : std::nullopt;
  for (LeasedBatch& batch : leased.batches) {
    for (Request& request : Pack(std::move(batch))) fresh_.push_back(std::move(request));
  }
  // Paused meanwhile: what is sent later carries what is then the newest.
  const bool wanted = running() || (leasing_to_probe_ && Room(now) > 0);
  if (stopped_ || !wanted) GiveBackHeld();
  Advance(now);
}

void Lane::OnResult(LaneHost::RequestId id, const HttpResult& result, absl::Time now) {
  const auto found = in_flight_.find(id);
  PEAKSYNC_CHECK(found != in_flight_.end());
  Request request = std::move(found->second);
  const int flying = requests_in_flight();
  in_flight_.erase(found);
  const Answer answer =
      ReadAnswer(result, request.objects.size(), api_key_, result.response.received.value_or(now));
  ExchangeReport report{.kind = answer.kind,
                        .duration = now - request.sent,
                        .objects = static_cast<int>(request.objects.size()),
                        .requests_in_flight = requests_in_flight()};
  pace_->Correct(answer.rate, now);
  if (running() && answer.kind != Answer::Kind::kRateLimited &&
      answer.kind != Answer::Kind::kTryLater) {
    concurrency_.Answered(flying);
  }
  Settle(std::move(request), answer, &report, now);
  host_.Report(report);
  // Parts to resend of a request from before the pause wait with everything else.
  if (stopped_ || !running()) GiveBackHeld();
  Advance(now);
}

void Lane::Reconfigure(LaneOptions options, absl::Time now) {
  const bool moved = options.route.endpoint != options_.route.endpoint;
  const bool was_blocked = !options_.blocked.empty();
  objects_max_ = options.objects_max == options_.objects_max ? objects_max_ : options.objects_max;
  options_ = std::move(options);
  concurrency_.SetMax(options_.requests_in_flight_max);
  SetPace(now);
  if (stopped_) return;
  GiveBackHeld();  // Made for the old route and the old limits.
  if (was_blocked && options_.blocked.empty()) {
    SetStatus(DeliveryStatus::State::kRunning, DeliveryStatus::Cause::kNone, "", std::nullopt, now);
    ReadKey(now);
  } else if (!running() || !options_.blocked.empty()) {
    const bool probe = moved || status_.state == DeliveryStatus::State::kPaused;
    if (moved) backoff_.Reset();
    // Also for the remedy, which names the route.
    SetStatus(status_.state, status_.cause, status_.reason, probe ? now : status_.next_attempt,
              now);
  } else if (moved) {
    ReadKey(now);  // Another host must not see the old key.
  } else if (absl::StatusOr<std::string> key = host_.ReadApiKey(); key.ok()) {
    api_key_ = *std::move(key);  // Else the old one goes on as long as Braze takes it.
  }
  Advance(now);
}

void Lane::Stop() {
  stopped_ = true;
  pace_->Rest();
  GiveBackHeld();
}

// How many requests may be started now.
int Lane::Room(absl::Time now) {
  if (stopped_) return 0;
  if (!running()) {
    // One probe decides whether it is over; what was in flight before is waited for first.
    const bool due = status_.next_attempt && now >= *status_.next_attempt;
    return due && in_flight_.empty() ? std::min(1, pace_->Available(now)) : 0;
  }
  // As long as nobody knows whether objects or the endpoint are at fault, one at a time.
  return std::min(std::max(0, InFlightMax() - requests_in_flight()), pace_->Available(now));
}

void Lane::Advance(absl::Time now) {
  if (!running() && !stopped_ && status_.next_attempt && now >= *status_.next_attempt &&
      in_flight_.empty() && resend_.empty() && fresh_.empty() && !leasing_) {
    ReadKey(now);
  }
  ReleaseWitness();
  while (Room(now) > 0) {
    std::optional<Request> request = Next();
    if (!request) break;
    Send(*std::move(request), now);
  }
  if (!stopped_ && !leasing_ && resend_.empty() && !LeaseDue(now) && fresh_.empty() &&
      !suspects_.empty() && in_flight_.empty() && now >= suspects_retry_ && Room(now) > 0) {
    // Nothing new can tell whose fault it is: a witness can, else it is asked again alone.
    std::deque<Request>& from = witness_.empty() ? suspects_ : witness_;
    Request again = std::move(from.front());
    from.pop_front();
    Send(std::move(again), now);
  }
  ScheduleWake(now);
}

// What goes next: parts of refused requests before what is fresh.
std::optional<Lane::Request> Lane::Next() {
  std::deque<Request>& from = resend_.empty() ? fresh_ : resend_;
  if (from.empty()) return std::nullopt;
  Request request = std::move(from.front());
  from.pop_front();
  if (doubts_ >= kDoubtsMax && request.objects.size() > 1) return TakeOne(std::move(request));
  return request;
}

// Its first object alone. The others go last: the next one alone is then of another request.
Lane::Request Lane::TakeOne(Request request) {
  Request one;
  one.objects.push_back(std::move(request.objects.front()));
  request.objects.erase(request.objects.begin());
  request.body.clear();
  if (request.origin == 0) request.origin = next_origin_++;
  one.origin = request.origin;
  one.sibling_accepted = request.sibling_accepted;
  resend_.push_back(std::move(request));
  return one;
}

// How many batches to have at hand: what is sent while a lease is under way, twice, so that the
// next one is asked for in time. None while a header makes the lane wait: it would not be the
// newest.
int Lane::LeaseAhead(absl::Time now) {
  if (!running() || in_doubt_ || ready_.customers == 0 || pace_->Hold(now) > kHeldMax) return 0;
  const double batches = 2 * pace_->per_second() * absl::ToDoubleSeconds(lease_time_);
  const std::int64_t batch_bytes = std::clamp<std::int64_t>(
      ready_.bytes * objects_max_ / ready_.customers, 1, static_cast<std::int64_t>(BytesMax()));
  const double most = std::min<double>(
      limits::kLeaseAheadBatchesMax,
      static_cast<double>(limits::kLeaseAheadBytesMax) / static_cast<double>(batch_bytes));
  return static_cast<int>(std::min(batches, most));
}

// Asks for what is due: full batches at once, the rest when it has lingered or a run is complete.
bool Lane::LeaseDue(absl::Time now) {
  const int room = Room(now);
  const int held = static_cast<int>(fresh_.size());
  const int wanted = std::max(room, LeaseAhead(now) - held);
  if (wanted <= 0) return false;
  // What is full by its bytes the ledger may call too little; once there is room it is asked for it
  // as it is.
  if (room == 0 && vain_ == ready_) return false;
  LeaseRequest request;
  request.objects_max = !running() && one_object_probes_ ? 1 : objects_max_;
  request.bytes_max = static_cast<std::int64_t>(BytesMax());
  std::int64_t full =
      std::max(ready_.customers / request.objects_max, ready_.bytes / request.bytes_max);
  request.partial = room > 0 && ((ready_.customers > 0 && (!running() || PartialDueAt() <= now)) ||
                                 ready_.next_delayed <= now);
  full += request.partial ? 1 : 0;
  if (full == 0) return false;
  request.batches_max = static_cast<int>(std::min<std::int64_t>(full, wanted));
  leasing_ = true;
  leasing_to_probe_ = !running();
  lease_asked_ = now;
  host_.Lease(request);
  return true;
}

// When a batch that does not have all its objects goes: without waiting for linger when a run is
// complete or the bytes suffice. (Those that suffice exactly, or are of one object, make no batch
// that the ledger would call full.)
absl::Time Lane::PartialDueAt() const {
  const bool at_once =
      ready_.flush_customers > 0 || ready_.bytes >= static_cast<std::int64_t>(BytesMax());
  return at_once ? absl::InfinitePast() : ready_.oldest + options_.linger;
}

// When there is something to do that no answer, lease or ledger tells of.
absl::Time Lane::WakeAt(absl::Time now) const {
  const bool held = !resend_.empty() || !fresh_.empty();
  if (!running()) {
    // A probe needs something to ask with; OnReady tells when there is.
    if (!in_flight_.empty() || !status_.next_attempt) return absl::InfiniteFuture();
    if (held || ready_.customers > 0) return *status_.next_attempt;
    return std::max(*status_.next_attempt, ready_.next_delayed);
  }
  if (requests_in_flight() >= InFlightMax()) return absl::InfiniteFuture();
  if (held || ready_.customers >= objects_max_) return now;
  absl::Time wake = ready_.next_delayed;
  if (ready_.customers > 0) wake = std::min(wake, PartialDueAt());
  if (!suspects_.empty() && in_flight_.empty()) wake = std::min(wake, suspects_retry_);
  return wake;
}

void Lane::ScheduleWake(absl::Time now) {
  if (stopped_) return;
  if (leasing_ && fresh_.empty()) return;  // OnLeased goes on.
  absl::Time wake = WakeAt(now);
  if (wake > now) {
    pace_->Rest();
    return host_.WakeAt(wake);
  }
  wake = pace_->NextAt(now);  // What is due now waits for pace alone.
  if (running() && wake - now > kHeldMax) GiveBack(fresh_);
  host_.WakeAt(wake);
}

// Exactly measured here; the ledger's estimate only comes near.
std::vector<Lane::Request> Lane::Pack(LeasedBatch batch) const {
  const std::size_t bytes_max = BytesMax();
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
    } else if (body.objects() >= static_cast<std::size_t>(objects_max_) ||
               !body.AddIfFits(object, bytes_max)) {
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
  pace_->Take();
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
                        .kind = object.accepted                ? ObjectOutcome::Kind::kConfirmed
                                : object.may_have_been_applied ? ObjectOutcome::Kind::kReturned
                                                               : ObjectOutcome::Kind::kUnsent,
                        .not_before = not_before});
  }
  host_.Settle(std::move(outcomes));
}

void Lane::GiveBack(std::deque<Request>& requests) {
  std::vector<Object> objects;
  for (Request& request : requests) std::ranges::move(request.objects, std::back_inserter(objects));
  requests.clear();
  GiveBack(std::move(objects), absl::InfinitePast());
}

// Everything that is not in flight goes back to wait in the ledger.
void Lane::GiveBackHeld() {
  GiveBack(resend_);
  GiveBack(suspects_);
  GiveBack(fresh_);
  GiveBack(witness_);
}

}  // namespace peaksync

// What an answer of Braze means for its objects and for the lane (docs/design.md section 5).
#include <algorithm>
#include <iterator>
#include <utility>

#include "server/base/limits.h"
#include "server/delivery/lane.h"
#include "server/delivery/remedy.h"
#include "server/domain/concat.h"

namespace peaksync {
namespace {

// So often an object alone is refused, with something else accepted in between, before it is at
// fault itself; and without a word that can be understood.
constexpr int kLoneRefusalsToReject = 2;
constexpr int kUnclearAnswersToReject = 3;
// So many lone refusals in a row, with nothing accepted in between: the fault is not theirs.
constexpr int kLoneRefusalsMax = 3;
// With nothing else to send, a lone suspect is asked again after this.
constexpr absl::Duration kSuspectRetry = absl::Seconds(1);

}  // namespace

void Lane::Settle(Request request, const Answer& answer, ExchangeReport* report, absl::Time now) {
  if (request.objects.front().accepted) return SettleWitness(std::move(request), answer, now);
  const bool probe = request.probe;
  for (Object& object : request.objects) {
    object.may_have_been_applied |= answer.may_have_been_applied;
  }
  switch (answer.kind) {
    case Answer::Kind::kAccepted:
      RejectNamed(request, answer, report);
      Confirm(std::move(request), report);
      if (probe) Resume(now);
      return;
    case Answer::Kind::kRefused:
      // Braze reads the objects one by one: the endpoint is well.
      doubts_ = 0;
      RejectNamed(request, answer, report);
      if (!request.objects.empty()) resend_.push_front(std::move(request));
      if (probe) Resume(now);
      return;
    case Answer::Kind::kUnclear:
    case Answer::Kind::kBareRefusal:
    case Answer::Kind::kTooLarge:
      if (probe && one_object_probes_) {
        GiveBack(std::move(request.objects), absl::InfinitePast());
        return PauseUntilAccepted(answer, now);
      }
      if (probe) Resume(now);
      // From before a pause: it shows no more than that, and asking on is for the probes.
      if (!running()) return GiveBack(std::move(request.objects), absl::InfinitePast());
      return Isolate(std::move(request), answer, report, now);
    case Answer::Kind::kDenied:
      GiveBack(std::move(request.objects), absl::InfinitePast());
      one_object_probes_ = false;
      return Pause(answer.cause, answer.reason, now);
    case Answer::Kind::kRateLimited:
      GiveBack(std::move(request.objects), absl::InfinitePast());
      return BackOff(answer, probe, now);
    case Answer::Kind::kTryLater:
      GiveBack(std::move(request.objects),
               answer.outcome_lost ? now + limits::kLostOutcomeWait : absl::InfinitePast());
      return BackOff(answer, probe, now);
  }
}

// Something was accepted: the endpoint is well, or was when that was sent. What was refused alone
// before is asked once more: refused again, it is at fault itself.
void Lane::Accepted(const Request& accepted) {
  in_doubt_ = false;
  doubts_ = 0;
  lone_refusals_ = 0;
  if (accepted.origin != 0) {
    const auto tell = [&](Request& part) {
      part.sibling_accepted |= part.origin == accepted.origin;
    };
    std::ranges::for_each(resend_, tell);
    for (auto& [id, request] : in_flight_) tell(request);
  }
  std::deque<Request> others;
  for (Request& suspect : suspects_) {
    Object& object = suspect.objects.front();
    object.vouched = object.first_refused <= accepted.sent;
    (object.vouched ? resend_ : others).push_back(std::move(suspect));
  }
  suspects_ = std::move(others);
}

// All of the request; in a search but for one, which is kept as a witness in place of an older one.
void Lane::Confirm(Request request, ExchangeReport* report) {
  report->confirmed = static_cast<int>(request.objects.size());
  if (request.objects.empty()) return;
  Accepted(request);
  if (request.origin != 0 && running() && !stopped_) {
    GiveBack(witness_);
    Request& witness = witness_.emplace_back();
    witness.objects.push_back(std::move(request.objects.back()));
    witness.objects.front().accepted = true;
    request.objects.pop_back();
  }
  std::vector<ObjectOutcome> confirmed;
  for (const Object& object : request.objects) {
    confirmed.push_back({.lease = object.leased.lease, .kind = ObjectOutcome::Kind::kConfirmed});
  }
  if (!confirmed.empty()) host_.Settle(std::move(confirmed));
}

void Lane::SettleWitness(Request request, const Answer& answer, absl::Time now) {
  // Accepted it was; the request that asked again may still be running (rule 4).
  GiveBack(std::exchange(request.objects, {}),
           answer.outcome_lost ? now + limits::kLostOutcomeWait : absl::InfinitePast());
  switch (answer.kind) {
    case Answer::Kind::kAccepted:
    case Answer::Kind::kRefused:
      return Accepted(request);
    case Answer::Kind::kUnclear:
    case Answer::Kind::kBareRefusal:
    case Answer::Kind::kTooLarge:
      if (running()) PauseUntilAccepted(answer, now);
      return;
    case Answer::Kind::kDenied:
      one_object_probes_ = false;
      return Pause(answer.cause, answer.reason, now);
    case Answer::Kind::kRateLimited:
    case Answer::Kind::kTryLater:
      return BackOff(answer, /*probe=*/false, now);
  }
}

void Lane::ReleaseWitness() {
  if (witness_.empty() || !resend_.empty() || !suspects_.empty()) return;
  const bool searching =
      std::ranges::any_of(in_flight_, [](const auto& entry) { return entry.second.origin != 0; });
  if (!searching) GiveBack(witness_);
}

void Lane::Reject(const Object& object, std::string reason, ExchangeReport* report) {
  report->rejected += 1;
  host_.Settle({{.lease = object.leased.lease,
                 .kind = ObjectOutcome::Kind::kRejected,
                 .may_have_been_applied = object.may_have_been_applied,
                 .reason = std::move(reason)}});
}

// Rejects the objects that the answer names, and leaves the others in the request.
void Lane::RejectNamed(Request& request, const Answer& answer, ExchangeReport* report) {
  if (answer.errors.empty()) return;
  std::vector<ObjectOutcome> rejected;
  std::vector<Object> others;
  auto error = answer.errors.begin();
  for (std::size_t i = 0; i < request.objects.size(); ++i) {
    Object& object = request.objects[i];
    if (error == answer.errors.end() || error->index != i) {
      others.push_back(std::move(object));
      continue;
    }
    rejected.push_back({.lease = object.leased.lease,
                        .kind = ObjectOutcome::Kind::kRejected,
                        .may_have_been_applied = object.may_have_been_applied,
                        .reason = error->text});
    ++error;
  }
  report->rejected += static_cast<int>(rejected.size());
  request.objects = std::move(others);
  request.body.clear();
  host_.Settle(std::move(rejected));
}

void Lane::Halve(Request request) {
  const auto middle =
      request.objects.begin() + static_cast<std::ptrdiff_t>((request.objects.size() + 1) / 2);
  Request first;
  Request second;
  first.objects.assign(std::make_move_iterator(request.objects.begin()),
                       std::make_move_iterator(middle));
  second.objects.assign(std::make_move_iterator(middle),
                        std::make_move_iterator(request.objects.end()));
  first.origin = second.origin = request.origin != 0 ? request.origin : next_origin_++;
  first.sibling_accepted = second.sibling_accepted = request.sibling_accepted;
  resend_.push_front(std::move(second));
  resend_.push_front(std::move(first));
}

void Lane::Isolate(Request request, const Answer& answer, ExchangeReport* report, absl::Time now) {
  if (request.objects.size() == 1) return JudgeAlone(std::move(request), answer, report, now);
  ++doubts_;
  if (answer.kind == Answer::Kind::kTooLarge) {
    // Only towards what was refused: other answers may come from requests of the old size.
    const int half = static_cast<int>((request.objects.size() + 1) / 2);
    objects_max_ = std::min(objects_max_, half);
  }
  if (doubts_ >= kDoubtsMax || !request.sibling_accepted) in_doubt_ = true;
  Halve(std::move(request));
}

void Lane::JudgeAlone(Request request, const Answer& answer, ExchangeReport* report,
                      absl::Time now) {
  Object& object = request.objects.front();
  const int enough =
      answer.kind == Answer::Kind::kUnclear ? kUnclearAnswersToReject : kLoneRefusalsToReject;
  if (++object.lone_refusals == 1) object.first_refused = now;
  if (object.vouched) {
    if (object.lone_refusals < enough) return resend_.push_front(std::move(request));
    // The fault was its own, not that of the requests it was in.
    if (answer.kind == Answer::Kind::kTooLarge) objects_max_ = options_.objects_max;
    return Reject(object, answer.braze_text.empty() ? answer.reason : answer.braze_text, report);
  }
  in_doubt_ = true;
  ++doubts_;
  suspects_.push_back(std::move(request));
  suspects_retry_ = now + kSuspectRetry;
  if (++lone_refusals_ < kLoneRefusalsMax) return;
  if (witness_.empty()) return PauseUntilAccepted(answer, now);
  resend_.push_front(std::move(witness_.front()));  // It decides.
  witness_.clear();
}

// The fault is the endpoint's, so it seems.
void Lane::PauseUntilAccepted(const Answer& answer, absl::Time now) {
  one_object_probes_ = true;
  in_doubt_ = false;
  doubts_ = 0;
  lone_refusals_ = 0;
  objects_max_ = options_.objects_max;
  Pause(DeliveryStatus::Cause::kAcceptsNothing,
        Concat("Braze accepts no object, also alone: ", answer.reason), now);
}

void Lane::Resume(absl::Time now) {
  if (running()) return;
  backoff_.Reset();
  concurrency_.Restart();
  one_object_probes_ = false;
  SetStatus(DeliveryStatus::State::kRunning, DeliveryStatus::Cause::kNone, "", std::nullopt, now);
}

void Lane::BackOff(const Answer& answer, bool probe, absl::Time now) {
  GiveBackHeld();  // The retry carries what is then the newest of each customer.
  // "Now" is no answer to "when": clocks differ, and the reset may just have passed.
  const absl::Duration asked = answer.rate.retry_after.value_or(absl::ZeroDuration());
  if (status_.state == DeliveryStatus::State::kPaused) {  // Waits for a person.
    const absl::Time next = now + std::max(asked, options_.probe_interval);
    return SetStatus(status_.state, status_.cause, status_.reason, next, now);
  }
  if (!running() && !probe) {  // Of many requests that fail together only the first counts.
    if (now + asked <= *status_.next_attempt) return;
    return SetStatus(status_.state, status_.cause, status_.reason, now + asked, now);
  }
  if (running()) concurrency_.Overloaded();
  const absl::Duration delay = asked > absl::ZeroDuration() ? asked : backoff_.Next();
  SetStatus(DeliveryStatus::State::kBackingOff, answer.cause, answer.reason, now + delay, now);
}

void Lane::Pause(DeliveryStatus::Cause cause, std::string reason, absl::Time now) {
  GiveBackHeld();
  SetStatus(DeliveryStatus::State::kPaused, cause, std::move(reason), now + options_.probe_interval,
            now);
}

// At the start, and before every probe: the key may have been mended.
void Lane::ReadKey(absl::Time now) {
  absl::StatusOr<std::string> key = host_.ReadApiKey();
  if (!key.ok()) {
    return Pause(DeliveryStatus::Cause::kKeyUnreadable, std::string(key.status().message()), now);
  }
  api_key_ = *std::move(key);
}

void Lane::SetStatus(DeliveryStatus::State state, DeliveryStatus::Cause cause, std::string reason,
                     std::optional<absl::Time> next_attempt, absl::Time now) {
  if (!options_.blocked.empty()) {  // Whatever an answer from before may say.
    state = DeliveryStatus::State::kPaused;
    cause = DeliveryStatus::Cause::kOtherWorkspace;
    reason = options_.blocked;
    next_attempt.reset();
  }
  const bool changed = status_.state != state || status_.reason != reason;
  if (changed) status_.since = now;
  status_.state = state;
  status_.cause = cause;
  status_.remedy = RemedyOf(cause, options_.route, options_.tenant);
  status_.reason = std::move(reason);
  status_.next_attempt = next_attempt;
  host_.ShowStatus(status_);
}

}  // namespace peaksync

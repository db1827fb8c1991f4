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

// An object alone must have been answered so often without a word that can be understood.
constexpr int kUnclearAnswersMax = 3;
// So many lone refusals in a row, with nothing accepted in between: the fault is not theirs.
constexpr int kLoneRefusalsMax = 3;
// With nothing else to send, a lone suspect is asked again after this.
constexpr absl::Duration kSuspectRetry = absl::Seconds(1);

}  // namespace

void Lane::Settle(Request request, const Answer& answer, ExchangeReport* report, absl::Time now) {
  const bool probe = request.probe;
  for (Object& object : request.objects) {
    object.may_have_been_applied |= answer.may_have_been_applied;
  }
  switch (answer.kind) {
    case Answer::Kind::kAccepted: {
      RejectNamed(request, answer, report);
      std::vector<ObjectOutcome> confirmed;
      for (const Object& object : request.objects) {
        confirmed.push_back(
            {.lease = object.leased.lease, .kind = ObjectOutcome::Kind::kConfirmed});
      }
      report->confirmed = static_cast<int>(confirmed.size());
      if (!confirmed.empty()) host_.Settle(std::move(confirmed));
      if (report->confirmed > 0) Accepted(request.origin, report);
      if (probe) Resume(now);
      return;
    }
    case Answer::Kind::kRefused:
      // Braze reads the objects one by one: the endpoint is well.
      RejectNamed(request, answer, report);
      if (!request.objects.empty()) resend_.push_front(std::move(request));
      if (probe) Resume(now);
      return;
    case Answer::Kind::kUnclear:
    case Answer::Kind::kBareRefusal:
      if (probe && one_object_probes_) {
        GiveBack(std::move(request.objects), absl::InfinitePast());
        return PauseUntilAccepted(answer, now);
      }
      if (probe) Resume(now);
      // From before a pause: it shows no more than that, and asking on is for the probes.
      if (!running()) return GiveBack(std::move(request.objects), absl::InfinitePast());
      return Isolate(std::move(request), answer, report, now);
    case Answer::Kind::kTooLarge:
      Shrink(std::move(request), answer, report);
      if (probe) Resume(now);
      return;
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

// Something was accepted: the endpoint is well, so what was refused alone is at fault itself.
void Lane::Accepted(std::uint64_t origin, ExchangeReport* report) {
  in_doubt_ = false;
  lone_refusals_ = 0;
  if (origin != 0) {
    for (Request& request : resend_) request.sibling_accepted |= request.origin == origin;
    for (auto& [id, request] : in_flight_) request.sibling_accepted |= request.origin == origin;
  }
  RejectSuspects(report);
}

void Lane::RejectSuspects(ExchangeReport* report) {
  if (suspects_.empty()) return;
  std::vector<ObjectOutcome> rejected;
  for (Suspect& suspect : suspects_) {
    rejected.push_back({.lease = suspect.object.leased.lease,
                        .kind = ObjectOutcome::Kind::kRejected,
                        .may_have_been_applied = suspect.object.may_have_been_applied,
                        .reason = std::move(suspect.reason)});
  }
  suspects_.clear();
  report->rejected += static_cast<int>(rejected.size());
  host_.Settle(std::move(rejected));
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
  if (!request.sibling_accepted || request.objects.size() == 1) in_doubt_ = true;
  if (request.objects.size() > 1) return Halve(std::move(request));
  JudgeAlone(std::move(request), answer, report, now);
}

void Lane::JudgeAlone(Request request, const Answer& answer, ExchangeReport* report,
                      absl::Time now) {
  Object& object = request.objects.front();
  if (answer.kind == Answer::Kind::kUnclear && ++object.unclear_answers < kUnclearAnswersMax) {
    resend_.push_front(std::move(request));
    return;
  }
  const bool sibling_accepted = request.sibling_accepted;
  suspects_.push_back(
      {std::move(object), answer.braze_text.empty() ? answer.reason : answer.braze_text});
  suspects_retry_ = now + kSuspectRetry;
  if (++lone_refusals_ >= kLoneRefusalsMax) return PauseUntilAccepted(answer, now);
  // Counted all the same: an endpoint that breaks in the middle of a search must not cost every
  // object of the other half.
  if (sibling_accepted) RejectSuspects(report);
}

// The fault is the endpoint's, so it seems.
void Lane::PauseUntilAccepted(const Answer& answer, absl::Time now) {
  one_object_probes_ = true;
  in_doubt_ = false;
  lone_refusals_ = 0;
  Pause(DeliveryStatus::Cause::kAcceptsNothing,
        Concat("Braze accepts no object, also alone: ", answer.reason), now);
}

void Lane::Shrink(Request request, const Answer& answer, ExchangeReport* report) {
  if (request.objects.size() == 1) {
    // The fault was its own, not that of the requests it was in.
    objects_max_ = options_.objects_max;
    report->rejected += 1;
    const Object& object = request.objects.front();
    return host_.Settle(
        {{.lease = object.leased.lease,
          .kind = ObjectOutcome::Kind::kRejected,
          .may_have_been_applied = object.may_have_been_applied,
          .reason = answer.braze_text.empty() ? answer.reason : answer.braze_text}});
  }
  // Only towards what was refused: other answers may come from requests of the old size.
  const int half = static_cast<int>((request.objects.size() + 1) / 2);
  objects_max_ = std::min(objects_max_, half);
  Halve(std::move(request));
}

void Lane::Resume(absl::Time now) {
  if (running()) return;
  backoff_.Reset();
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

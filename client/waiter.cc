#include "client/waiter.h"

#include <algorithm>

#include "absl/time/clock.h"
#include "client/backoff.h"
#include "client/delivery_text.h"
#include "client/exit_status.h"
#include "client/progress.h"
#include "client/rpc_client.h"
#include "client/text.h"
#include "client/time_text.h"

namespace peaksync::client {
namespace {

// How often progress is told even when nothing changes.
constexpr absl::Duration kTick = absl::Seconds(1);

bool MayBeMended(const absl::Status& status) {
  return status.ok() || absl::IsUnavailable(status) || absl::IsCancelled(status) ||
         absl::IsInternal(status) || absl::IsUnknown(status) || absl::IsResourceExhausted(status) ||
         absl::IsDeadlineExceeded(status);
}

// The trouble without its first word, which says PAUSED.
std::string WhyPaused(const v1::DeliveryStatus& delivery) {
  const std::string trouble = DeliveryTrouble(delivery);
  std::string_view why = trouble;
  TakePrefix(&why, Cat(StateName(delivery.state()), ": "));
  return std::string(why);
}

}  // namespace

std::optional<WaitEnd> WaitPolicy::Judge(const v1::SyncRun& run, absl::Time now) {
  if (IsFinal(run.state())) return WaitEnd::kDone;
  const bool paused = run.delivery().state() == v1::DeliveryStatus::STATE_PAUSED;
  if (!paused) paused_since_.reset();
  if (paused && !paused_since_) paused_since_ = now;
  if (paused_since_ && now >= *paused_since_ + pause_timeout_) return WaitEnd::kPaused;
  if (now >= deadline_) return WaitEnd::kTimedOut;
  return std::nullopt;
}

absl::Time WaitPolicy::next_change() const {
  return paused_since_ ? std::min(deadline_, *paused_since_ + pause_timeout_) : deadline_;
}

absl::Status WaitError(const WaitResult& result, const WaitOptions& options) {
  const v1::SyncRun& run = result.run;
  const v1::DeliveryStatus& delivery = run.delivery();
  const std::string advice =
      Cat(". Nothing is lost: the service goes on by itself; `peaksync runs watch ", run.run_id(),
          "` waits for it");
  switch (result.end) {
    case WaitEnd::kDone:
      return absl::OkStatus();
    case WaitEnd::kPaused:
      return absl::UnavailableError(
          Cat("delivery to Braze has been paused for ", DurationText(options.pause_timeout), ": ",
              WhyPaused(delivery), ". ", WithCommas(delivery.waiting_values()), " values of ",
              WithCommas(delivery.waiting_customers()), " customers wait, ",
              WithCommas(run.values().pending()), " of them of this run", advice));
    case WaitEnd::kTimedOut:
      return absl::DeadlineExceededError(
          Cat("the time of --timeout is over and ", WithCommas(run.values().pending()), " of ",
              WithCommas(run.values().received()), " values still wait for Braze",
              IsBlocked(delivery) ? Cat(" (", DeliveryTrouble(delivery), ")") : "", advice));
  }
  return absl::OkStatus();
}

absl::StatusOr<WaitResult> WaitForRun(
    const Channel& channel, const v1::SyncRun& run, const WaitOptions& options,
    const std::function<void(const v1::SyncRun&, std::string_view)>& on_news) {
  WaitResult result{run, WaitEnd::kDone};
  WaitPolicy policy(options.deadline, options.pause_timeout);
  Backoff backoff(SystemRandom(), options.backoff_min, options.backoff_max);
  std::string trouble;
  std::unique_ptr<RunWatch> watch;
  absl::Time watch_again = absl::InfinitePast();
  absl::Time heard = absl::InfinitePast();
  for (;;) {
    const absl::Time now = absl::Now();
    on_news(result.run, trouble);
    if (const auto end = policy.Judge(result.run, now)) {
      result.end = *end;
      return result;
    }
    const absl::Time until = std::min(policy.next_change(), now + kTick);
    if (watch == nullptr) {
      if (now < watch_again) {
        absl::SleepFor(std::min(until, watch_again) - now);
        continue;
      }
      watch = std::make_unique<RunWatch>(channel, run.run_id(), options.deadline);
      heard = now;
    }
    switch (watch->Wait(std::min(until, heard + options.silence_max), &result.run)) {
      case RunWatch::Event::kNews:
        trouble.clear();
        backoff.Reset();
        heard = absl::Now();
        break;
      case RunWatch::Event::kQuiet:
        if (absl::Now() >= heard + options.silence_max) watch.reset();
        break;
      case RunWatch::Event::kEnded: {
        const absl::Status why = watch->status();
        if (!MayBeMended(why)) return why;
        trouble = why.ok() ? "" : "the service is out of reach, trying again";
        watch.reset();
        watch_again = absl::Now() + std::max(backoff.Next(), absl::Milliseconds(1));
        break;
      }
    }
  }
}

}  // namespace peaksync::client

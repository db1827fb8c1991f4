#include "server/delivery/delivery_loop.h"

#include <algorithm>
#include <utility>

#include "server/base/limits.h"
#include "server/base/log.h"
#include "server/delivery/remedy.h"

namespace peaksync {

namespace {

std::string ForPeople(absl::Time time) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%E3SZ", time, absl::UTCTimeZone());
}

}  // namespace

// Binds a lane to its ledger and to the loop. All of it runs on the loop's thread.
class DeliveryLoop::Driver final : public LaneHost {
 public:
  Driver(DeliveryLoop& loop, LaneSetup setup) : loop_(loop), setup_(std::move(setup)) {
    setup_.options.tenant = setup_.tenant;
  }

  void Begin() {
    lane_ = std::make_unique<Lane>(
        setup_.options, *this,
        [this] { return std::uniform_real_distribution<double>(0, 1)(loop_.random_); },
        loop_.clock_.Now());
    setup_.ledger->SetReadyListener([this](ReadyState ready) {
      loop_.Post([this, ready] { lane_->OnReady(ready, loop_.clock_.Now()); });
    });
  }

  // The ledger tells no more from now on.
  void Detach() { setup_.ledger->SetReadyListener(nullptr); }
  void Stop() { lane_->Stop(); }
  int requests_in_flight() const { return lane_->requests_in_flight(); }
  absl::Time wake() const { return wake_; }

  void Turn(absl::Time now) {
    if (wake_ > now) return;
    wake_ = absl::InfiniteFuture();
    lane_->OnTimer(now);
  }

  void Lease(const LeaseRequest& request) override {
    setup_.ledger->Lease(request, [this](Leased leased) {
      loop_.Post([this, leased = std::move(leased)]() mutable {
        lane_->OnLeased(std::move(leased), loop_.clock_.Now());
      });
    });
  }
  void Send(RequestId id, HttpRequest request) override {
    loop_.http_.Send(std::move(request), [this, id](HttpResult result) {
      lane_->OnResult(id, result, loop_.clock_.Now());
    });
  }
  void Settle(std::vector<ObjectOutcome> outcomes) override {
    setup_.ledger->Settle(std::move(outcomes));
  }
  void WakeAt(absl::Time when) override { wake_ = when; }
  void ShowStatus(const DeliveryStatus& status) override {
    setup_.ledger->SetDeliveryStatus(status);
    if (setup_.status_changed) setup_.status_changed(status);
    if (std::exchange(shown_, status.state) == status.state && reason_ == status.reason) return;
    reason_ = status.reason;
    if (status.state == DeliveryStatus::State::kRunning) {
      return log::Info("Delivery to Braze runs.", {{"tenant", setup_.tenant}});
    }
    const bool paused = status.state == DeliveryStatus::State::kPaused;
    log::Write(paused ? log::Level::kError : log::Level::kWarn,
               paused ? "Delivery to Braze is paused; nothing is lost."
                      : "Delivery to Braze waits and tries again.",
               {{"tenant", setup_.tenant},
                {"cause", std::string(NameOf(status.cause))},
                {"reason", status.reason},
                {"remedy", status.remedy},
                {"since", ForPeople(status.since)},
                {"next_attempt", status.next_attempt ? ForPeople(*status.next_attempt) : "none"}});
  }
  void Report(const ExchangeReport& report) override {
    if (setup_.exchanged) setup_.exchanged(report);
  }
  absl::StatusOr<std::string> ReadApiKey() override { return setup_.read_api_key(); }

 private:
  DeliveryLoop& loop_;
  LaneSetup setup_;
  std::unique_ptr<Lane> lane_;
  absl::Time wake_ = absl::InfiniteFuture();
  DeliveryStatus::State shown_ = DeliveryStatus::State::kRunning;
  std::string reason_;
};

DeliveryLoop::DeliveryLoop(const Clock& clock, CurlOptions curl)
    : clock_(clock), http_(std::move(curl)) {}

DeliveryLoop::~DeliveryLoop() { Stop(); }

void DeliveryLoop::Start(std::vector<LaneSetup> lanes) {
  for (LaneSetup& lane : lanes) {
    drivers_.push_back(std::make_unique<Driver>(*this, std::move(lane)));
  }
  thread_ = std::thread([this] { Loop(); });
}

void DeliveryLoop::Stop() {
  stopping_ = true;
  http_.Wake();
  if (thread_.joinable()) thread_.join();
}

void DeliveryLoop::Post(Task task) {
  bool first = false;
  {
    MutexLock lock(mutex_);
    first = tasks_.empty();
    tasks_.push_back(std::move(task));
  }
  if (first) http_.Wake();
}

void DeliveryLoop::RunTasks() {
  std::vector<Task> tasks;
  {
    MutexLock lock(mutex_);
    tasks.swap(tasks_);
  }
  for (Task& task : tasks) task();
}

void DeliveryLoop::Loop() {
  for (const auto& driver : drivers_) driver->Begin();
  absl::Time stop_by = absl::InfiniteFuture();
  while (true) {
    RunTasks();
    const absl::Time now = clock_.Now();
    if (stopping_ && stop_by == absl::InfiniteFuture()) {
      stop_by = now + limits::kShutdownWait;
      for (const auto& driver : drivers_) driver->Stop();
    }
    const bool in_flight = std::ranges::any_of(
        drivers_, [](const auto& driver) { return driver->requests_in_flight() > 0; });
    if (stopping_ && (!in_flight || now >= stop_by)) break;

    absl::Time wake = std::min(stop_by, now + absl::Seconds(1));
    for (const auto& driver : drivers_) {
      driver->Turn(now);
      wake = std::min(wake, driver->wake());
    }
    http_.Poll(std::max(wake - now, absl::ZeroDuration()));
  }
  // A lease that the ledger answers from now on is never run; its customers wait in the outbox.
  for (const auto& driver : drivers_) driver->Detach();
}

}  // namespace peaksync

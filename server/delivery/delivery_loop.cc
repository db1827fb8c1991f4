#include "server/delivery/delivery_loop.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "server/base/check.h"
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
class DeliveryLoop::Driver final : public LaneHost, public std::enable_shared_from_this<Driver> {
 public:
  Driver(DeliveryLoop& loop, LaneSetup setup) : loop_(loop), setup_(std::move(setup)) {}

  void Begin() {
    lane_ = std::make_unique<Lane>(
        Complete(setup_.options), *this,
        [this] { return std::uniform_real_distribution<double>(0, 1)(loop_.random_); },
        loop_.clock_.Steady());
    setup_.ledger->SetReadyListener([&loop = loop_, self = weak_from_this()](ReadyState ready) {
      loop.Post([&loop, self, ready] {
        if (const auto driver = self.lock()) driver->lane_->OnReady(ready, loop.clock_.Steady());
      });
    });
  }

  void Reconfigure(LaneOptions options, std::function<absl::StatusOr<std::string>()> read_api_key) {
    setup_.read_api_key = std::move(read_api_key);
    lane_->Reconfigure(Complete(std::move(options)), loop_.clock_.Steady());
  }

  const std::string& tenant() const { return setup_.tenant; }
  // The ledger tells no more from now on.
  void Detach() { setup_.ledger->SetReadyListener(nullptr); }
  void Stop() { lane_->Stop(); }
  int requests_in_flight() const { return lane_->requests_in_flight(); }
  absl::Time wake() const { return std::min(wake_, leave_by_); }

  void Leave(Task done) {
    departed_.push_back(std::move(done));
    leave_by_ = std::min(leave_by_, loop_.clock_.Steady() + limits::kShutdownWait);
    Stop();
  }
  bool leaving() const { return leave_by_ != absl::InfiniteFuture(); }
  bool MayLeave(absl::Time now) const {
    const bool quiet = lane_->requests_in_flight() == 0 && !lane_->leasing();
    return leaving() && (quiet || now >= leave_by_);
  }
  std::vector<Task> TakeDeparted() { return std::exchange(departed_, {}); }

  void Turn(absl::Time now) {
    if (wake_ > now) return;
    wake_ = absl::InfiniteFuture();
    lane_->OnTimer(now);
  }

  void Lease(const LeaseRequest& request) override {
    setup_.ledger->Lease(request, [&loop = loop_, self = weak_from_this()](Leased leased) {
      loop.Post([&loop, self, leased = std::move(leased)]() mutable {
        if (const auto driver = self.lock()) {
          driver->lane_->OnLeased(std::move(leased), loop.clock_.Steady());
        }
      });
    });
  }
  void Send(RequestId id, HttpRequest request) override {
    loop_.http_.Send(std::move(request),
                     [&loop = loop_, self = weak_from_this(), id](HttpResult result) {
                       const auto driver = self.lock();
                       result.response.received = loop.clock_.Now();
                       if (driver) driver->lane_->OnResult(id, result, loop.clock_.Steady());
                     });
  }
  void Settle(std::vector<ObjectOutcome> outcomes) override {
    setup_.ledger->Settle(std::move(outcomes));
  }
  void WakeAt(absl::Time when) override { wake_ = when; }
  // The lane's times are those of the steady clock, what people read is the time of day.
  void ShowStatus(const DeliveryStatus& shown) override {
    const absl::Duration jumped = loop_.clock_.Now() - loop_.clock_.Steady();
    DeliveryStatus status = shown;
    status.since += jumped;
    if (status.next_attempt) *status.next_attempt += jumped;
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
  LaneOptions Complete(LaneOptions options) {
    options.tenant = setup_.tenant;
    options.pace_group = loop_.GroupOf(options);
    return options;
  }

  DeliveryLoop& loop_;
  LaneSetup setup_;
  std::unique_ptr<Lane> lane_;
  absl::Time wake_ = absl::InfiniteFuture();
  absl::Time leave_by_ = absl::InfiniteFuture();
  std::vector<Task> departed_;
  DeliveryStatus::State shown_ = DeliveryStatus::State::kRunning;
  std::string reason_;
};

DeliveryLoop::DeliveryLoop(const Clock& clock, CurlOptions curl)
    : clock_(clock), http_(std::move(curl)) {}

DeliveryLoop::~DeliveryLoop() { Stop(); }

void DeliveryLoop::Start(std::vector<LaneSetup> lanes) {
  for (LaneSetup& lane : lanes) Add(std::move(lane));
  thread_ = std::thread([this] { Loop(); });
}

void DeliveryLoop::Stop() {
  stopping_ = true;
  http_.Wake();
  if (thread_.joinable()) thread_.join();
}

void DeliveryLoop::Add(LaneSetup lane) {
  Post([this, lane = std::move(lane)]() mutable {
    if (stopping_) return;
    PEAKSYNC_CHECK_MSG(Find(lane.tenant) == nullptr, "a tenant has one lane at a time");
    drivers_.push_back(std::make_shared<Driver>(*this, std::move(lane)));
    drivers_.back()->Begin();
  });
}

void DeliveryLoop::Reconfigure(std::string tenant, LaneOptions options,
                               std::function<absl::StatusOr<std::string>()> read_api_key) {
  Post([this, tenant = std::move(tenant), options = std::move(options),
        read_api_key = std::move(read_api_key)]() mutable {
    if (Driver* driver = Find(tenant)) {
      driver->Reconfigure(std::move(options), std::move(read_api_key));
    }
  });
}

void DeliveryLoop::Remove(std::string tenant, absl::AnyInvocable<void()> done) {
  const auto shared = std::make_shared<Task>(std::move(done));
  Task task = [this, tenant = std::move(tenant), shared] {
    Driver* driver = Find(tenant);
    driver != nullptr ? driver->Leave(std::move(*shared)) : (*shared)();
  };
  if (!Post(task)) (*shared)();
}

bool DeliveryLoop::Post(Task& task) {
  bool first = false;
  {
    MutexLock lock(mutex_);
    if (ended_) return false;
    first = tasks_.empty();
    tasks_.push_back(std::move(task));
  }
  if (first) http_.Wake();
  return true;
}

void DeliveryLoop::RunTasks() {
  std::vector<Task> tasks;
  {
    MutexLock lock(mutex_);
    tasks.swap(tasks_);
  }
  for (Task& task : tasks) task();
}

DeliveryLoop::Driver* DeliveryLoop::Find(const std::string& tenant) {
  const auto found = std::ranges::find_if(
      drivers_, [&](const auto& driver) { return driver->tenant() == tenant; });
  return found == drivers_.end() ? nullptr : found->get();
}

std::shared_ptr<PaceGroup> DeliveryLoop::GroupOf(const LaneOptions& options) {
  std::erase_if(groups_, [](const auto& known) { return known.second.expired(); });
  if (options.rate_limit_group.empty()) return nullptr;
  std::weak_ptr<PaceGroup>& known = groups_[options.rate_limit_group];
  std::shared_ptr<PaceGroup> group = known.lock();
  if (group == nullptr) {
    group = std::make_shared<PaceGroup>(options.pace, clock_.Steady());
    known = group;
  }
  return group;
}

// Lets go of the lanes that are removed and have nothing to wait for.
void DeliveryLoop::Depart(absl::Time now) {
  const auto gone = std::stable_partition(
      drivers_.begin(), drivers_.end(), [&](const auto& driver) { return !driver->MayLeave(now); });
  std::vector<Task> departed;
  for (auto driver = gone; driver != drivers_.end(); ++driver) {
    (*driver)->Detach();
    std::ranges::move((*driver)->TakeDeparted(), std::back_inserter(departed));
  }
  drivers_.erase(gone, drivers_.end());
  for (Task& done : departed) done();
}

void DeliveryLoop::Loop() {
  absl::Time stop_by = absl::InfiniteFuture();
  while (true) {
    RunTasks();
    const absl::Time now = clock_.Steady();
    if (stopping_ && stop_by == absl::InfiniteFuture()) {
      stop_by = now + limits::kShutdownWait;
      for (const auto& driver : drivers_) driver->Stop();
    }
    Depart(now);
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
  End();
}

// A lease that the ledger answers from now on is never run; its customers wait in the outbox.
void DeliveryLoop::End() {
  {
    MutexLock lock(mutex_);
    ended_ = true;
  }
  RunTasks();  // What was posted before; who waits for a removal must not wait for ever.
  std::vector<Task> departed;
  for (const auto& driver : drivers_) {
    driver->Detach();
    std::ranges::move(driver->TakeDeparted(), std::back_inserter(departed));
  }
  drivers_.clear();
  for (Task& done : departed) done();
}

}  // namespace peaksync

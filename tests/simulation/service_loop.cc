// The process: how it starts, dies and ends, and what its lane asks for.
#include "tests/simulation/service_loop.h"

#include <utility>

#include "server/base/limits.h"

namespace peaksync::simulation {

ServiceLoop::ServiceLoop(World& world, const Scenario& scenario, VirtualDisk& disk,
                         SimulatedBraze& braze, Checker& checker, std::string path)
    : world_(world),
      scenario_(scenario),
      disk_(disk),
      braze_(braze),
      checker_(checker),
      path_(std::move(path)),
      configured_(scenario.rules.front()) {}

ServiceLoop::~ServiceLoop() {
  disk_.Die();
  process_.reset();
}

void ServiceLoop::Later(absl::Duration delay, std::function<void()> what) {
  world_.After(delay, [this, incarnation = incarnation_, what = std::move(what)] {
    if (process_ != nullptr && incarnation == incarnation_) what();
  });
}

void ServiceLoop::Start() {
  starting_ = false;
  if (process_ != nullptr) return;
  if (const absl::Status prepared = PrepareLedger(); !prepared.ok() || disk_.dead()) {
    return TryAgain(prepared);
  }
  auto ledger = TenantLedger::Open(LedgerOptions());
  if (!ledger.ok() || disk_.dead()) {
    const absl::Status why = ledger.status();
    ledger = absl::UnavailableError("closed");
    return TryAgain(why);
  }
  ++incarnation_;
  process_ = std::make_unique<Process>(scenario_.lane.pace);
  process_->ledger = *std::move(ledger);
  process_->rules = process_->read_by = configured_;
  process_->catalog = std::make_shared<AttributeCatalog>("acme", *configured_);
  world_.Tell("service: started");
  const VirtualDisk::Fault fault = disk_.fault();
  disk_.SetFault(VirtualDisk::Fault::kNone);  // The checker's own reads are no part of it.
  checker_.Opened(*process_->ledger);
  disk_.SetFault(fault);
  if (Died()) return;
  LaneOptions options = scenario_.lane;
  if (const absl::Status& guard = process_->ledger->workspace_guard(); !guard.ok()) {
    process_->guarded = true;
    world_.coverage.Count(Seen::kOfAnotherWorkspace);
    options.blocked = std::string(guard.message());
    world_.After(absl::Seconds(world_.random.Between(0, 60)), [this] { Rebind(); });
  } else if (braze_.workspace() != workspace_) {
    return world_.Break("section 1: the ledger of another workspace is not blocked");
  }
  process_->lane = std::make_unique<Lane>(
      options, *this, [this] { return world_.random.Real(); }, world_.Steady());
  ScheduleGroup();
}

TenantLedgerOptions ServiceLoop::LedgerOptions() {
  return {.tenant = "acme",
          .path = path_,
          .endpoint = "https://rest.test",
          .workspace = absl::StrCat("workspace-", workspace_),
          .rules = configured_,
          .clock = &world_,
          .random = [this] { return world_.random.Next(); },
          .fold_customers = world_.random.Between(1, 30),
          .fold_journal_bytes = world_.random.Between(200, 20'000),
          .fold_pages_min = world_.random.Between(0, 60),
          .fold_slice = world_.random.Between(1, 10),
          .table_copy_bytes_max = world_.random.Between(0, 2) == 0 ? 0 : limits::kTableCopyBytesMax,
          .sent_ahead = world_.random.Between(0, 20)};
}

// The ledger could not be opened, or the process died over it.
void ServiceLoop::TryAgain(const absl::Status& why) {
  world_.Tell("service: does not start: ", why.message());
  if (disk_.dead()) {
    world_.coverage.Count(Seen::kDiedInOpen);
    disk_.Reboot(loss_);
  } else if (absl::IsUnavailable(why)) {
    world_.coverage.Count(Seen::kOpenFailed);
  } else {
    return world_.Break("rule 1: the ledger is damaged: ", why.ToString());
  }
  starting_ = true;
  world_.After(absl::Seconds(1), [this] { Start(); });
}

void ServiceLoop::Kill(VirtualDisk::Loss loss) {
  if (process_ == nullptr) return;
  loss_ = loss;
  disk_.Die();
  Bury();
}

void ServiceLoop::KillAfter(int operations, VirtualDisk::Loss loss) {
  loss_ = loss;
  disk_.DieAfter(operations);
}

bool ServiceLoop::Died() {
  if (!disk_.dead()) return false;
  // Not now: its own code is running.
  process_->ending = true;
  world_.After(absl::ZeroDuration(), [this, incarnation = incarnation_] {
    if (process_ != nullptr && incarnation == incarnation_) Bury();
  });
  return true;
}

void ServiceLoop::Bury() {
  const bool power_cut = loss_ != VirtualDisk::Loss::kNothing;
  world_.Tell("service: ", power_cut ? "power cut" : "killed");
  world_.coverage.Count(power_cut ? Seen::kPowerCut : Seen::kKilled);
  disk_.Die();
  process_->lane.reset();
  process_.reset();
  ++incarnation_;
  const std::int64_t lost = disk_.bytes_lost();
  disk_.Reboot(loss_);
  if (disk_.bytes_lost() > lost) world_.coverage.Count(Seen::kUnsyncedLost);
  braze_.LoseAnswers();
  checker_.ProcessDied();
  BreakStreams();
  starting_ = true;
  world_.After(absl::Milliseconds(world_.random.Between(10, 5'000)), [this] {
    if (world_.random.Chance(10)) KillAfter(world_.random.Between(1, 12), loss_);
    if (scenario_.restore > 0 && world_.random.Chance(5)) Restore();
    Start();
  });
}

void ServiceLoop::BreakStreams() {
  for (const auto& down : down_) down();
}

void ServiceLoop::Terminate() {
  if (!up()) return;
  world_.Tell("service: SIGTERM");
  world_.coverage.Count(Seen::kTerminated);
  process_->ending = true;
  process_->term_by = world_.Steady() + limits::kShutdownWait;
  BreakStreams();
  Post([](Lane& lane) { lane.Stop(); });
  EndPolitely();
}

// Awaits the answers in flight, then lets the writer commit what was given to it.
void ServiceLoop::EndPolitely() {
  Later(absl::Milliseconds(50), [this] {
    const bool in_flight = process_->lane->requests_in_flight() > 0 || process_->post_due;
    if (in_flight && world_.Steady() < process_->term_by) return EndPolitely();
    if (process_->lane->requests_in_flight() > 0) world_.coverage.Count(Seen::kTerminatedInFlight);
    process_->posts.clear();
    process_->stopping = true;
    for (int i = 0; i < 1'000 && !(process_->queue.empty() && process_->deferred.empty()); ++i) {
      if (!RunGroup(TakeGroup())) return;
    }
    process_->ledger->Close();
    process_->ledger->Checkpoint(/*idle=*/true);
    if (Died()) return;
    if (process_->lane->requests_in_flight() == 0) world_.coverage.Count(Seen::kTerminatedQuietly);
    world_.Tell("service: ended");
    process_->lane.reset();
    process_.reset();
    ++incarnation_;
    disk_.Reboot(VirtualDisk::Loss::kNothing);
    braze_.LoseAnswers();
    checker_.ProcessDied();
    starting_ = true;
    world_.After(absl::Milliseconds(world_.random.Between(10, 3'000)), [this] {
      if (scenario_.back_up > 0 && world_.random.Chance(20)) BackUp();
      if (scenario_.kill > 0 && world_.random.Chance(25)) {
        KillAfter(world_.random.Between(1, 6), VirtualDisk::Loss::kSomeUnsynced);
      }
      Start();
    });
  });
}

bool ServiceLoop::IsQuiet() const {
  return process_ != nullptr && !process_->guarded && !rebinding_ && !restoring_ &&
         process_->queue.empty() && process_->deferred.empty() && process_->retries.empty() &&
         process_->posts.empty() && process_->lane->requests_in_flight() == 0 &&
         process_->ledger->totals().pending == 0;
}

// The lane's side.

void ServiceLoop::Post(std::function<void(Lane&)> post) {
  process_->posts.push_back(std::move(post));
  if (std::exchange(process_->post_due, true)) return;
  Later(absl::Microseconds(world_.random.Between(0, 2'000)), [this] {
    process_->post_due = false;
    while (process_ != nullptr && !process_->posts.empty() && !world_.broken()) {
      const auto run = std::move(process_->posts.front());
      process_->posts.pop_front();
      run(*process_->lane);
    }
  });
}

void ServiceLoop::Lease(const LeaseRequest& request) {
  Job job;
  job.read = [this, request](TenantLedger& ledger) {
    auto leased = std::make_shared<Leased>(Leased{ledger.Lease(request), ledger.Ready()});
    process_->published = leased->ready;
    checker_.Leased(leased->batches);
    Post([this, leased](Lane& lane) { lane.OnLeased(std::move(*leased), world_.Steady()); });
  };
  Push(std::move(job));
}

void ServiceLoop::Send(RequestId id, HttpRequest request) {
  if (process_->stopping) return world_.Break("section 5: a request after the end");
  if (process_->guarded) return world_.Break("section 1: a request to another workspace");
  if (const std::string broken = process_->pace.Sent(world_.Steady()); !broken.empty()) {
    return world_.Break("section 5: ", broken);
  }
  if (process_->pace.window_is_full()) world_.coverage.Count(Seen::kWindowFull);
  if (process_->pace.hour_is_spent()) world_.coverage.Count(Seen::kHourSpent);
  braze_.Receive(request, [this, id, incarnation = incarnation_](HttpResult result) {
    if (process_ == nullptr || incarnation != incarnation_ || process_->stopping) return;
    result.response.received = world_.Now();
    process_->lane->OnResult(id, result, world_.Steady());
  });
}

void ServiceLoop::Settle(std::vector<ObjectOutcome> outcomes) {
  checker_.Settling(outcomes);
  Job job;
  job.weight = static_cast<std::int64_t>(outcomes.size());
  job.until_possible = true;
  job.write = [this, outcomes = std::move(outcomes)](TenantLedger* ledger) -> Completion {
    const ValueCounts before = ledger->totals();
    ledger->Settle(outcomes);
    checker_.Settled(before, ledger->totals());
    return nullptr;
  };
  Push(std::move(job));
}

void ServiceLoop::WakeAt(absl::Time when) {
  const std::uint64_t wake = ++process_->wake;
  if (when == absl::InfiniteFuture()) return;
  Later(std::max(when - world_.Steady(), absl::ZeroDuration()), [this, wake] {
    if (wake == process_->wake) process_->lane->OnTimer(world_.Steady());
  });
}

void ServiceLoop::ShowStatus(const DeliveryStatus& status) {
  world_.Tell("lane: ", status.state == DeliveryStatus::State::kRunning ? "runs" : status.reason);
  if (status.state == DeliveryStatus::State::kBackingOff) world_.coverage.Count(Seen::kBackedOff);
  if (status.state == DeliveryStatus::State::kPaused) {
    const bool refused = status.reason.find("accepts no object") != std::string::npos;
    world_.coverage.Count(refused ? Seen::kPausedNothingAccepted : Seen::kPaused);
  }
  Job job;
  job.read = [status](TenantLedger& ledger) { ledger.SetDeliveryStatus(status); };
  Push(std::move(job));
}

absl::StatusOr<std::string> ServiceLoop::ReadApiKey() {
  if (!key_missing_) return braze_.key();
  world_.coverage.Count(Seen::kKeyMissing);
  return absl::NotFoundError("there is no key");
}

}  // namespace peaksync::simulation

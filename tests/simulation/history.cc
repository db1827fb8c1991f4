#include "tests/simulation/history.h"

#include <array>
#include <utility>

#include "tests/simulation/checker.h"
#include "tests/simulation/scenario.h"
#include "tests/simulation/service_loop.h"
#include "tests/simulation/simulated_braze.h"
#include "tests/simulation/tenant_client.h"
#include "tests/simulation/virtual_disk.h"
#include "tests/simulation/world.h"

namespace peaksync::simulation {
namespace {

// A history goes on until it has its updates. One that is hardly ever let through has so many steps
// of trouble, and then of peace.
constexpr int kUpdatesMin = 200;
constexpr int kTroubleStepsMax = 8'000;
constexpr int kStepsMax = 20'000;
constexpr int kQuietTurnsMax = 600;

class History {
 public:
  History(std::uint64_t seed, const std::string& ledger_path, bool verbose)
      : world_(seed, verbose),
        scenario_(seed),
        disk_(seed),
        braze_(world_, scenario_),
        checker_(world_, scenario_, braze_, disk_, ledger_path),
        service_(world_, scenario_, disk_, braze_, checker_, ledger_path),
        clients_{TenantClient(world_, scenario_, service_, "alpha"),
                 TenantClient(world_, scenario_, service_, "beta")} {}

  HistoryResult Play() {
    if (Happens(10 * scenario_.kill)) {  // While it makes its file.
      service_.KillAfter(world_.random.Between(1, 60), DrawLoss());
    }
    service_.Start();
    for (int step = 0; step < kStepsMax && !world_.broken(); ++step) {
      if (checker_.updates_taken() >= scenario_.updates) break;
      if (step == kTroubleStepsMax) MakePeace();
      Step();
    }
    if (!world_.broken() && checker_.updates_taken() < kUpdatesMin) {
      world_.Break("only ", checker_.updates_taken(), " updates were taken");
    }
    if (!world_.broken()) Heal();
    if (!world_.broken()) RunUntilQuiet();
    if (!world_.broken()) checker_.CheckQuiet(*service_.ledger());
    if (!world_.broken()) SendEveryone();
    CountDiskFaults();

    HistoryResult result;
    result.coverage = world_.coverage;
    result.updates = checker_.updates_taken();
    result.digest = world_.digest();
    if (world_.broken()) {
      for (const std::string& line : world_.story()) absl::StrAppend(&result.broken, line, "\n");
      absl::StrAppend(&result.broken, world_.what_is_broken());
    }
    return result;
  }

 private:
  bool Happens(int per_mille) {
    return !peace_ && per_mille > 0 &&
           world_.random.Below(1'000) < static_cast<std::uint64_t>(per_mille);
  }
  VirtualDisk::Loss DrawLoss() {
    return static_cast<VirtualDisk::Loss>(world_.random.Between(0, 2));
  }

  void Step() {
    clients_[world_.random.Below(2)].Step();
    if (Happens(scenario_.kill)) {
      if (world_.random.Chance(40)) {
        service_.Kill(DrawLoss());
      } else {
        service_.KillAfter(world_.random.Between(1, 60), DrawLoss());
      }
    }
    if (Happens(scenario_.terminate)) service_.Terminate();
    if (Happens(scenario_.disk_fault)) FailDisk();
    if (Happens(scenario_.key_fault)) LoseKey();
    if (scenario_.refuses_all && Happens(4)) RefuseAll();
    if (Happens(scenario_.clock_jump)) JumpClock();
    if (Happens(scenario_.low_disk)) FillDisk();
    if (Happens(scenario_.back_up)) service_.BackUp();
    if (Happens(scenario_.restore)) service_.Restore();
    if (service_.up()) Operate();
    Wait();
  }

  // What people do.
  void Operate() {
    if (Happens(scenario_.cancel)) CancelSome();
    if (Happens(scenario_.retry)) {
      world_.Tell("person: retries or discards rejections");
      world_.random.Chance(70) ? service_.RetryRejections() : service_.DiscardRejections();
    }
    if (Happens(scenario_.resync)) {
      static constexpr std::array<const char*, 3> kAttributes = {"score", "customer_tier", "note"};
      world_.Tell("person: resync");
      const bool one = world_.random.Chance(50);
      const std::string attribute =
          world_.random.Chance(50) ? "" : kAttributes[world_.random.Below(kAttributes.size())];
      service_.Resync(one ? world_.random.Between(0, 5) : -1, attribute);
    }
    if (Happens(scenario_.reload)) {
      world_.Tell("person: reload");
      service_.Reload(world_.random.Pick(scenario_.rules));
    }
    if (Happens(scenario_.move)) service_.MoveWorkspace();
    if (Happens(scenario_.new_profile)) {
      braze_.CreateProfile(world_.random.Pick(scenario_.customers).key);
    }
  }

  // Set wrong by a day, and right again later.
  void JumpClock() {
    const bool ahead = world_.random.Chance(50);
    world_.Tell("clock: a day ", ahead ? "ahead" : "behind");
    world_.coverage.Count(ahead ? Seen::kClockAhead : Seen::kClockBehind);
    world_.SetJump(absl::Hours(ahead ? 24 : -24));
    world_.After(absl::Seconds(world_.random.Between(1, 600)), [this] {
      world_.coverage.Count(Seen::kClockRight);
      world_.SetJump(absl::ZeroDuration());
    });
  }

  void FillDisk() {
    world_.Tell("disk: less than min_free_disk");
    service_.SetDiskLow(true);
    world_.After(absl::Seconds(world_.random.Between(1, 120)),
                 [this] { service_.SetDiskLow(false); });
  }

  void CancelSome() {
    const absl::StatusOr<RunPage> page = service_.ledger()->ListRuns("", 6, std::nullopt);
    if (!page.ok() || page->runs.empty()) return;
    const std::string run_id = world_.random.Pick(page->runs).run_id;
    world_.Tell("person: cancels ", run_id);
    service_.CancelRun(run_id);
  }

  void FailDisk() {
    using Fault = VirtualDisk::Fault;
    const auto fault = static_cast<Fault>(world_.random.Between(1, 4));
    CountDiskFaults();
    disk_.SetFault(fault);
    disk_fault_ = fault;
    world_.Tell("disk: fault ", static_cast<int>(fault));
    world_.After(absl::Milliseconds(world_.random.Between(1, 4'000)), [this] {
      CountDiskFaults();
      disk_.SetFault(Fault::kNone);
    });
  }

  // As many as have struck since the last time.
  void CountDiskFaults() {
    static constexpr std::array<Seen, 5> kSeen = {Seen::kDiskFull, Seen::kDiskFull,
                                                  Seen::kDiskWriteError, Seen::kDiskSyncError,
                                                  Seen::kDiskReadError};
    const std::int64_t struck = disk_.faults() - disk_faults_;
    disk_faults_ = disk_.faults();
    world_.coverage.Count(kSeen[static_cast<std::size_t>(disk_fault_)], struck);
  }

  void LoseKey() {
    if (world_.random.Chance(50)) {
      world_.coverage.Count(Seen::kKeyRotated);
      world_.Tell("person: rotates the key");
      return braze_.RotateKey();
    }
    service_.SetKeyMissing(true);
    braze_.RotateKey();
    world_.After(absl::Seconds(world_.random.Between(1, 200)),
                 [this] { service_.SetKeyMissing(false); });
  }

  void RefuseAll() {
    world_.Tell("braze: refuses all");
    braze_.SetRefusesAll(world_.random.Between(1, 2));
    world_.After(absl::Seconds(world_.random.Between(1, 300)), [this] { braze_.SetRefusesAll(0); });
  }

  void Wait() {
    Random& random = world_.random;
    absl::Duration wait = absl::Milliseconds(random.Between(0, 150));
    if (random.Chance(8)) wait = absl::Seconds(random.Between(1, 30));
    if (random.Chance(1)) wait = absl::Minutes(random.Between(1, 12));
    if (Happens(scenario_.long_pause)) wait = absl::Hours(random.Between(10, 30));
    world_.RunUntil(world_.Steady() + wait);
  }

  void MakePeace() {
    peace_ = true;
    world_.Tell("peace");
    CountDiskFaults();
    if (!disk_.dead()) disk_.SetFault(VirtualDisk::Fault::kNone);
    disk_.DieAfter(0);
    service_.SetKeyMissing(false);
    service_.SetDiskLow(false);
    world_.SetJump(absl::ZeroDuration());
    braze_.Heal(world_.random.Chance(50));
  }

  void Heal() {
    MakePeace();
    for (TenantClient& client : clients_) client.WindUp();
  }

  // Until nothing waits and every run has ended, at the latest when its stream is long gone.
  void RunUntilQuiet() {
    for (int turn = 0; turn < kQuietTurnsMax && !world_.broken(); ++turn) {
      for (TenantClient& client : clients_) client.Step();
      const bool idle = clients_[0].is_idle() && clients_[1].is_idle();
      // Rate headers and the hour's budget stop the lane for an hour, and that may stop a stream.
      const bool is_long = turn > 60;
      const absl::Duration step = is_long ? absl::Minutes(1) : absl::Seconds(1);
      world_.RunUntil(world_.Steady() + (idle ? 30 * step : step));
      if (!idle || !service_.up() || !service_.IsQuiet()) continue;
      if (!HasOpenRun()) return;
      world_.RunUntil(world_.Steady() + absl::Hours(25));
    }
    world_.Break("rule 6: it does not come to rest");
  }

  bool HasOpenRun() {
    const absl::StatusOr<RunPage> page = service_.ledger()->ListRuns("", 1'000, std::nullopt);
    for (const Run& run : page->runs) {
      if (!run.complete_time) return true;
    }
    return false;
  }

  // A newer value of every customer must get through, whatever happened to it.
  void SendEveryone() {
    world_.Tell("a value of everyone");
    braze_.Heal(/*cure=*/true);
    service_.Reload(scenario_.rules.front());
    // Newer than what came while the clock was ahead. What was confirmed then is a day old only
    // later, and so is sent by resend_after to who exists by now.
    world_.RunUntil(world_.Steady() + absl::Minutes(70));
    if (!scenario_.create_profiles) {
      for (const auto& customer : scenario_.customers) braze_.CreateProfile(customer.key);
      world_.RunUntil(world_.Steady() + absl::Hours(25));
    }
    UpdateMaker maker(world_, scenario_);
    MadeBatch batch;
    for (const SimulatedCustomer& customer : scenario_.customers) {
      batch.updates.push_back(maker.MakePlain(customer));
    }
    clients_[0].SendAlone(batch);
    RunUntilQuiet();
    if (!world_.broken()) checker_.CheckQuiet(*service_.ledger());
    if (!world_.broken()) checker_.CheckProfiles(batch);
  }

  World world_;
  Scenario scenario_;
  VirtualDisk disk_;
  SimulatedBraze braze_;
  Checker checker_;
  ServiceLoop service_;
  std::array<TenantClient, 2> clients_;
  bool peace_ = false;
  VirtualDisk::Fault disk_fault_ = VirtualDisk::Fault::kNone;
  std::int64_t disk_faults_ = 0;
};

}  // namespace

HistoryResult PlayHistory(std::uint64_t seed, const std::string& ledger_path, bool verbose) {
  return History(seed, ledger_path, verbose).Play();
}

}  // namespace peaksync::simulation

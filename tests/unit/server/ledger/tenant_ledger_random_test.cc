// Random histories against a tiny model that knows nothing of how the ledger works.
//
// Method: each history pushes from two sources with random times, values and nulls, leases,
// settles each way, folds in slices of any size, and restarts. After every step rule 3 holds and no
// customer is leased twice (the fixture checks both). In the end all is confirmed; if nothing was
// rejected, Braze holds of each attribute the value with the newest time, ties to the last that
// came (rule 5). To repeat a history: PEAKSYNC_TEST_SEED=N.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <string>
#include <utility>

#include "tests/unit/server/ledger/ledger_fixture.h"

namespace peaksync::testing {
namespace {

constexpr int kHistories = 300;
constexpr int kSteps = 60;
constexpr std::chrono::seconds kTimeMax{20};  // A slow disk gets through fewer.

class History : public TenantLedgerTest {
 public:
  explicit History(std::uint64_t seed) : seed_(seed) { random_.seed(seed); }
  void TestBody() override {
    if (Chance(70)) fold_customers_ = 1 + static_cast<std::int64_t>(Below(4));
    if (Chance(70)) fold_slice_ = 1 + static_cast<std::int64_t>(Below(3));
    if (Chance(70)) sent_ahead_ = static_cast<std::int64_t>(Below(4));
    SetUp();
    rejections_ = Chance(40);
    full_ = Chance(30);
    clock_step_ = Chance(50) ? absl::Seconds(1) : absl::Minutes(10);
    for (int step = 0; step < kSteps && !HasFailure(); ++step) {
      Step();
      CheckLaws();
    }
    Finish();
    TearDown();
  }

 private:
  bool Chance(int percent) { return static_cast<int>(Below(100)) < percent; }
  std::uint64_t Below(std::uint64_t end) { return random_() % end; }

  void Step() {
    clock_.Advance(clock_step_);
    switch (Below(10)) {
      case 0:
      case 1:
      case 2:
      case 3:
        return PushSome();
      case 4:
      case 5:
        return LeaseSome();
      case 6:
      case 7:
      case 8:
        return SettleSome();
      default:
        if (Chance(30)) {
          if (Chance(50)) Apply(leased_);  // Killed before or after Braze had it.
          leased_.clear();
          open_.clear();
          return Reopen();
        }
        return EndARun();
    }
  }

  void PushSome() {
    const std::string source = Chance(50) ? "one" : "two";
    std::string& run = open_[source];
    if (run.empty())
      run = Start(source, full_ && Chance(30) ? RunMode::kFull : RunMode::kIncremental);
    const UnixNanos at = At(static_cast<int>(Below(8)));
    std::vector<Update> updates;
    for (std::uint64_t i = 1 + Below(4); i > 0; --i) {
      Update& update = updates.emplace_back();
      update.id = "c" + std::to_string(Below(4));
      for (const char* name : {"a", "b"}) {
        if (Chance(60)) update.attributes.push_back({name, RandomValue()});
      }
    }
    PushTo(run, updates, at);
    for (const Update& update : updates) {
      for (const auto& [name, given] : update.attributes) {
        auto& [time, json] = newest_[{update.id, name}];
        if (at >= time) std::tie(time, json) = std::pair(at, given.value.json());
      }
    }
  }
  Given RandomValue() {
    const std::uint64_t drawn = Below(4);
    return drawn == 0 ? Given(nullptr) : Given(static_cast<int>(drawn));
  }

  void LeaseSome() {
    const LeaseRequest request{
        .batches_max = 1, .objects_max = 1 + static_cast<int>(Below(3)), .partial = true};
    for (LeasedBatch& batch : ledger_->Lease(request)) {
      for (LeasedObject& object : batch) {
        ASSERT_TRUE(in_flight_.insert(object.customer.Key()).second) << "leased twice";
        leased_.push_back(std::move(object));
      }
    }
  }
  void SettleSome() {
    if (leased_.empty()) return;
    std::swap(leased_[Below(leased_.size())], leased_.back());
    Objects object;
    object.push_back(std::move(leased_.back()));
    leased_.pop_back();
    const std::uint64_t drawn = Below(10);
    if (drawn < 5) return Settle(object, Kind::kConfirmed);
    if (drawn < 7) {
      // No clear answer: in half of the cases Braze has taken it all the same.
      if (Chance(50)) Apply(object);
      return Settle(object, Kind::kReturned,
                    Chance(50) ? absl::InfinitePast() : clock_.Now() + absl::Seconds(10));
    }
    if (drawn < 9 || !rejections_) return Settle(object, Kind::kUnsent);
    Settle(object, Kind::kRejected);
  }
  void Apply(const Objects& objects) {
    for (const LeasedObject& object : objects) {
      for (const auto& [name, json] : object.attributes) {
        braze_[object.customer.id][std::string(name)] = json;
      }
    }
  }
  void EndARun() {
    std::string& run = open_[Chance(50) ? "one" : "two"];
    if (run.empty()) return;
    if (Chance(70)) {
      EXPECT_THAT(TryFinish(run), IsOk());
    } else {
      EndStream(run);  // The next run abandons it.
    }
    run.clear();
  }

  // All is quiet: everything is settled, every run has ended.
  void Finish() {
    for (auto& [source, run] : open_) {
      if (!run.empty()) {
        EXPECT_THAT(TryFinish(run), IsOk());
      }
    }
    Settle(std::exchange(leased_, {}), Kind::kConfirmed);
    clock_.Advance(absl::Hours(1));
    Confirm();
    EXPECT_EQ(ledger_->totals().pending, 0);
    EXPECT_EQ(ledger_->delivery().waiting_bytes, 0);
    EXPECT_EQ(ledger_->delivery().waiting_customers, 0);
    auto page = ledger_->ListRuns("", 1'000, std::nullopt);
    ASSERT_THAT(page, IsOk());
    for (const Run& run : page->runs) {
      EXPECT_EQ(run.complete_time.has_value(), run.state != RunState::kOpen) << run.run_id;
      EXPECT_EQ(run.values.pending, 0) << run.run_id;
    }
    if (ledger_->totals().rejected > 0) return;
    ExpectToBeKnown();
    for (const auto& [of, newest] : newest_) {
      const auto& [id, name] = of;
      EXPECT_EQ(braze_[id][name], newest.second) << "of " << id << "." << name;
    }
  }

  // What Braze has need not be sent again, and older values are stale, whatever was folded.
  void ExpectToBeKnown() {
    if (Chance(50)) FoldAll();
    if (Chance(50)) Reopen();
    const std::string run = Start("check");
    for (const auto& [of, newest] : newest_) {
      Value value;
      ASSERT_TRUE(Value::FromJson(newest.second, &value));
      PushTo(run, {{of.first, {{of.second, value}}}}, newest.first);
      PushTo(run, {{of.first, {{of.second, 99}}}}, newest.first - 1);
    }
    EXPECT_THAT(TryFinish(run), IsOk());
    const Run found = RunOf(run);
    EXPECT_EQ(found.values.unchanged, static_cast<std::int64_t>(newest_.size()));
    EXPECT_EQ(found.values.stale, static_cast<std::int64_t>(newest_.size()));
  }

  std::uint64_t seed_;
  bool rejections_ = false;
  bool full_ = false;
  absl::Duration clock_step_;
  std::map<std::string, std::string> open_;  // By source.
  Objects leased_;
  std::map<std::pair<std::string, std::string>, std::pair<UnixNanos, std::string>> newest_;
};

TEST(TenantLedgerRandom, AccountsForEveryValueAndKeepsTheNewest) {
  const char* given = std::getenv("PEAKSYNC_TEST_SEED");
  const std::uint64_t first =
      given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device()();
  const std::uint64_t end = first + (given != nullptr ? 1 : kHistories);
  const auto deadline = std::chrono::steady_clock::now() + kTimeMax;
  for (std::uint64_t seed = first; seed < end; ++seed) {
    if (std::chrono::steady_clock::now() > deadline) return;
    SCOPED_TRACE(::testing::Message() << "seed " << seed);
    History(seed).TestBody();
    if (::testing::Test::HasFailure()) return;
  }
}

}  // namespace
}  // namespace peaksync::testing

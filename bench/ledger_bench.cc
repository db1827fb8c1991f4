// What the ledger costs: batches of 1,000 customers of five attributes, each in a transaction of
// its own with its fdatasync, against a ledger that holds 20,000 customers already, or as many as
// the environment's PEAKSYNC_BENCH_CUSTOMERS says.
//
// Goals (docs/design.md section 8 has the limits of SQLite alone): the cost a customer of each
// decision, and of leasing and confirming. The checkpoint after the commit is counted in: somebody
// has to do it. Non-goals: threads, group commit of many streams (peaksync-bench); decoding.
//
// Ids are hashes, so that look-ups hit pages all over the file, as a tenant's do. Real time only:
// CPU time does not see the disk.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "bench/population.h"
#include "server/base/clock.h"
#include "server/ledger/tenant_ledger.h"
#include "tests/support/temp_dir.h"  // Header only.

namespace peaksync {
namespace {

constexpr std::int64_t kBatch = 1'000;
constexpr UnixNanos kFirstTime = 1'750'000'000'000'000'000;

std::uint64_t HeldCustomers() {
  const char* text = std::getenv("PEAKSYNC_BENCH_CUSTOMERS");
  const std::uint64_t customers = text == nullptr ? 20'000 : std::strtoull(text, nullptr, 10);
  return customers < kBatch ? kBatch : customers;
}

template <typename T>
T OrDie(absl::StatusOr<T> result) {
  if (result.ok()) return *std::move(result);
  std::fprintf(stderr, "%s\n", result.status().ToString().c_str());
  std::abort();
}
void OrDie(const absl::Status& status) {
  if (status.ok()) return;
  std::fprintf(stderr, "%s\n", status.ToString().c_str());
  std::abort();
}

// A ledger with an open run, and customers that Braze has confirmed.
class LedgerBench {
 public:
  explicit LedgerBench(std::uint64_t held) {
    ledger_ = OrDie(TenantLedger::Open({.tenant = "bench",
                                        .path = dir_.File("bench.db"),
                                        .endpoint = "https://rest.example",
                                        .workspace = "bench",
                                        .rules = std::make_shared<const TenantRules>(),
                                        .clock = &clock_,
                                        .random = [this] { return random_(); }}));
    StartRequest start;
    start.source = "bench";
    start.stream = 1;
    OrDie(ledger_->Begin());
    run_id_ = OrDie(ledger_->StartRun(start)).run_id;
    OrDie(ledger_->Commit());
    while (held_ < held) {
      Accept(NewCustomers());
      Confirm(Lease());
    }
  }

  // Customers that the ledger does not know.
  std::vector<PreparedUpdate> NewCustomers() {
    std::vector<PreparedUpdate> updates;
    for (std::int64_t i = 0; i < kBatch; ++i) updates.push_back(Update(held_++, 0, kFirstTime));
    return updates;
  }
  // A stretch of those it does know; in the order of their ids they are all over the file.
  std::vector<PreparedUpdate> HeldCustomers(int generation, UnixNanos updated_at) {
    std::vector<PreparedUpdate> updates;
    for (std::int64_t i = 0; i < kBatch; ++i) {
      updates.push_back(Update(next_held_, generation, updated_at));
      next_held_ = (next_held_ + 1) % held_;
    }
    return updates;
  }

  void Accept(std::vector<PreparedUpdate> updates) {
    BatchRequest request;
    request.run_id = run_id_;
    request.stream = 1;
    request.sequence = ++sequence_;
    request.updates = std::move(updates);
    OrDie(ledger_->Begin());
    benchmark::DoNotOptimize(OrDie(ledger_->AcceptBatch(request)));
    OrDie(ledger_->Commit());
    ledger_->Checkpoint(/*idle=*/false);
  }
  std::vector<LeasedBatch> Lease() {
    return ledger_->Lease({.batches_max = 1'000, .partial = true});
  }
  void Confirm(const std::vector<LeasedBatch>& batches) {
    std::vector<ObjectOutcome> outcomes;
    for (const LeasedBatch& batch : batches) {
      for (const LeasedObject& object : batch) {
        outcomes.push_back({.lease = object.lease, .kind = ObjectOutcome::Kind::kConfirmed});
      }
    }
    OrDie(ledger_->Begin());
    ledger_->Settle(outcomes);
    OrDie(ledger_->Commit());
    ledger_->Checkpoint(/*idle=*/false);
  }
  // Whole rounds over the customers that are held: the generation that the next batch must have to
  // differ from what is confirmed.
  int Round(std::int64_t batches) const {
    return static_cast<int>(batches / (static_cast<std::int64_t>(held_) / kBatch));
  }

 private:
  PreparedUpdate Update(std::uint64_t number, int generation, UnixNanos updated_at) const {
    const bench::Prediction made = population_.Predict(number, generation);
    PreparedUpdate update;
    update.customer = Customer{IdentifierKind::kExternalId, population_.Id(number), ""};
    update.customer_key = update.customer->Key();
    update.updated_at = updated_at;
    update.values.push_back({bench::kChurnProbability, Value::Double(made.churn_probability)});
    update.values.push_back({bench::kLifetimeValue, Value::Double(made.lifetime_value)});
    update.values.push_back({bench::kOrders, Value::Integer(made.orders)});
    update.values.push_back({bench::kIsHighValue, Value::Bool(made.is_high_value)});
    update.values.push_back({bench::kOffer, Value::Text(made.offer)});
    update.received_values = bench::kAttributesPerCustomer;
    return update;
  }

  const bench::Population population_{1};
  const SystemClock clock_;
  testing::TempDir dir_;
  std::mt19937_64 random_{42};
  std::unique_ptr<TenantLedger> ledger_;
  std::string run_id_;
  std::int64_t sequence_ = 0;
  std::uint64_t held_ = 0;
  std::uint64_t next_held_ = 0;
};

void CountCustomers(benchmark::State& state) {
  state.SetItemsProcessed(state.iterations() * kBatch);
}

void BM_AcceptNew(benchmark::State& state) {
  LedgerBench ledger(HeldCustomers());
  for (auto _ : state) {
    state.PauseTiming();
    std::vector<PreparedUpdate> updates = ledger.NewCustomers();
    state.ResumeTiming();
    ledger.Accept(std::move(updates));
    state.PauseTiming();
    ledger.Confirm(ledger.Lease());  // What waits must not pile up.
    state.ResumeTiming();
  }
  CountCustomers(state);
}
BENCHMARK(BM_AcceptNew)->UseRealTime()->Unit(benchmark::kMillisecond);

void BM_AcceptChanged(benchmark::State& state) {
  LedgerBench ledger(HeldCustomers());
  std::int64_t batches = 0;
  for (auto _ : state) {
    state.PauseTiming();
    const int generation = 1 + ledger.Round(batches++);
    std::vector<PreparedUpdate> updates = ledger.HeldCustomers(generation, kFirstTime + generation);
    state.ResumeTiming();
    ledger.Accept(std::move(updates));
    state.PauseTiming();
    ledger.Confirm(ledger.Lease());
    state.ResumeTiming();
  }
  CountCustomers(state);
}
BENCHMARK(BM_AcceptChanged)->UseRealTime()->Unit(benchmark::kMillisecond);

void BM_AcceptUnchanged(benchmark::State& state) {
  LedgerBench ledger(HeldCustomers());
  for (auto _ : state) {
    state.PauseTiming();
    std::vector<PreparedUpdate> updates = ledger.HeldCustomers(0, kFirstTime);
    state.ResumeTiming();
    ledger.Accept(std::move(updates));
  }
  CountCustomers(state);
}
BENCHMARK(BM_AcceptUnchanged)->UseRealTime()->Unit(benchmark::kMillisecond);

// The newer time has to be remembered: a row is written.
void BM_AcceptUnchangedNewer(benchmark::State& state) {
  LedgerBench ledger(HeldCustomers());
  UnixNanos updated_at = kFirstTime;
  for (auto _ : state) {
    state.PauseTiming();
    std::vector<PreparedUpdate> updates = ledger.HeldCustomers(0, ++updated_at);
    state.ResumeTiming();
    ledger.Accept(std::move(updates));
  }
  CountCustomers(state);
}
BENCHMARK(BM_AcceptUnchangedNewer)->UseRealTime()->Unit(benchmark::kMillisecond);

void BM_LeaseAndConfirm(benchmark::State& state) {
  LedgerBench ledger(HeldCustomers());
  for (auto _ : state) {
    state.PauseTiming();
    ledger.Accept(ledger.NewCustomers());
    state.ResumeTiming();
    ledger.Confirm(ledger.Lease());
  }
  CountCustomers(state);
}
BENCHMARK(BM_LeaseAndConfirm)->UseRealTime()->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace peaksync

BENCHMARK_MAIN();

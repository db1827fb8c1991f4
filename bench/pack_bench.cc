// What the ledger's two kinds of rows cost to write and to read, of one customer with five
// attributes: a row of the outbox, as it is accepted, and the customer's state, as it is confirmed.
// Goal: 0.5 us each way, so that packing does not show beside SQLite (docs/design.md section 8).
// Non-goals: SQLite itself, deciding (ledger_bench).
#include <benchmark/benchmark.h>

#include <cstdint>
#include <string>
#include <utility>

#include "bench/population.h"
#include "server/ledger/customer_state.h"
#include "server/ledger/outbox_row.h"

namespace peaksync {
namespace {

constexpr UnixNanos kNow = 1'790'000'000'000'000'000;

OutboxRow Accepted() {
  const bench::Population population(1);
  const bench::Prediction made = population.Predict(42, 0);
  OutboxRow row;
  row.customer = {IdentifierKind::kExternalId, population.Id(42), ""};
  row.source_id = 1;
  row.updated_at = kNow;
  std::uint32_t id = 0;
  for (const Value& value :
       {Value::Double(made.churn_probability), Value::Double(made.lifetime_value),
        Value::Integer(made.orders), Value::Bool(made.is_high_value), Value::Text(made.offer)}) {
    row.attributes.push_back({++id, false, value});
  }
  return row;
}

CustomerState Confirmed() {
  CustomerState state;
  for (const OutboxRow::Attribute& attribute : Accepted().attributes) {
    KnownAttribute& known = state.At(attribute.attribute_id);
    known.source_id = 1;
    known.epoch = 1;
    known.updated_at = kNow;
    known.confirmed_at = kNow;
    known.value = KnownValue::Of(attribute.value);
  }
  return state;
}

template <typename Row>
void Pack(benchmark::State& state, const Row& row) {
  std::string bytes;
  for (auto _ : state) {
    bytes.clear();
    row.Pack(&bytes);
    benchmark::DoNotOptimize(bytes);
  }
  state.counters["bytes"] = static_cast<double>(bytes.size());
  state.SetItemsProcessed(state.iterations());
}

bool ReadBack(const std::string& bytes, OutboxRow* row) {
  auto read = OutboxRow::Unpack(bytes);
  if (read.ok()) *row = *std::move(read);
  return read.ok();
}
bool ReadBack(const std::string& bytes, CustomerState* state) {
  return CustomerState::Unpack(bytes, state).ok();
}

template <typename Row>
void Unpack(benchmark::State& state, const Row& row) {
  std::string bytes;
  row.Pack(&bytes);
  Row read;
  for (auto _ : state) {
    if (!ReadBack(bytes, &read) || read.attributes.size() != bench::kAttributesPerCustomer) {
      state.SkipWithError("not what was packed");
    }
    benchmark::DoNotOptimize(read);
  }
  state.SetItemsProcessed(state.iterations());
}

void BM_PackOutboxRow(benchmark::State& state) { Pack(state, Accepted()); }
BENCHMARK(BM_PackOutboxRow);
void BM_UnpackOutboxRow(benchmark::State& state) { Unpack(state, Accepted()); }
BENCHMARK(BM_UnpackOutboxRow);
void BM_PackCustomerState(benchmark::State& state) { Pack(state, Confirmed()); }
BENCHMARK(BM_PackCustomerState);
void BM_UnpackCustomerState(benchmark::State& state) { Unpack(state, Confirmed()); }
BENCHMARK(BM_UnpackCustomerState);

}  // namespace
}  // namespace peaksync

BENCHMARK_MAIN();

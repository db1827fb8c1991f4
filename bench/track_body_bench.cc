// What writing a request costs: the body of /users/track for 75 customers of five attributes, from
// values whose JSON is made already, as the lane gets them from the ledger.
// Goal: 10 us a body, a tenth of what a request costs libcurl. Non-goals: making the JSON of values
// (decode_bench), sending.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "bench/population.h"
#include "server/braze/track_request.h"
#include "server/domain/customer.h"
#include "server/domain/value.h"

namespace peaksync {
namespace {

struct Sent {
  Customer customer;
  std::vector<std::pair<std::string, std::string>> attributes;  // Names and JSON.
};

std::vector<Sent> MakeSent(std::uint64_t customers) {
  const bench::Population population(1);
  std::vector<Sent> sent;
  for (std::uint64_t number = 0; number < customers; ++number) {
    const bench::Prediction made = population.Predict(number, 0);
    sent.push_back({{IdentifierKind::kExternalId, population.Id(number), ""},
                    {{bench::kChurnProbability, Value::Double(made.churn_probability).json()},
                     {bench::kLifetimeValue, Value::Double(made.lifetime_value).json()},
                     {bench::kOrders, Value::Integer(made.orders).json()},
                     {bench::kIsHighValue, Value::Bool(made.is_high_value).json()},
                     {bench::kOffer, Value::Text(made.offer).json()}}});
  }
  return sent;
}

void BM_TrackBody(benchmark::State& state) {
  const std::vector<Sent> sent = MakeSent(static_cast<std::uint64_t>(state.range(0)));
  std::vector<TrackObject> objects;
  for (const Sent& one : sent) {
    TrackObject& object = objects.emplace_back();
    object.customer = &one.customer;
    for (const auto& [name, json] : one.attributes) object.attributes.push_back({name, json});
  }
  std::size_t bytes = 0;
  for (auto _ : state) {
    TrackBody body(/*create_profiles=*/true);
    for (const TrackObject& object : objects) {
      benchmark::DoNotOptimize(body.AddIfFits(object, 4'000'000));
    }
    std::string text = std::move(body).Finish();
    bytes = text.size();
    benchmark::DoNotOptimize(text);
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(bytes));
}
BENCHMARK(BM_TrackBody)->Arg(1)->Arg(75);

}  // namespace
}  // namespace peaksync

BENCHMARK_MAIN();

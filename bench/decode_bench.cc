// What decoding costs: one update of five attributes, message to PreparedUpdate, as on the hot path
// of a nightly re-score. The message is made once and reused, the names are known to the catalog;
// parsing has figures of its own, the ledger is in none. Goal: 1 us an update (docs/design.md
// section 8 has what is around it).
#include <benchmark/benchmark.h>

#include <cstdint>
#include <string>

#include "server/api/decode.h"
#include "server/domain/value.h"
#include "server/rules/attribute_catalog.h"

namespace peaksync {
namespace {

constexpr UnixNanos kNow = 1'790'000'000'000'000'000;

void Add(v1::CustomerUpdate* update, const char* name, const v1::Value& value) {
  v1::Attribute* attribute = update->add_attributes();
  attribute->set_name(name);
  *attribute->mutable_value() = value;
}

v1::CustomerUpdate FiveAttributes() {
  v1::CustomerUpdate update;
  update.mutable_customer()->set_external_id("customer-0000000042");
  update.mutable_updated_at()->set_seconds(kNow / 1'000'000'000);
  v1::Value value;
  value.set_double_value(0.8315729164201);
  Add(&update, "churn_probability", value);
  value.set_double_value(1234.56);
  Add(&update, "lifetime_value", value);
  value.set_int64_value(17);
  Add(&update, "orders_next_quarter", value);
  value.set_string_value("free-shipping");
  Add(&update, "next_best_offer", value);
  value.set_bool_value(true);
  Add(&update, "is_high_value", value);
  return update;
}

void Decode(benchmark::State& state, const TenantRules& rules, const v1::CustomerUpdate& update) {
  AttributeCatalog catalog("acme", rules);
  const DecodeContext context{catalog, "churn-model", kNow, kNow};
  std::uint32_t index = 0;
  for (auto _ : state) {
    PreparedUpdate prepared = DecodeUpdate(update, index++, context);
    benchmark::DoNotOptimize(prepared);
  }
  state.SetItemsProcessed(state.iterations());
}

void BM_DecodeFiveAttributes(benchmark::State& state) {
  Decode(state, TenantRules{}, FiveAttributes());
}
BENCHMARK(BM_DecodeFiveAttributes);

void BM_DecodeFiveAttributesWithRules(benchmark::State& state) {
  TenantRules rules;
  rules.accept_unlisted_attributes = false;
  rules.attributes["churn_probability"] = {"churn", RuleType::kDouble, {{0, 1}}, 4, 0.005, ""};
  rules.attributes["lifetime_value"] = {"", RuleType::kDouble, {}, 0, 1.0, ""};
  rules.attributes["orders_next_quarter"] = {"", RuleType::kInteger, {}, {}, {}, ""};
  rules.attributes["next_best_offer"] = {"", RuleType::kString, {}, {}, {}, ""};
  rules.attributes["is_high_value"] = {"", RuleType::kBool, {}, {}, {}, ""};
  Decode(state, rules, FiveAttributes());
}
BENCHMARK(BM_DecodeFiveAttributesWithRules);

// A message of 1,000 updates as it comes off the wire, into one that was used before or a fresh
// one.
void ParseBatch(benchmark::State& state, bool reuse) {
  v1::UpdateBatch batch;
  for (int i = 0; i < 1'000; ++i) *batch.add_updates() = FiveAttributes();
  const std::string bytes = batch.SerializeAsString();
  v1::UpdateBatch reused;
  for (auto _ : state) {
    v1::UpdateBatch fresh;
    v1::UpdateBatch& parsed = reuse ? reused : fresh;
    if (!parsed.ParseFromString(bytes) || parsed.updates_size() != batch.updates_size()) {
      state.SkipWithError("not what was written");
    }
    benchmark::DoNotOptimize(parsed);
  }
  state.SetItemsProcessed(state.iterations() * batch.updates_size());
}

void BM_ParseBatchReused(benchmark::State& state) { ParseBatch(state, true); }
BENCHMARK(BM_ParseBatchReused)->Unit(benchmark::kMicrosecond);
void BM_ParseBatchFresh(benchmark::State& state) { ParseBatch(state, false); }
BENCHMARK(BM_ParseBatchFresh)->Unit(benchmark::kMicrosecond);

void BM_DecodeObjectOfTenKeys(benchmark::State& state) {
  v1::CustomerUpdate update;
  update.mutable_customer()->set_external_id("customer-0000000042");
  v1::Attribute* attribute = update.add_attributes();
  attribute->set_name("affinities");
  for (int i = 10; i > 0; --i) {
    v1::ObjectField* field = attribute->mutable_value()->mutable_object_value()->add_fields();
    field->set_key("category_" + std::to_string(i));
    field->mutable_value()->set_double_value(1.0 / i);
  }
  Decode(state, TenantRules{}, update);
}
BENCHMARK(BM_DecodeObjectOfTenKeys);

}  // namespace
}  // namespace peaksync

BENCHMARK_MAIN();

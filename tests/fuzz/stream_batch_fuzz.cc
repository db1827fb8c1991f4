// Decoding and validation of a batch that a tenant streams. An input is the message UpdateBatch as
// it comes on the wire, or, after a first line "#text", in Protocol Buffers' text format, so that
// the corpus can be read.

#include <google/protobuf/text_format.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "server/api/decode.h"
#include "server/api/encode_value.h"
#include "tests/fuzz/promise.h"

namespace peaksync {
namespace {

constexpr UnixNanos kNow = 1'790'000'000'000'000'000;
constexpr std::string_view kText = "#text\n";

TenantRules Rules() {
  TenantRules rules;
  rules.attributes["score"] = {.rename = "churn",
                               .type = RuleType::kDouble,
                               .range = {{0, 1}},
                               .round = 4,
                               .min_change = {},
                               .source = {}};
  rules.attributes["tier"].type = RuleType::kString;
  rules.attributes["count"].type = RuleType::kInteger;
  rules.attributes["home_city"].source = "other";
  return rules;
}

bool Read(std::string_view input, v1::UpdateBatch* batch) {
  if (!input.starts_with(kText)) {
    return batch->ParseFromArray(input.data(), static_cast<int>(input.size()));
  }
  return google::protobuf::TextFormat::ParseFromString(std::string(input.substr(kText.size())),
                                                       batch);
}

void CheckUpdate(const PreparedUpdate& update) {
  std::size_t invalid = 0;
  for (const InvalidValue& value : update.invalid) {
    // An attribute's name is as it was given, and may be none.
    Promise(!value.name.empty() || !value.whole_update, "a fault of the update names a field");
    Promise(!value.reason.empty(), "an invalid value has a reason");
    if (!value.whole_update) ++invalid;
    v1::Value again;
    (void)EncodeValue(value.json, &again);
  }
  Promise(update.values.size() <= update.received_values, "no value comes from nowhere");
  Promise(update.values.empty() || update.customer.has_value(), "a valid value has a customer");
  Promise(!update.customer || update.customer->Key() == update.customer_key, "the key is its own");
  for (const AttributeValue& value : update.values) {
    Value again;
    Promise(Value::FromJson(value.value.type(), value.value.json(), &again) && again == value.value,
            "a value reads back from its JSON", value.value.json());
  }
}

}  // namespace
}  // namespace peaksync

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace peaksync;
  v1::UpdateBatch batch;
  if (!Read({reinterpret_cast<const char*>(data), size}, &batch) || CheckBatch(batch)) return 0;
  AttributeCatalog catalog("acme", Rules());
  const DecodeContext context{catalog, "model", kNow, kNow};
  for (int i = 0; i < batch.updates_size(); ++i) {
    CheckUpdate(DecodeUpdate(batch.updates(i), static_cast<std::uint32_t>(i), context));
  }
  return 0;
}

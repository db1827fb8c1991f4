#include "tests/simulation/update_maker.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/strings/numbers.h"

namespace peaksync::simulation {
namespace {

constexpr int kAttributes = 6;
constexpr std::int64_t kNanos = 1'000'000'000;
constexpr std::int64_t kGridSeconds = 600;

v1::Value TextOf(std::string_view text) {
  v1::Value value;
  value.set_string_value(std::string(text));
  return value;
}

v1::Value NumberOf(std::int64_t number) {
  v1::Value value;
  value.set_int64_value(number);
  return value;
}

v1::Value Null() {
  v1::Value value;
  value.set_null_value(google::protobuf::NULL_VALUE);
  return value;
}

// What the model predicts, and how it must look in a request.
struct Score {
  double given;
  double rounded;
  const char* json;
};
constexpr Score kScores[] = {{0.1, 0.1, "0.1"},    {0.13, 0.13, "0.13"}, {0.15, 0.15, "0.15"},
                             {0.2, 0.2, "0.2"},    {0.2041, 0.2, "0.2"}, {0.5, 0.5, "0.5"},
                             {14.0, 14, "14.0"},   {0.0, 0, "0.0"},      {0.1349, 0.13, "0.13"},
                             {0.11, 0.11, "0.11"}, {0.12, 0.12, "0.12"}, {0.14, 0.14, "0.14"}};
constexpr const char* kTiers[] = {"gold", "silver", "bronze \\\"x\\\""};
constexpr const char* kTierTexts[] = {"gold", "silver", "bronze \"x\""};

}  // namespace

std::string AsSent(std::string_view attribute, const std::string& json) {
  double number = 0;
  if (attribute != "score" || !absl::SimpleAtod(json, &number)) return json;
  const auto score = std::ranges::find(kScores, number, &Score::given);
  return score == std::end(kScores) ? json : score->json;
}

void UpdateMaker::Add(std::string_view model_name, std::string json, std::optional<double> number,
                      const v1::Value& message, MadeUpdate& update) {
  MadeValue& value = update.values.emplace_back();
  value.model_name = model_name;
  value.attribute = model_name == "tier" ? "customer_tier" : model_name;
  value.json = std::move(json);
  value.number = number;
  v1::Attribute& attribute = *update.message.add_attributes();
  attribute.set_name(value.model_name);
  *attribute.mutable_value() = message;
}

void UpdateMaker::AddValue(int attribute, MadeUpdate& update) {
  Random& random = world_.random;
  v1::Value value;
  if (random.Chance(8)) {
    static constexpr const char* kNames[] = {"score", "tier", "visits", "flag", "note", "basket"};
    return Add(kNames[attribute], "null", std::nullopt, Null(), update);
  }
  switch (attribute) {
    case 0: {
      const Score& score = kScores[random.Below(std::size(kScores))];
      value.set_double_value(score.given);
      return Add("score", score.json, score.rounded, value, update);
    }
    case 1: {
      const std::size_t tier = random.Below(std::size(kTiers));
      return Add("tier", absl::StrCat("\"", kTiers[tier], "\""), std::nullopt,
                 TextOf(kTierTexts[tier]), update);
    }
    case 2: {
      const int visits = random.Between(0, 6);  // Some rules allow less.
      return Add("visits", absl::StrCat(visits), visits, NumberOf(visits), update);
    }
    case 3: {
      const bool flag = random.Chance(50);
      value.set_bool_value(flag);
      return Add("flag", flag ? "true" : "false", std::nullopt, value, update);
    }
    case 4: {
      const bool number = random.Chance(10);
      const std::string text = absl::StrCat("n", random.Below(3));
      Add("note", number ? "7" : absl::StrCat("\"", text, "\""),
          number ? std::optional<double>(7) : std::nullopt, number ? NumberOf(7) : TextOf(text),
          update);
      update.values.back().may_be_refused = true;
      return;
    }
    default: {
      if (random.Chance(90)) {  // Now and then an object, which is another type.
        const bool order = random.Chance(50);
        *value.mutable_list_value()->add_values() = TextOf(order ? "a" : "b");
        *value.mutable_list_value()->add_values() = TextOf(order ? "b" : "a");
        Add("basket", order ? R"(["a","b"])" : R"(["b","a"])", std::nullopt, value, update);
      } else {
        v1::ObjectField& field = *value.mutable_object_value()->add_fields();
        field.set_key("k");
        const int number = random.Between(1, 2);
        *field.mutable_value() = NumberOf(number);
        Add("basket", absl::StrCat(R"({"k":)", number, "}"), std::nullopt, value, update);
      }
      update.values.back().may_be_refused = true;
      return;
    }
  }
}

void UpdateMaker::AddInvalid(MadeUpdate& update) {
  v1::Value value;
  Seen fault = Seen::kInvalidOffList;
  switch (world_.random.Below(6)) {
    case 0:  // Only where the rules accept no others; else it is as good as any.
      Add("rogue", "\"r\"", std::nullopt, TextOf("r"), update);
      update.values.back().may_be_refused = true;
      return;
    case 1:
      fault = Seen::kInvalidType;
      Add("tier", "3", 3, NumberOf(3), update);
      break;
    case 2:
      fault = Seen::kInvalidRange;
      value.set_double_value(101.5);
      Add("score", "101.5", 101.5, value, update);
      break;
    case 3:
      fault = Seen::kInvalidLimit;
      Add("tier", "", std::nullopt, TextOf(std::string(256, 'x')), update);
      break;
    case 4:
      fault = Seen::kInvalidTwice;
      Add("visits", "1", 1, NumberOf(1), update);
      update.values.back().fault = fault;
      Add("visits", "2", 2, NumberOf(2), update);
      break;
    default: {
      fault = Seen::kInvalidOperator;
      v1::ObjectField& field = *value.mutable_object_value()->add_fields();
      field.set_key(world_.random.Chance(50) ? "inc" : "$add");
      *field.mutable_value() = NumberOf(1);
      Add("basket", "", std::nullopt, value, update);
      break;
    }
  }
  update.values.back().fault = fault;
}

void UpdateMaker::SetCustomer(const SimulatedCustomer& customer, MadeUpdate& update) {
  update.customer = customer.key;
  *update.message.mutable_customer() = world_.random.Pick(customer.spelling);
}

void UpdateMaker::SetTime(MadeUpdate& update) {
  Random& random = world_.random;
  std::int64_t seconds = world_.ClientNanos() / kNanos;
  if (random.Chance(40)) return;  // The run's.
  if (scenario_.invalid_values > 0 && random.Chance(1)) {
    seconds += 3'600;  // Too far ahead.
  } else {
    seconds -= seconds % kGridSeconds + kGridSeconds * random.Between(-1, 6);
    seconds = std::min(seconds, world_.ClientNanos() / kNanos + 300);
  }
  update.updated_at = seconds * kNanos;
  update.message.mutable_updated_at()->set_seconds(seconds);
}

MadeUpdate UpdateMaker::MakeUpdate(bool of_one_value) {
  Random& random = world_.random;
  MadeUpdate update;
  // Half of the updates are of a few customers.
  const std::size_t few = scenario_.customers.size() / 5;
  SetCustomer(
      scenario_.customers[random.Below(random.Chance(50) ? few : scenario_.customers.size())],
      update);
  SetTime(update);
  if (random.Chance(scenario_.invalid_values)) AddInvalid(update);
  const int first = random.Between(0, kAttributes - 1);
  const int count = of_one_value ? 1 : random.Between(1, 4);
  for (int i = 0; i < count; ++i) {
    if (of_one_value && !update.values.empty()) break;
    const int attribute = (first + i) % kAttributes;
    const bool named = std::ranges::any_of(update.values, [&](const MadeValue& value) {
      static constexpr const char* kNames[] = {"score", "tier", "visits", "flag", "note", "basket"};
      return value.model_name == kNames[attribute];
    });
    if (!named) AddValue(attribute, update);
  }
  return update;
}

MadeBatch UpdateMaker::MakeBatch() {
  MadeBatch batch;
  const bool of_one = world_.random.Chance(scenario_.updates_of_one);
  const int updates = of_one ? 1 : world_.random.Between(1, 8);
  for (int i = 0; i < updates; ++i) batch.updates.push_back(MakeUpdate(of_one));
  return batch;
}

MadeUpdate UpdateMaker::MakePlain(const SimulatedCustomer& customer) {
  MadeUpdate update;
  SetCustomer(customer, update);
  AddValue(1, update);
  return update;
}

std::optional<Seen> UpdateMaker::WhyInvalid(const MadeValue& value, std::string_view source,
                                            const TenantRules& rules) {
  if (value.fault) return value.fault;
  const auto rule = rules.attributes.find(value.model_name);
  if (rule == rules.attributes.end()) {
    return rules.accept_unlisted_attributes ? std::nullopt : std::optional(Seen::kInvalidOffList);
  }
  if (!rule->second.source.empty() && rule->second.source != source) return Seen::kInvalidSource;
  if (rule->second.range && value.number &&
      (*value.number < rule->second.range->first || *value.number > rule->second.range->second)) {
    return Seen::kInvalidRange;
  }
  return std::nullopt;
}

}  // namespace peaksync::simulation

#include "bench/update_message.h"

namespace peaksync::bench {

void FillUpdate(const Population& population, std::uint32_t number, int generation,
                v1::CustomerUpdate* update) {
  const Prediction made = population.Predict(number, generation);
  update->mutable_customer()->set_external_id(population.Id(number));
  const auto value = [update](const char* name) {
    v1::Attribute* attribute = update->add_attributes();
    attribute->set_name(name);
    return attribute->mutable_value();
  };
  value(kChurnProbability)->set_double_value(made.churn_probability);
  value(kLifetimeValue)->set_double_value(made.lifetime_value);
  value(kOrders)->set_int64_value(made.orders);
  value(kIsHighValue)->set_bool_value(made.is_high_value);
  value(kOffer)->set_string_value(made.offer);
}

}  // namespace peaksync::bench

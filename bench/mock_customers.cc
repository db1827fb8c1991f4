#include "bench/mock_customers.h"

#include <nlohmann/json.hpp>
#include <string>

#include "bench/mock_child.h"

namespace peaksync::bench {
namespace {

using Json = nlohmann::ordered_json;

Json Attributes(const Prediction& prediction) {
  return {{kChurnProbability, prediction.churn_probability},
          {kLifetimeValue, prediction.lifetime_value},
          {kOrders, prediction.orders},
          {kIsHighValue, prediction.is_high_value},
          {kOffer, prediction.offer}};
}

Json Stats(std::uint16_t port) { return Json::parse(Get(port, "/_mock/stats")); }

}  // namespace

LoadRequest TrackRequestFor(const Population& population, std::span<const std::uint32_t> customers,
                            int generation) {
  Json objects = Json::array();
  for (const std::uint32_t customer : customers) {
    Json object{{"external_id", population.Id(customer)}};
    object.update(Attributes(population.Predict(customer, generation)));
    objects.push_back(std::move(object));
  }
  const std::string body = Json{{"attributes", std::move(objects)}}.dump();
  return {
      "POST /users/track HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer bench\r\n"
      "content-type: application/json\r\ncontent-length: " +
          std::to_string(body.size()) + "\r\n\r\n" + body,
      R"({"attributes_processed":)" + std::to_string(customers.size()) +
          R"(,"message":"success"})"};
}

void CheckCustomer(std::uint16_t port, const Population& population, std::uint32_t customer,
                   int generation) {
  const std::string id = population.Id(customer);
  const Json profile = Json::parse(Get(port, "/_mock/users?external_id=" + id));
  const nlohmann::json held = profile.at("custom_attributes");
  const nlohmann::json sent = Attributes(population.Predict(customer, generation));
  if (held != sent) Die("the profile of " + id + " has " + held.dump() + ", not " + sent.dump());
}

void CheckCounts(std::uint16_t port, const MockCounts& expected) {
  const Json stats = Stats(port);
  const bool right = stats.at("requests") == expected.requests &&
                     stats.at("requests_by_status") == Json{{"201", expected.requests}} &&
                     stats.at("attribute_objects") == expected.objects &&
                     stats.at("attribute_values") == expected.objects * kAttributesPerCustomer &&
                     stats.at("profiles") == expected.profiles && stats.at("silent_drops") == 0;
  if (!right) {
    Die("the mock counted otherwise than " + std::to_string(expected.requests) + " requests, " +
        std::to_string(expected.objects) + " objects and " + std::to_string(expected.profiles) +
        " profiles: " + stats.dump());
  }
}

std::int64_t MockCounter(std::uint16_t port, const char* name) {
  return Stats(port).at(name).get<std::int64_t>();
}

}  // namespace peaksync::bench

#include "bench/track_load.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/braze/track_request.h"
#include "server/domain/customer.h"
#include "server/domain/value.h"

namespace peaksync::bench {
namespace {

constexpr std::size_t kConnections = 16;
constexpr std::size_t kCustomersAhead =
    150'000;  // Of which requests are made before they are sent.
constexpr std::size_t kBodyBytesMax = 4'000'000;

}  // namespace

std::string TrackBodyFor(const Population& population, std::span<const std::uint32_t> customers,
                         const std::vector<std::uint8_t>& generations, int ahead) {
  TrackBody body(/*create_profiles=*/true);
  for (const std::uint32_t number : customers) {
    const Prediction made = population.Predict(number, generations[number] + ahead);
    const Customer customer{IdentifierKind::kExternalId, population.Id(number), ""};
    const std::array<std::string, kAttributesPerCustomer> json = {
        Value::Double(made.churn_probability).json(), Value::Double(made.lifetime_value).json(),
        Value::Integer(made.orders).json(), Value::Bool(made.is_high_value).json(),
        Value::Text(made.offer).json()};
    TrackObject object;
    object.customer = &customer;
    object.attributes = {{kChurnProbability, json[0]},
                         {kLifetimeValue, json[1]},
                         {kOrders, json[2]},
                         {kIsHighValue, json[3]},
                         {kOffer, json[4]}};
    body.AddIfFits(object, kBodyBytesMax);
  }
  return std::move(body).Finish();
}

std::vector<LoadRequest> TrackRequestsFor(const std::string& key, const Population& population,
                                          std::span<const std::uint32_t> customers,
                                          const std::vector<std::uint8_t>& generations, int ahead) {
  std::vector<LoadRequest> requests;
  for (std::size_t at = 0; at < customers.size(); at += kObjectsPerRequest) {
    const auto some = customers.subspan(at, std::min(kObjectsPerRequest, customers.size() - at));
    const std::string body = TrackBodyFor(population, some, generations, ahead);
    requests.push_back(
        {absl::StrCat("POST /users/track HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer ",
                      key, "\r\ncontent-type: application/json\r\ncontent-length: ", body.size(),
                      "\r\n\r\n", body),
         absl::StrCat(R"({"attributes_processed":)", some.size(), R"(,"message":"success"})")});
  }
  return requests;
}

void MakeProfiles(std::uint16_t port, const std::string& key, const CustomerBook& book) {
  MockLoad load(port, kConnections);
  std::vector<std::uint32_t> all(book.size());
  std::iota(all.begin(), all.end(), 0U);
  for (std::size_t at = 0; at < all.size(); at += kCustomersAhead) {
    const auto some = std::span(all).subspan(at, std::min(kCustomersAhead, all.size() - at));
    load.Drive(TrackRequestsFor(key, book.population(), some, book.generations(), 0));
  }
}

}  // namespace peaksync::bench

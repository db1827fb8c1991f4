#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace peaksync::bench {

// What a model predicts of one customer.
struct Prediction {
  double churn_probability = 0;  // All digits of a double.
  double lifetime_value = 0;     // Cents.
  std::int64_t orders = 0;
  bool is_high_value = false;
  std::string offer;  // 6 to 12 characters.
};

inline constexpr int kAttributesPerCustomer = 5;
inline constexpr const char* kChurnProbability = "churn_probability";
inline constexpr const char* kLifetimeValue = "lifetime_value";
inline constexpr const char* kOrders = "orders_next_quarter";
inline constexpr const char* kIsHighValue = "is_high_value";
inline constexpr const char* kOffer = "next_best_offer";

// The customers of a benchmark, made from their number and a seed, so that nothing is stored and
// the same seed gives the same run.
//
// Thread safety: immutable.
class Population {
 public:
  explicit Population(std::uint64_t seed) : seed_(seed) {}

  // 16 characters, different for each number, in no order.
  std::string Id(std::uint64_t number) const;
  // The number whose id this is; nothing when it is no id.
  std::optional<std::uint64_t> NumberOf(std::string_view id) const;
  // The prediction of a generation of the model. In the generation after it all five differ.
  Prediction Predict(std::uint64_t number, int generation) const;
  // The numbers below `customers` in an order that differs from pass to pass.
  std::vector<std::uint32_t> Shuffled(std::uint32_t customers, int pass) const;

 private:
  std::uint64_t seed_;
};

}  // namespace peaksync::bench

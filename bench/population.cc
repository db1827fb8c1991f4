#include "bench/population.h"

#include <algorithm>
#include <charconv>
#include <numeric>
#include <random>
#include <system_error>

namespace peaksync::bench {
namespace {

// The last steps of splitmix64: a different number for each number.
std::uint64_t Mix(std::uint64_t number) {
  number = (number ^ (number >> 30)) * 0xBF58476D1CE4E5B9U;
  number = (number ^ (number >> 27)) * 0x94D049BB133111EBU;
  return number ^ (number >> 31);
}

// What Mix made `mixed` of. The factors are the inverses of Mix's, modulo 2 to the 64.
std::uint64_t Unmix(std::uint64_t mixed) {
  mixed = (mixed ^ (mixed >> 31) ^ (mixed >> 62)) * 0x319642B2D24D8EC3U;
  mixed = (mixed ^ (mixed >> 27) ^ (mixed >> 54)) * 0x96DE1B173F119089U;
  return mixed ^ (mixed >> 30) ^ (mixed >> 60);
}

void AppendHex(std::uint64_t bits, int digits, std::string* out) {
  for (int shift = 4 * (digits - 1); shift >= 0; shift -= 4) {
    out->push_back("0123456789abcdef"[(bits >> shift) & 15U]);
  }
}

}  // namespace

std::string Population::Id(std::uint64_t number) const {
  std::string id;
  AppendHex(Mix(number + Mix(seed_)), 16, &id);
  return id;
}

std::optional<std::uint64_t> Population::NumberOf(std::string_view id) const {
  std::uint64_t mixed = 0;
  const auto [end, error] = std::from_chars(id.data(), id.data() + id.size(), mixed, 16);
  if (id.size() != 16 || error != std::errc() || end != id.data() + id.size()) return std::nullopt;
  return Unmix(mixed) - Mix(seed_);
}

Prediction Population::Predict(std::uint64_t number, int generation) const {
  const std::uint64_t bits = Mix(Mix(number + Mix(seed_)) + 1);
  // The last bit or character is the generation's, so that no two neighbours are equal.
  const auto odd = static_cast<std::uint64_t>(generation & 1);
  Prediction made;
  made.churn_probability = static_cast<double>((bits >> 12 << 1) | odd) * 0x1p-53;
  made.lifetime_value = static_cast<double>((bits % 500'000) * 2 + odd) / 100;
  made.orders = static_cast<std::int64_t>((bits >> 20) % 500 * 2 + odd);
  made.is_high_value = ((bits >> 33) & 1) != odd;
  made.offer = "offer";
  AppendHex(bits >> 40, static_cast<int>((bits >> 8) % 7), &made.offer);
  made.offer.push_back(static_cast<char>('g' + odd));
  return made;
}

std::vector<std::uint32_t> Population::Shuffled(std::uint32_t customers, int pass) const {
  std::vector<std::uint32_t> numbers(customers);
  std::iota(numbers.begin(), numbers.end(), 0U);
  std::mt19937_64 random(Mix(seed_ + static_cast<std::uint64_t>(pass)));
  std::shuffle(numbers.begin(), numbers.end(), random);
  return numbers;
}

}  // namespace peaksync::bench

#pragma once

#include <cstdint>
#include <iosfwd>
#include <vector>

#include "bench/population.h"

namespace peaksync::bench {

// The customers of a tenant, and the generation of predictions that each was sent last, which is
// what the ledger and the mock must hold of it.
//
// Thread safety: one thread.
class CustomerBook {
 public:
  CustomerBook(std::uint64_t seed, std::uint32_t customers);

  const Population& population() const { return population_; }
  std::uint32_t size() const { return static_cast<std::uint32_t>(generations_.size()); }

  // For the next pass: `count` of the customers (0, or more than there are: all), drawn at random,
  // in an order that no other pass has.
  std::vector<std::uint32_t> NextOrder(std::uint32_t count);
  // These get the next generation.
  void Advance(const std::vector<std::uint32_t>& order);
  // By number. Only whether it is odd counts, so it may go round.
  const std::vector<std::uint8_t>& generations() const { return generations_; }

  // For a later run with the same seed and number of customers. False: it could not be done.
  bool Save(std::ostream& out) const;
  bool Load(std::istream& in);

 private:
  Population population_;
  std::int64_t passes_ = 0;
  std::vector<std::uint8_t> generations_;
};

}  // namespace peaksync::bench

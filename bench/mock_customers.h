#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "bench/mock_load.h"
#include "bench/population.h"

namespace peaksync::bench {

// POST /users/track with these customers' five attributes each, as a generation of the model has
// them, and the answer that it must get.
LoadRequest TrackRequestFor(const Population& population, std::span<const std::uint32_t> customers,
                            int generation);

// Dies unless the mock's profile of the customer has exactly these attributes.
void CheckCustomer(std::uint16_t port, const Population& population, std::uint32_t customer,
                   int generation);

// Of GET /_mock/stats. Dies unless all answers were 201 and the counts are these.
struct MockCounts {
  std::int64_t requests = 0;
  std::int64_t objects = 0;
  std::int64_t profiles = 0;
};
void CheckCounts(std::uint16_t port, const MockCounts& expected);
// One counter.
std::int64_t MockCounter(std::uint16_t port, const char* name);

}  // namespace peaksync::bench

#pragma once

#include <cstdint>

#include "bench/population.h"
#include "peaksync/v1/customer.pb.h"

namespace peaksync::bench {

// Writes a generation's prediction of a customer into an empty message.
void FillUpdate(const Population& population, std::uint32_t number, int generation,
                v1::CustomerUpdate* update);

}  // namespace peaksync::bench

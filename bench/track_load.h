#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "bench/customer_book.h"
#include "bench/mock_load.h"

namespace peaksync::bench {

inline constexpr std::size_t kObjectsPerRequest = 75;

// The body of POST /users/track with these customers' predictions; `generations` are theirs by
// number, and `ahead` is added to each.
std::string TrackBodyFor(const Population& population, std::span<const std::uint32_t> customers,
                         const std::vector<std::uint8_t>& generations, int ahead);

// The same as requests of 75, with the answers that they must get.
std::vector<LoadRequest> TrackRequestsFor(const std::string& key, const Population& population,
                                          std::span<const std::uint32_t> customers,
                                          const std::vector<std::uint8_t>& generations, int ahead);

// Makes all profiles of the book in the mock's workspace of this key. Dies when it cannot.
void MakeProfiles(std::uint16_t port, const std::string& key, const CustomerBook& book);

}  // namespace peaksync::bench

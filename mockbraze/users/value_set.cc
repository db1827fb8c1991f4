#include "mockbraze/users/value_set.h"

#include <algorithm>
#include <cstddef>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

namespace mockbraze {
namespace {

// Up to so many items a look at each pair is cheaper than a table.
constexpr std::size_t pairs_max = 16;

// The places at which an item stands for the last time, in order.
std::vector<std::size_t> LastPlaces(const Value::List& items) {
  std::vector<std::size_t> places;
  std::unordered_set<std::string> seen;
  for (std::size_t i = items.size(); i-- > 0;) {
    const bool fresh =
        items.size() <= pairs_max
            ? std::ranges::none_of(places, [&](std::size_t p) { return items[p] == items[i]; })
            : seen.insert(ToJson(items[i])).second;
    if (fresh) places.push_back(i);
  }
  std::ranges::reverse(places);
  return places;
}

}  // namespace

ValueSet MakeSet(Value::List items, const UserRules& rules) {
  std::vector<std::size_t> places = LastPlaces(items);
  ValueSet set;
  set.overflowed = places.size() > rules.array_limit;
  if (set.overflowed) {
    // Section 12, 5: two readings.
    const auto over = static_cast<std::ptrdiff_t>(places.size() - rules.array_limit);
    if (rules.array_overflow == ArrayOverflow::kDropOldest) {
      places.erase(places.begin(), places.begin() + over);
    } else {
      places.resize(rules.array_limit);
    }
  }
  set.items.reserve(places.size());
  for (const std::size_t place : places) set.items.push_back(std::move(items[place]));
  return set;
}

}  // namespace mockbraze

#include "mockbraze/users/happenings.h"

#include <algorithm>
#include <limits>
#include <string>
#include <utility>

#include "mockbraze/base/date.h"
#include "mockbraze/base/limits.h"

namespace mockbraze {

bool IsEarlier(const std::string& a, const std::string& b) {
  const auto time_a = ParseDate(a);
  const auto time_b = ParseDate(b);
  // Texts that are no dates never get here by /users/track with its checks; any order will do.
  return time_a && time_b ? *time_a < *time_b : a < b;
}

bool AddHappening(Happening from, std::vector<Happening>* into) {
  const auto there = std::ranges::find(*into, from.name, &Happening::name);
  if (there == into->end()) {
    if (into->size() >= limits::profile_happenings_max) return false;
    into->push_back(std::move(from));
    return true;
  }
  if (IsEarlier(from.first, there->first)) there->first = std::move(from.first);
  if (!IsEarlier(from.last, there->last)) there->last = std::move(from.last);
  there->count = AddCounts(there->count, from.count);
  return true;
}

std::int64_t AddCounts(std::int64_t a, std::int64_t b) {
  return a > limits::happening_count_max - b ? limits::happening_count_max : a + b;
}

double AddRevenue(double a, double b) {
  constexpr double max = std::numeric_limits<double>::max();
  return std::clamp(a + b, -max, max);
}

}  // namespace mockbraze

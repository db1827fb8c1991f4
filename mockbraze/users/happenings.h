#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "mockbraze/users/profile.h"

// What is counted and added up on a profile. Thread safety: pure functions.
namespace mockbraze {

// By time, of texts as ParseDate reads them.
bool IsEarlier(const std::string& a, const std::string& b);

// Adds to those of the same name, from the earlier first to the later last time. False, and nothing
// is added, when the name is new and there are limits::profile_happenings_max.
bool AddHappening(Happening from, std::vector<Happening>* into);

// Adds a count that is not negative, up to limits::happening_count_max.
std::int64_t AddCounts(std::int64_t a, std::int64_t b);

// A sum that stays a finite number, because JSON has no other.
double AddRevenue(double a, double b);

}  // namespace mockbraze

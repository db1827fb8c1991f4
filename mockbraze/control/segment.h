#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "mockbraze/base/clock.h"
#include "mockbraze/base/json.h"
#include "mockbraze/base/result.h"
#include "mockbraze/users/profile.h"

// Filters over profiles, as POST /_mock/segments/preview takes them:
//
//   {"attribute": NAME, "op": "=" | "!=" | "<" | "<=" | ">" | ">=", "value": V}
//   {"attribute": NAME, "exists": true | false}
//   {"attribute": NAME, "in": [V, ...]}
//   {"and": [filter, ...]}  {"or": [filter, ...]}  {"not": filter}
//
// NAME is external_id, a profile field, a custom attribute, or a path with dots into the nested
// objects of one. Numbers are compared as numbers, texts that are dates as times, other texts by
// their bytes. Of a list one item that fits suffices, and "!=" says that none is equal. What a
// profile does not have fits no comparison; a value of another type only "!=".
// Thread safety: pure functions and plain structs.
namespace mockbraze {

enum class SegmentOp { kEqual, kNotEqual, kLess, kLessOrEqual, kGreater, kGreaterOrEqual };

// One way to read a name: where it begins, and the path from there.
struct SegmentPlace {
  std::optional<std::uint32_t> attribute;  // in the NamePool; absent: a profile field
  std::string field;
  std::vector<std::string> path;
};

struct SegmentFilter {
  enum class Kind { kAnd, kOr, kNot, kExists, kCompare, kIn };

  Kind kind = Kind::kAnd;
  std::vector<SegmentFilter> children;  // of kAnd, kOr, kNot
  std::vector<SegmentPlace> places;     // the first that a profile has counts
  bool exists = false;
  SegmentOp op = SegmentOp::kEqual;
  Value value;                      // of kCompare
  std::optional<Clock::Time> time;  // of a value that is a date
  std::vector<std::string> texts;   // of kIn, sorted
  std::vector<Clock::Time> times;   // of those texts that are dates, sorted
  std::vector<Value> others;        // of kIn: what is no text
};

// Fails with a text that says what is wrong, and where in the filter. The names are those of the
// profiles that will be asked about; an attribute whose name comes up only later is not found.
Result<SegmentFilter> ParseSegment(const Value& filter, const NamePool& names);

bool IsInSegment(const Profile& profile, const SegmentFilter& filter);

}  // namespace mockbraze

#include "mockbraze/control/segment.h"

#include <algorithm>
#include <compare>
#include <span>
#include <string_view>

#include "mockbraze/base/date.h"

namespace mockbraze {
namespace {

using Path = std::span<const std::string>;

// What stands at the end of the path in the value: shown to `look` one by one, because lists on the
// way count with each of their items, until it answers true. Answers whether it did.
template <typename Look>
bool Any(const Value& value, Path path, Look look) {
  if (const auto* items = value.list(); items && !(path.empty() && items->empty())) {
    return std::ranges::any_of(*items, [&](const Value& item) { return Any(item, path, look); });
  }
  if (path.empty()) {
    // A time inside of an object, docs/braze-contract.md section 2.5.
    const Value* time = value.Find("$time");
    return look(time ? *time : value);
  }
  const Value* member = value.Find(path[0]);
  return member && Any(*member, path.subspan(1), look);
}

// The same for the first of the filter's places that the profile has.
template <typename Look>
bool Any(const SegmentFilter& filter, const Profile& profile, Look look) {
  for (const SegmentPlace& place : filter.places) {
    if (place.attribute) {
      const Attribute* attribute = profile.FindAttribute(*place.attribute);
      if (attribute) return Any(attribute->value, place.path, look);
      continue;
    }
    if (place.field == "external_id") {
      return !profile.external_id.empty() && look(Value(profile.external_id));
    }
    if (const Value* field = FindMember(profile.fields, place.field)) {
      return Any(*field, place.path, look);
    }
    // Nobody has set it, and the export shows it all the same.
    const bool state = place.field == "push_subscribe" || place.field == "email_subscribe";
    return state && place.path.empty() && look(Value("subscribed"));
  }
  return false;
}

long double Number(const Value& value) {
  // Holds every 64-bit integer and every double exactly.
  if (const auto* integer = value.integer()) return static_cast<long double>(*integer);
  if (const auto* big = value.big_integer()) return static_cast<long double>(*big);
  return value.AsDouble();
}

std::partial_ordering Order(const Value& value, const Value& other,
                            const std::optional<Clock::Time>& other_time) {
  if (value.is_number() && other.is_number()) return Number(value) <=> Number(other);
  if (value.boolean() && other.boolean()) {
    return *value.boolean() == *other.boolean() ? std::partial_ordering::equivalent
                                                : std::partial_ordering::unordered;
  }
  if (!value.string() || !other.string()) return std::partial_ordering::unordered;
  if (!other_time) return *value.string() <=> *other.string();
  const auto time = ParseDate(*value.string());
  return time ? *time <=> *other_time : std::partial_ordering::unordered;
}

bool Fits(std::partial_ordering order, SegmentOp op) {
  switch (op) {
    case SegmentOp::kEqual:
      return order == 0;
    case SegmentOp::kNotEqual:
      return order != 0;
    case SegmentOp::kLess:
      return order < 0;
    case SegmentOp::kLessOrEqual:
      return order <= 0;
    case SegmentOp::kGreater:
      return order > 0;
    case SegmentOp::kGreaterOrEqual:
      return order >= 0;
  }
  return false;
}

bool Compares(const SegmentFilter& filter, const Profile& profile) {
  const auto fits = [&](SegmentOp op) {
    return Any(filter, profile, [&](const Value& value) {
      return Fits(Order(value, filter.value, filter.time), op);
    });
  };
  // With a list, one item that is not equal does not suffice.
  if (filter.op == SegmentOp::kNotEqual) {
    return fits(SegmentOp::kNotEqual) && !fits(SegmentOp::kEqual);
  }
  return fits(filter.op);
}

bool IsIn(const Value& value, const SegmentFilter& filter) {
  if (const auto* text = value.string()) {
    if (std::ranges::binary_search(filter.texts, *text)) return true;
    const auto time = filter.times.empty() ? std::nullopt : ParseDate(*text);
    return time && std::ranges::binary_search(filter.times, *time);
  }
  return std::ranges::any_of(filter.others,
                             [&](const Value& other) { return Order(value, other, {}) == 0; });
}

}  // namespace

bool IsInSegment(const Profile& profile, const SegmentFilter& filter) {
  const auto is_in = [&](const SegmentFilter& child) { return IsInSegment(profile, child); };
  switch (filter.kind) {
    case SegmentFilter::Kind::kAnd:
      return std::ranges::all_of(filter.children, is_in);
    case SegmentFilter::Kind::kOr:
      return std::ranges::any_of(filter.children, is_in);
    case SegmentFilter::Kind::kNot:
      return !is_in(filter.children.front());
    case SegmentFilter::Kind::kExists:
      return Any(filter, profile, [](const Value&) { return true; }) == filter.exists;
    case SegmentFilter::Kind::kIn:
      return Any(filter, profile, [&](const Value& value) { return IsIn(value, filter); });
    case SegmentFilter::Kind::kCompare:
      return Compares(filter, profile);
  }
  return false;
}

}  // namespace mockbraze

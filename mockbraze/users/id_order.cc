#include "mockbraze/users/id_order.h"

#include <algorithm>
#include <cstdint>
#include <utility>

namespace mockbraze {
namespace {

std::string_view IdOf(const Profile* profile) { return profile->external_id; }

// The next eight bytes, so that numbers have the order of the texts.
std::uint64_t Head(std::string_view text) {
  std::uint64_t head = 0;
  for (std::size_t i = 0; i < sizeof(head); ++i) {
    head = head << 8 | (i < text.size() ? static_cast<unsigned char>(text[i]) : 0U);
  }
  return head;
}

std::size_t CommonPrefix(const std::vector<const Profile*>& profiles) {
  if (profiles.empty()) return 0;
  const std::string_view first = IdOf(profiles.front());
  std::size_t common = first.size();
  for (const Profile* profile : profiles) {
    const std::string_view id = IdOf(profile).substr(0, common);
    common = static_cast<std::size_t>(std::ranges::mismatch(first, id).in2 - id.begin());
  }
  return common;
}

// Nearly all comparisons are of numbers side by side in memory; ids themselves lie scattered.
void Sort(std::vector<const Profile*>* profiles) {
  struct Entry {
    std::uint64_t head;
    const Profile* profile;
  };
  const std::size_t common = CommonPrefix(*profiles);
  std::vector<Entry> entries;
  entries.reserve(profiles->size());
  for (const Profile* profile : *profiles) {
    entries.push_back({Head(IdOf(profile).substr(common)), profile});
  }
  std::ranges::sort(entries, [](const Entry& a, const Entry& b) {
    return a.head != b.head ? a.head < b.head : IdOf(a.profile) < IdOf(b.profile);
  });
  std::ranges::transform(entries, profiles->begin(), &Entry::profile);
}

}  // namespace

void IdOrder::Make(std::vector<const Profile*> all) {
  sorted_ = std::move(all);
  Sort(&sorted_);
  fresh_.clear();
  made_ = true;
}

void IdOrder::Drop() {
  made_ = false;
  sorted_.clear();
  fresh_.clear();
}

void IdOrder::MergeFresh() {
  if (fresh_.empty()) return;
  Sort(&fresh_);
  // From the end, each fresh one into its place; what lies between moves as a block.
  auto end = static_cast<std::ptrdiff_t>(sorted_.size());
  sorted_.resize(sorted_.size() + fresh_.size());
  auto to = sorted_.end();
  for (auto fresh = fresh_.rbegin(); fresh != fresh_.rend(); ++fresh) {
    const auto begin = sorted_.begin();
    const auto place = std::ranges::lower_bound(begin, begin + end, IdOf(*fresh), {}, IdOf);
    to = std::move_backward(place, begin + end, to);
    *--to = *fresh;
    end = place - begin;
  }
  fresh_.clear();
}

std::vector<const Profile*> IdOrder::After(std::string_view after, std::size_t limit,
                                           std::string_view prefix) {
  MergeFresh();
  const auto begin = after < prefix ? std::ranges::lower_bound(sorted_, prefix, {}, IdOf)
                                    : std::ranges::upper_bound(sorted_, after, {}, IdOf);
  auto end = begin;
  while (end != sorted_.end() && static_cast<std::size_t>(end - begin) < limit &&
         IdOf(*end).starts_with(prefix)) {
    ++end;
  }
  return {begin, end};
}

}  // namespace mockbraze

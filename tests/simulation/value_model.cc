#include "tests/simulation/value_model.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace peaksync::simulation {

std::optional<std::int64_t> ValueModel::NewestTime(const ValueKey& key) const {
  const auto found = values_.find(key);
  std::optional<std::int64_t> newest;
  if (found == values_.end()) return newest;
  for (const auto* list : {&found->second.accepted, &found->second.retried}) {
    for (const ModelChange& change : *list) {
      newest = std::max(newest, std::optional(change.updated_at));
    }
  }
  return newest;
}

bool ValueModel::Same(const std::string& json_a, std::optional<double> a,
                      const std::string& json_b) const {
  if (json_a == json_b) return true;
  double b = 0;
  if (!a || !absl::SimpleAtod(json_b, &b)) return false;
  return std::abs(*a - b) < tolerance_;
}

std::string ValueModel::WhyWrong(const ValueKey& key, const std::string& held) const {
  const auto found = values_.find(key);
  if (found == values_.end()) return held == "null" ? "" : "nobody ever sent it";
  const Values& values = found->second;
  const auto is = [&](const ModelChange& change) { return Same(change.json, change.number, held); };
  const ModelChange* newest = nullptr;
  for (std::size_t i = values.restored; i < values.accepted.size(); ++i) {
    const ModelChange& change = values.accepted[i];
    if (newest == nullptr || change.updated_at >= newest->updated_at) newest = &change;
  }
  if (newest != nullptr && is(*newest)) return "";
  // Settled in the old workspace, or stale by what was.
  const bool is_of_old_workspace =
      newest == nullptr || newest < values.accepted.data() + values.rebound.value_or(0) ||
      std::ranges::any_of(values.retried, [&](const ModelChange& change) {
        return change.updated_at > newest->updated_at;
      });
  if (values.rebound && is_of_old_workspace && held == "null") return "";
  for (const ModelChange& change : values.retried) {
    if ((newest == nullptr || change.updated_at >= newest->updated_at) && is(change)) return "";
  }
  const bool is_number = newest != nullptr && newest->number.has_value();
  const auto given_up = [&](const ModelChange& change) {
    return values.rejected.contains(change.json) || canceled_.contains(change.run_id);
  };
  // None has come since the backup was restored, or what came was stale by the backup.
  const bool is_of_before = newest == nullptr || newest->updated_at < values.known;
  const bool in_doubt = is_of_before || given_up(*newest) ||
                        (is_number && std::ranges::any_of(values.accepted, given_up)) ||
                        std::ranges::any_of(values.retried, [&](const ModelChange& change) {
                          return change.updated_at >= newest->updated_at && given_up(change);
                        });
  // A value that was stale against one that was given up later does not come back by itself.
  if (in_doubt && (held == "null" || std::ranges::any_of(values.accepted, is) ||
                   std::ranges::any_of(values.retried, is))) {
    return "";
  }
  return absl::StrCat("the newest is ", newest == nullptr ? "none" : newest->json, " of ",
                      newest == nullptr ? 0 : newest->updated_at);
}

void ValueModel::Rebind() {
  for (auto& [key, values] : values_) values.rebound = values.accepted.size();
}

ValueModel::Times ValueModel::NewestTimes() const {
  Times times;
  for (const auto& [key, values] : values_) {
    if (const auto newest = NewestTime(key)) times[key] = *newest;
  }
  return times;
}

void ValueModel::Restore(const Times& known) {
  for (auto& [key, values] : values_) {
    values.restored = values.accepted.size();
    const auto found = known.find(key);
    values.known = found == known.end() ? std::nullopt : std::optional(found->second);
  }
}

std::vector<ValueKey> ValueModel::Keys() const {
  std::vector<ValueKey> keys;
  for (const auto& [key, values] : values_) keys.push_back(key);
  return keys;
}

}  // namespace peaksync::simulation

#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace peaksync::simulation {

using ValueKey = std::pair<std::string, std::string>;  // Customer and Braze's attribute.

// A valid value that was accepted.
struct ModelChange {
  ValueKey key;
  std::int64_t updated_at = 0;
  std::string json;
  std::optional<double> number;
  std::string run_id;
};

// What must be in Braze in the end (rule 5), from nothing but the values that came and their
// times.
class ValueModel {
 public:
  // `tolerance`: of numbers, what min_change may leave unsent.
  explicit ValueModel(double tolerance) : tolerance_(tolerance) {}

  void Add(const ModelChange& change) { values_[change.key].accepted.push_back(change); }
  // Braze refused it, or may have; its time does not count any more.
  void Reject(const ValueKey& key, const std::string& json) { values_[key].rejected.insert(json); }
  // Accepted a second time, when nobody knows: the value may be the newest again.
  void Retry(const ModelChange& change) { values_[change.key].retried.push_back(change); }
  void Cancel(const std::string& run_id) { canceled_.insert(run_id); }
  // Braze is an empty workspace from now on: what waits is sent there, what was settled is not.
  void Rebind();
  // The service knows no more than it did when these were the newest times; Braze holds what it
  // holds.
  using Times = std::map<ValueKey, std::int64_t>;
  Times NewestTimes() const;
  void Restore(const Times& known);

  // The newest time that the key had; nothing: it has had none.
  std::optional<std::int64_t> NewestTime(const ValueKey& key) const;
  bool IsNew(const ValueKey& key) const { return !values_.contains(key); }
  bool Same(const std::string& json_a, std::optional<double> a, const std::string& json_b) const;

  // Why `held`, Braze's JSON or "null", is not what it must be; empty: it is.
  std::string WhyWrong(const ValueKey& key, const std::string& held) const;
  std::vector<ValueKey> Keys() const;

 private:
  struct Values {
    std::vector<ModelChange> accepted;  // In the order of arrival.
    std::vector<ModelChange> retried;
    std::set<std::string> rejected;
    // So many were accepted before the workspace was another.
    std::optional<std::size_t> rebound;
    std::size_t restored = 0;           // So many were accepted when a backup was restored.
    std::optional<std::int64_t> known;  // The newest time in that backup.
  };
  const double tolerance_;
  std::map<ValueKey, Values> values_;
  std::set<std::string> canceled_;
};

}  // namespace peaksync::simulation

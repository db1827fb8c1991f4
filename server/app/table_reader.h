#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "server/app/config_node.h"
#include "server/app/config_problem.h"

namespace peaksync {

// What the readers of all tables of a configuration share.
struct ConfigFindings {
  std::vector<ConfigProblem> problems;
  std::set<std::string> known_keys;  // "tenants.NAME.braze.endpoint": every key ever asked for.
};

// Reads one table of a configuration. Every getter leaves `out` alone and returns false when the
// key is absent or wrong; what is wrong becomes a problem with file, line and key. Which keys exist
// follows from what was asked for, so no second list of them can go stale.
// Lifetime: within those of the node and the findings.
class TableReader {
 public:
  // `path` names the table to people ("tenants.acme"), `schema` in known_keys ("tenants.NAME").
  TableReader(const ConfigNode& table, std::string file, std::string path, std::string schema,
              ConfigFindings& findings);

  bool Bool(std::string_view key, bool& out);
  bool String(std::string_view key, std::string& out);  // Not empty.
  bool Strings(std::string_view key, std::vector<std::string>& out);
  bool Integer(std::string_view key, std::int64_t min, std::int64_t max, std::int64_t& out);
  bool Number(std::string_view key, double& out);
  bool Numbers(std::string_view key, std::vector<double>& out);
  bool Duration(std::string_view key, absl::Duration min, absl::Duration max, absl::Duration& out);
  // A whole number, or text like "1GiB".
  bool Bytes(std::string_view key, std::int64_t min, std::int64_t max, std::int64_t& out);

  template <typename Enum>
  bool Choice(std::string_view key,
              std::initializer_list<std::pair<std::string_view, Enum>> choices, Enum& out) {
    std::vector<std::string_view> names;
    for (const auto& choice : choices) names.push_back(choice.first);
    const std::optional<std::size_t> index = IndexOf(key, names);
    if (index.has_value()) out = (choices.begin() + *index)->second;
    return index.has_value();
  }

  // A table inside; none when it is absent or no table.
  std::optional<TableReader> Table(std::string_view key);
  // A table of tables with names of the user's choice, each read under `schema_name`.
  std::vector<TableReader> Tables(std::string_view key, std::string_view schema_name);

  bool Has(std::string_view key) const { return table_.Find(key) != nullptr; }
  // At the key's line, or the table's when it is absent. An empty key is the table itself.
  void Problem(ConfigProblem::Severity severity, std::string_view key, std::string message);
  void Fatal(std::string_view key, std::string message) {
    Problem(ConfigProblem::Severity::kFatal, key, std::move(message));
  }

  // Call after all getters: every key that none of them asked for is a problem.
  void RefuseUnknownKeys();

  // "tenants.acme.braze.endpoint".
  std::string PathOf(std::string_view key) const;
  const std::string& name() const { return table_.key; }
  const std::string& file() const { return file_; }
  int line() const { return table_.line; }

 private:
  const ConfigNode* Get(std::string_view key);
  // The same, with a problem when it is of another type.
  const ConfigNode* Get(std::string_view key, ConfigNode::Type type);
  std::optional<std::size_t> IndexOf(std::string_view key,
                                     const std::vector<std::string_view>& names);
  const ConfigNode& table_;
  std::string file_;
  std::string path_;
  std::string schema_;
  ConfigFindings& findings_;
  std::set<std::string, std::less<>> asked_;
};

}  // namespace peaksync

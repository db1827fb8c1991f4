#pragma once

#include <fnmatch.h>

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "server/app/config.h"

namespace peaksync::testing {

// Files and variables in memory.
class FakeInputs final : public ConfigInputs {
 public:
  std::map<std::string, std::string> files;
  std::set<std::string> exposed;  // Files that others may read.
  std::map<std::string, std::string> variables;

  absl::StatusOr<std::string> Read(const std::string& path) const override {
    const auto file = files.find(path);
    if (file == files.end()) {
      return absl::NotFoundError(absl::StrCat("cannot read ", path, ": No such file"));
    }
    return file->second;
  }
  absl::StatusOr<SecretFile> ReadSecret(const std::string& path) const override {
    absl::StatusOr<std::string> text = Read(path);
    if (!text.ok()) return text.status();
    SecretFile file;
    file.content = Secret(*std::move(text));
    file.readable_by_others = exposed.contains(path);
    return file;
  }
  absl::StatusOr<std::vector<std::string>> Match(const std::string& pattern) const override {
    std::vector<std::string> paths;
    for (const auto& [path, text] : files) {
      if (fnmatch(pattern.c_str(), path.c_str(), FNM_PATHNAME) == 0) paths.push_back(path);
    }
    return paths;
  }
  std::optional<std::string> Variable(const std::string& name) const override {
    const auto variable = variables.find(name);
    if (variable == variables.end()) return std::nullopt;
    return variable->second;
  }
};

// One line a problem, as the user reads it.
inline std::vector<std::string> Lines(const ConfigResult& result) {
  std::vector<std::string> lines;
  for (const ConfigProblem& problem : result.problems) lines.push_back(problem.ToString());
  return lines;
}

}  // namespace peaksync::testing

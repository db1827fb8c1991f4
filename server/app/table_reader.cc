#include "server/app/table_reader.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>

#include "absl/status/statusor.h"
#include "server/app/duration_text.h"
#include "server/domain/concat.h"

namespace peaksync {
namespace {

using Type = ConfigNode::Type;

constexpr std::size_t kNearDistanceMax = 2;

std::string_view Describe(Type type) {
  switch (type) {
    case Type::kString:
      return "a string in quotes";
    case Type::kInteger:
      return "a whole number";
    case Type::kNumber:
      return "a number";
    case Type::kBool:
      return "true or false";
    case Type::kTime:
      return "a time";
    case Type::kList:
      return "a list in [brackets]";
    case Type::kTable:
      return "a table";
  }
  return "something else";
}

// Levenshtein's, one row at a time.
std::size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row.back();
}

}  // namespace

std::string ConfigProblem::ToString() const {
  std::string text = file;
  if (line > 0) text += Concat(":", line);
  text += ": ";
  if (!key.empty()) text += key + ": ";
  text += message;
  return text;
}

TableReader::TableReader(const ConfigNode& table, std::string file, std::string path,
                         std::string schema, ConfigFindings& findings)
    : table_(table),
      file_(std::move(file)),
      path_(std::move(path)),
      schema_(std::move(schema)),
      findings_(findings) {}

std::string TableReader::PathOf(std::string_view key) const {
  return path_.empty() || key.empty() ? Concat(path_, key) : Concat(path_, ".", key);
}

void TableReader::Problem(ConfigProblem::Severity severity, std::string_view key,
                          std::string message) {
  const ConfigNode* node = table_.Find(key);
  findings_.problems.push_back({severity, file_, node == nullptr ? table_.line : node->line,
                                PathOf(key), std::move(message)});
}

const ConfigNode* TableReader::Get(std::string_view key) {
  asked_.emplace(key);
  findings_.known_keys.insert(schema_.empty() ? std::string(key) : Concat(schema_, ".", key));
  return table_.Find(key);
}

const ConfigNode* TableReader::Get(std::string_view key, Type type) {
  const ConfigNode* node = Get(key);
  if (node == nullptr || node->type == type) return node;
  if (type == Type::kNumber && node->type == Type::kInteger) return node;
  Fatal(key, Concat("must be ", Describe(type), ", not ", Describe(node->type)));
  return nullptr;
}

bool TableReader::Bool(std::string_view key, bool& out) {
  const ConfigNode* node = Get(key, Type::kBool);
  if (node != nullptr) out = node->flag;
  return node != nullptr;
}

bool TableReader::String(std::string_view key, std::string& out) {
  const ConfigNode* node = Get(key, Type::kString);
  if (node == nullptr) return false;
  if (node->text.empty()) {
    Fatal(key, "must not be empty; remove the line to leave it out");
    return false;
  }
  out = node->text;
  return true;
}

bool TableReader::Strings(std::string_view key, std::vector<std::string>& out) {
  const ConfigNode* node = Get(key, Type::kList);
  if (node == nullptr) return false;
  std::vector<std::string> read;
  for (const ConfigNode& item : node->items) {
    if (item.type != Type::kString || item.text.empty()) {
      Fatal(key, Concat("entry ", read.size() + 1, " must be a string that is not empty"));
      return false;
    }
    read.push_back(item.text);
  }
  out = std::move(read);
  return true;
}

bool TableReader::Integer(std::string_view key, std::int64_t min, std::int64_t max,
                          std::int64_t& out) {
  const ConfigNode* node = Get(key, Type::kInteger);
  if (node == nullptr) return false;
  if (node->integer < min || node->integer > max) {
    Fatal(key, Concat("must be ", min, " to ", max, ", not ", node->integer));
    return false;
  }
  out = node->integer;
  return true;
}

bool TableReader::Number(std::string_view key, double& out) {
  const ConfigNode* node = Get(key, Type::kNumber);
  if (node != nullptr) out = node->number;
  return node != nullptr;
}

bool TableReader::Numbers(std::string_view key, std::vector<double>& out) {
  const ConfigNode* node = Get(key, Type::kList);
  if (node == nullptr) return false;
  std::vector<double> read;
  for (const ConfigNode& item : node->items) {
    if (item.type != Type::kInteger && item.type != Type::kNumber) {
      Fatal(key, Concat("entry ", read.size() + 1, " must be a number"));
      return false;
    }
    read.push_back(item.number);
  }
  out = std::move(read);
  return true;
}

bool TableReader::Duration(std::string_view key, absl::Duration min, absl::Duration max,
                           absl::Duration& out) {
  const ConfigNode* node = Get(key, Type::kString);
  if (node == nullptr) return false;
  const absl::StatusOr<absl::Duration> duration = ParseDuration(node->text);
  if (!duration.ok()) {
    Fatal(key, std::string(duration.status().message()));
    return false;
  }
  if (*duration < min || *duration > max) {
    Fatal(key,
          Concat("must be ", DurationText(min), " to ", DurationText(max), ", not ", node->text));
    return false;
  }
  out = *duration;
  return true;
}

bool TableReader::Bytes(std::string_view key, std::int64_t min, std::int64_t max,
                        std::int64_t& out) {
  const ConfigNode* node = Get(key);
  if (node == nullptr) return false;
  if (node->type == Type::kInteger) return Integer(key, min, max, out);
  if (node->type != Type::kString) {
    Fatal(key, "must be a size, like 4000000 or \"64MiB\"");
    return false;
  }
  const absl::StatusOr<std::int64_t> bytes = ParseBytes(node->text);
  if (!bytes.ok()) {
    Fatal(key, std::string(bytes.status().message()));
    return false;
  }
  if (*bytes < min || *bytes > max) {
    Fatal(key, Concat("must be ", min, " to ", max, " bytes, not ", node->text));
    return false;
  }
  out = *bytes;
  return true;
}

std::optional<std::size_t> TableReader::IndexOf(std::string_view key,
                                                const std::vector<std::string_view>& names) {
  const ConfigNode* node = Get(key, Type::kString);
  if (node == nullptr) return std::nullopt;
  const auto found = std::find(names.begin(), names.end(), node->text);
  if (found != names.end()) return static_cast<std::size_t>(found - names.begin());
  std::string choices;
  for (const std::string_view name : names) {
    if (!choices.empty()) choices += ", ";
    choices += name;
  }
  Fatal(key, Concat("must be ", names.size() > 1 ? "one of " : "", choices, ", not \"", node->text,
                    "\""));
  return std::nullopt;
}

std::optional<TableReader> TableReader::Table(std::string_view key) {
  const ConfigNode* node = Get(key, Type::kTable);
  if (node == nullptr) return std::nullopt;
  return TableReader(*node, file_, PathOf(key),
                     schema_.empty() ? std::string(key) : Concat(schema_, ".", key), findings_);
}

std::vector<TableReader> TableReader::Tables(std::string_view key, std::string_view schema_name) {
  std::vector<TableReader> tables;
  std::optional<TableReader> parent = Table(key);
  if (!parent.has_value()) return tables;
  for (const ConfigNode& node : parent->table_.items) {
    if (node.type != Type::kTable) {
      parent->Fatal(node.key, Concat("must be a table, [", parent->PathOf(node.key), "]"));
      continue;
    }
    tables.push_back(TableReader(node, file_, parent->PathOf(node.key),
                                 Concat(parent->schema_, ".", schema_name), findings_));
  }
  return tables;
}

void TableReader::RefuseUnknownKeys() {
  for (const ConfigNode& member : table_.items) {
    if (asked_.contains(member.key)) continue;
    const std::string* nearest = nullptr;
    std::size_t nearest_distance = kNearDistanceMax + 1;
    for (const std::string& known : asked_) {
      const std::size_t distance = EditDistance(member.key, known);
      if (distance < nearest_distance && distance < member.key.size()) {
        nearest = &known;
        nearest_distance = distance;
      }
    }
    Fatal(member.key, nearest == nullptr ? "unknown key; remove it"
                                         : Concat("unknown key; did you mean ", *nearest, "?"));
  }
}

}  // namespace peaksync

#include "client/toml_section.h"

#include <algorithm>

#include "absl/strings/str_join.h"

namespace peaksync::client {

TomlSection::TomlSection(const std::string& file_name, const TomlNode& table, std::string where,
                         std::vector<std::string>& problems)
    : file_name_(file_name), table_(table), where_(std::move(where)), problems_(problems) {
  if (table.kind != TomlNode::Kind::kTable) Problem(table.line, "must be a table");
}

TomlSection::~TomlSection() {
  if (table_.kind != TomlNode::Kind::kTable) return;
  for (const TomlNode& member : table_.items) {
    if (std::find(known_.begin(), known_.end(), member.key) != known_.end()) continue;
    Problem(member.line,
            Cat("there is no key '", member.key, "'; the keys are ", absl::StrJoin(known_, ", ")));
  }
}

void TomlSection::Problem(int line, std::string_view what) {
  problems_.push_back(Cat(file_name_, ":", line, ": ", where_, where_.empty() ? "" : ": ", what));
}

const TomlNode* TomlSection::Find(std::string_view key) const {
  const auto found = std::find_if(table_.items.begin(), table_.items.end(),
                                  [&](const TomlNode& item) { return item.key == key; });
  return found == table_.items.end() ? nullptr : &*found;
}

bool TomlSection::Has(std::string_view key) const { return Find(key) != nullptr; }

int TomlSection::LineOf(std::string_view key) const {
  const TomlNode* const node = Find(key);
  return node == nullptr ? table_.line : node->line;
}

const TomlNode* TomlSection::Take(const std::string& key) {
  known_.push_back(key);
  return Find(key);
}

bool TomlSection::Text(const std::string& key, std::string* out) {
  const TomlNode* const node = Take(key);
  if (node == nullptr) return false;
  if (node->kind != TomlNode::Kind::kText || node->text.empty()) {
    Problem(node->line, Cat(key, " must be a text that is not empty"));
    return false;
  }
  *out = node->text;
  return true;
}

void TomlSection::List(const std::string& key, std::vector<std::string>* out) {
  const TomlNode* const node = Take(key);
  if (node == nullptr) return;
  bool good = node->kind == TomlNode::Kind::kList;
  for (const TomlNode& item : node->items) {
    good = good && item.kind == TomlNode::Kind::kText;
    out->push_back(item.text);
  }
  if (!good) Problem(node->line, Cat(key, " must be a list of texts: [\"a\", \"b\"]"));
}

std::vector<const TomlNode*> TomlSection::Texts(const std::string& key) {
  const TomlNode* const node = Take(key);
  std::vector<const TomlNode*> members;
  if (node == nullptr) return members;
  bool good = node->kind == TomlNode::Kind::kTable;
  for (const TomlNode& item : node->items) {
    good = good && item.kind == TomlNode::Kind::kText && !item.text.empty();
    members.push_back(&item);
  }
  if (good) return members;
  Problem(node->line, Cat(key, " must be a table of texts: { column = \"…\" }"));
  return {};
}

void TomlSection::Secret(const std::string& key, SecretPlace* place) {
  Text(Cat(key, "_file"), &place->file);
  Text(Cat(key, "_env"), &place->env);
  if (place->file.empty() || place->env.empty()) return;
  Problem(LineOf(Cat(key, "_env")), Cat("give ", key, "_file or ", key, "_env, not both"));
}

}  // namespace peaksync::client

#include "client/toml_tree.h"

#include <toml++/toml.h>

#include <algorithm>

#include "client/text.h"

namespace peaksync::client {
namespace {

int LineOf(const toml::source_region& region) { return static_cast<int>(region.begin.line); }

// The parser bounds how deep tables nest, and with it this recursion.
TomlNode ToNode(const toml::node& node) {
  TomlNode out;
  out.line = LineOf(node.source());
  if (const auto* text = node.as_string()) {
    out.kind = TomlNode::Kind::kText;
    out.text = text->get();
  } else if (const auto* flag = node.as_boolean()) {
    out.kind = TomlNode::Kind::kBool;
    out.flag = flag->get();
  } else if (const auto* list = node.as_array()) {
    out.kind = TomlNode::Kind::kList;
    for (const toml::node& item : *list) out.items.push_back(ToNode(item));
  } else if (const auto* table = node.as_table()) {
    for (const auto& [key, value] : *table) {
      TomlNode& member = out.items.emplace_back(ToNode(value));
      member.key = key.str();
      member.line = LineOf(key.source());
    }
    std::stable_sort(out.items.begin(), out.items.end(),
                     [](const TomlNode& a, const TomlNode& b) { return a.line < b.line; });
  } else {
    out.kind = TomlNode::Kind::kOther;
  }
  return out;
}

}  // namespace

absl::StatusOr<TomlNode> ParseToml(std::string_view file_name, std::string_view text) {
  try {  // The library throws; nothing of ours does.
    return ToNode(toml::parse(text));
  } catch (const toml::parse_error& error) {
    return Invalid(file_name, ":", LineOf(error.source()), ": ",
                   std::string_view(error.description()));
  }
}

}  // namespace peaksync::client

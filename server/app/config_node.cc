#include "server/app/config_node.h"

#include <toml++/toml.h>

#include <algorithm>
#include <utility>

namespace peaksync {
namespace {

int Line(const toml::source_region& region) { return static_cast<int>(region.begin.line); }

// The parser bounds the depth of nesting, so this recursion is bounded too.
ConfigNode Convert(const toml::node& node) {
  ConfigNode out;
  out.line = Line(node.source());
  switch (node.type()) {
    case toml::node_type::string:
      out.type = ConfigNode::Type::kString;
      out.text = node.as_string()->get();
      break;
    case toml::node_type::integer:
      out.type = ConfigNode::Type::kInteger;
      out.integer = node.as_integer()->get();
      out.number = static_cast<double>(out.integer);
      break;
    case toml::node_type::floating_point:
      out.type = ConfigNode::Type::kNumber;
      out.number = node.as_floating_point()->get();
      break;
    case toml::node_type::boolean:
      out.type = ConfigNode::Type::kBool;
      out.flag = node.as_boolean()->get();
      break;
    case toml::node_type::array:
      out.type = ConfigNode::Type::kList;
      for (const toml::node& item : *node.as_array()) out.items.push_back(Convert(item));
      break;
    case toml::node_type::table:
      out.type = ConfigNode::Type::kTable;
      for (const auto& [key, value] : *node.as_table()) {
        ConfigNode member = Convert(value);
        member.key = key.str();
        member.line = Line(key.source());
        out.items.push_back(std::move(member));
      }
      std::stable_sort(out.items.begin(), out.items.end(),
                       [](const ConfigNode& a, const ConfigNode& b) { return a.line < b.line; });
      break;
    default:
      out.type = ConfigNode::Type::kTime;
      break;
  }
  return out;
}

}  // namespace

const ConfigNode* ConfigNode::Find(std::string_view member) const {
  const auto found = std::find_if(items.begin(), items.end(),
                                  [&](const ConfigNode& item) { return item.key == member; });
  return found == items.end() ? nullptr : &*found;
}

ParsedToml ParseToml(std::string_view text) {
  ParsedToml parsed;
  try {  // The library throws; nothing of ours does.
    parsed.root = Convert(toml::parse(text));
  } catch (const toml::parse_error& error) {
    parsed.ok = false;
    parsed.error_line = Line(error.source());
    parsed.error = error.description();
  }
  return parsed;
}

}  // namespace peaksync

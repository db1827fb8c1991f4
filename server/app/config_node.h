#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace peaksync {

// A piece of a TOML file with the line where it stands. The rest of the reader knows this shape
// only, so that the slow headers of the TOML library stay in one file.
struct ConfigNode {
  enum class Type : std::uint8_t { kString, kInteger, kNumber, kBool, kTime, kList, kTable };

  Type type = Type::kTable;
  int line = 0;
  std::string key;  // Of a member of a table.

  std::string text;
  std::int64_t integer = 0;
  double number = 0;  // Set for kInteger too.
  bool flag = false;
  std::vector<ConfigNode> items;  // Of a list, or the members of a table in the file's order.

  const ConfigNode* Find(std::string_view member) const;
};

// Either the whole tree or what is wrong and where.
struct ParsedToml {
  ConfigNode root;
  bool ok = true;
  int error_line = 0;
  std::string error;
};
ParsedToml ParseToml(std::string_view text);

}  // namespace peaksync

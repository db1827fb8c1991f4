#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace peaksync::client {

// A value of a TOML file with the line where it stands, so that the slow headers of the TOML
// library stay in one file.
struct TomlNode {
  enum class Kind : std::uint8_t { kText, kBool, kList, kTable, kOther };

  Kind kind = Kind::kTable;
  int line = 0;
  std::string key;  // Of a member of a table.
  std::string text;
  bool flag = false;
  std::vector<TomlNode> items;  // Of a list; of a table its members, in the file's order.
};

// INVALID_ARGUMENT, with name and line, when the text is no TOML.
absl::StatusOr<TomlNode> ParseToml(std::string_view file_name, std::string_view text);

}  // namespace peaksync::client

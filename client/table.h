#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

// Plain text for terminals. Pure.
namespace peaksync::client {

// Adds `label  text` with the texts below each other.
void AddLine(std::string_view label, std::string_view text, std::string* out);

// Rows of cells as columns of equal width.
std::string Grid(const std::vector<std::vector<std::string>>& rows);

// `text` on one line, shortened to so many characters (code points). Control characters become
// spaces: what a customer's data holds must not steer a terminal.
std::string OneLine(std::string_view text, std::size_t characters_max);

}  // namespace peaksync::client

#include "client/table.h"

#include <algorithm>

#include "absl/strings/str_format.h"
#include "client/text.h"

namespace peaksync::client {
namespace {

constexpr int kLabelWidth = 16;

bool BeginsCharacter(char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }

std::size_t Width(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), BeginsCharacter));
}

// C0, DEL, and C1 as UTF-8 writes it (C2 80 to C2 9F).
bool IsControl(std::string_view text, std::size_t at) {
  const auto byte = static_cast<unsigned char>(text[at]);
  if (byte < 0x20 || byte == 0x7F) return true;
  return byte == 0xC2 && at + 1 < text.size() && static_cast<unsigned char>(text[at + 1]) < 0xA0;
}

}  // namespace

void AddLine(std::string_view label, std::string_view text, std::string* out) {
  Append(out, absl::StrFormat("%-*s", kLabelWidth, label), text, "\n");
}

std::string Grid(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], Width(row[i]));
  }
  std::string out;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      Append(&line, row[i], std::string(widths[i] - Width(row[i]) + 2, ' '));
    }
    line.erase(line.find_last_not_of(' ') + 1);
    Append(&out, line, "\n");
  }
  return out;
}

std::string OneLine(std::string_view text, std::size_t characters_max) {
  std::string out;
  std::size_t characters = 0;
  std::size_t last = 0;  // Where the last character of `out` begins.
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (BeginsCharacter(text[at])) {
      if (characters == characters_max) return out.erase(last) + "…";
      ++characters;
      last = out.size();
    }
    if (!IsControl(text, at)) {
      out += text[at];
      continue;
    }
    out += ' ';
    if (static_cast<unsigned char>(text[at]) == 0xC2) ++at;
  }
  return out;
}

}  // namespace peaksync::client

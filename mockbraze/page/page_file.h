#pragma once

#include <string_view>

namespace mockbraze {

// A file of the page for people, as it lies in this folder; the build puts them into the program
// (embed.cmake). The texts live as long as the program.
struct PageFile {
  std::string_view path;  // where the mock serves it
  std::string_view content_type;
  std::string_view content;
};

// Null when the page has no such file. Thread safety: a pure function.
const PageFile* FindPageFile(std::string_view path);

}  // namespace mockbraze

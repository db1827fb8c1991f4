# Writes page_file.cc, which holds the page's files, so that the program needs none beside it:
#   cmake -D FOLDER=mockbraze/page -D OUT=page_file.cc -P embed.cmake
set(files
  "/|text/html|index.html"
  "/index.html|text/html|index.html"
  "/_mock/page/style.css|text/css|style.css"
  "/_mock/page/api.js|text/javascript|api.js"
  "/_mock/page/dom.js|text/javascript|dom.js"
  "/_mock/page/json.js|text/javascript|json.js"
  "/_mock/page/page.js|text/javascript|page.js"
  "/_mock/page/requests.js|text/javascript|requests.js"
  "/_mock/page/state.js|text/javascript|state.js"
  "/_mock/page/users.js|text/javascript|users.js"
  "/_mock/page/icon.svg|image/svg+xml|icon.svg")

set(arrays "")
set(table "")
set(number 0)
foreach(entry IN LISTS files)
  string(REPLACE "|" ";" entry "${entry}")
  list(GET entry 0 path)
  list(GET entry 1 type)
  list(GET entry 2 name)
  file(READ "${FOLDER}/${name}" bytes HEX)
  string(LENGTH "${bytes}" length)
  math(EXPR size "${length} / 2")
  string(REGEX REPLACE "(..)" "'\\\\x\\1'," bytes "${bytes}")
  string(APPEND arrays "constexpr char file_${number}[] = {${bytes}};\n")
  string(APPEND table "    PageFile{\"${path}\", \"${type}; charset=utf-8\", {file_${number}, ${size}}},\n")
  math(EXPR number "${number} + 1")
endforeach()

file(WRITE "${OUT}" "// Made by mockbraze/page/embed.cmake.
#include \"mockbraze/page/page_file.h\"

#include <array>

namespace mockbraze {
namespace {

${arrays}
constexpr std::array page_files = {
${table}};

}  // namespace

const PageFile* FindPageFile(std::string_view path) {
  for (const PageFile& file : page_files) {
    if (file.path == path) return &file;
  }
  return nullptr;
}

}  // namespace mockbraze
")

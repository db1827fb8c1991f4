#pragma once

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

// What a fuzz target promises: a broken promise ends the program, with the text and the detail.
inline void Promise(bool holds, const char* text, std::string_view detail = {}) {
  if (holds) return;
  std::fprintf(stderr, "broken promise: %s\n%s\n", text, std::string(detail).c_str());
  std::abort();
}

#pragma once

#include <optional>
#include <string_view>

#include "mockbraze/http/http_message.h"

namespace mockbraze {

// A file of the page for people (mockbraze/page); none for other paths. Needs no key.
// Thread safety: a pure function.
std::optional<Response> PageAnswer(std::string_view path);

}  // namespace mockbraze

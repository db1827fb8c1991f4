#include "mockbraze/control/page_handler.h"

#include "mockbraze/page/page_file.h"

namespace mockbraze {

std::optional<Response> PageAnswer(std::string_view path) {
  const PageFile* file = FindPageFile(path);
  if (!file) return std::nullopt;
  Response response;
  // What customers are called and what they did is in no way trusted: nothing that stands in the
  // page's data may run, load or be framed.
  response.headers = {{"content-type", std::string(file->content_type)},
                      {"cache-control", "no-store"},
                      {"content-security-policy",
                       "default-src 'self'; base-uri 'none'; form-action 'none'; "
                       "frame-ancestors 'none'; object-src 'none'"},
                      {"x-content-type-options", "nosniff"},
                      {"referrer-policy", "no-referrer"}};
  response.body = std::string(file->content);
  return response;
}

}  // namespace mockbraze

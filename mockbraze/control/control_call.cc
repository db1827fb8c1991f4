#include "mockbraze/control/control_call.h"

#include <algorithm>

#include "mockbraze/base/text.h"

namespace mockbraze {
namespace {

template <typename Names>
std::optional<Response> RefuseOthers(const Names& given, auto name_of,
                                     std::initializer_list<std::string_view> known) {
  for (const auto& item : given) {
    const std::string& name = name_of(item);
    if (std::ranges::find(known, name) != known.end()) continue;
    std::string list;
    for (const std::string_view one : known) list += (list.empty() ? "" : ", ") + std::string(one);
    return ControlError(400, "unknown '" + ToValidUtf8(name) + "'; there is " +
                                 (list.empty() ? "nothing to set here" : list));
  }
  return std::nullopt;
}

}  // namespace

Response ControlJson(int status, const Value& body) {
  Response response;
  response.status = status;
  response.headers.emplace_back("content-type", "application/json");
  response.body = ToJson(body) + "\n";
  return response;
}

Response ControlError(int status, const std::string& message) {
  return ControlJson(status, Value::Object{{"message", message}});
}

const std::string* Parameter(const Query& query, std::string_view name) {
  const auto found =
      std::ranges::find_if(query, [&](const auto& entry) { return entry.first == name; });
  return found == query.end() ? nullptr : &found->second;
}

std::optional<Response> RefuseOtherParameters(const Query& query,
                                              std::initializer_list<std::string_view> known) {
  return RefuseOthers(
      query, [](const auto& entry) -> const std::string& { return entry.first; }, known);
}

std::optional<Response> RefuseOtherMembers(const Value& body,
                                           std::initializer_list<std::string_view> known) {
  if (!body.object()) return ControlError(400, "the body must be a JSON object");
  return RefuseOthers(
      *body.object(), [](const Value::Member& member) -> const std::string& { return member.name; },
      known);
}

Result<std::size_t> ReadLimit(const Query& query, std::size_t otherwise, std::size_t max) {
  const std::string* text = Parameter(query, "limit");
  if (!text) return Result<std::size_t>::Ok(otherwise);
  const auto number = ParseUnsigned(*text, max);
  if (!number || *number == 0) {
    return Result<std::size_t>::Fail("'limit' must be from 1 to " + std::to_string(max));
  }
  return Result<std::size_t>::Ok(static_cast<std::size_t>(*number));
}

}  // namespace mockbraze

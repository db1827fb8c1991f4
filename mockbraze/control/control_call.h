#pragma once

#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "mockbraze/base/json.h"
#include "mockbraze/base/result.h"
#include "mockbraze/http/http_message.h"
#include "mockbraze/http/http_server.h"
#include "mockbraze/users/identifier.h"
#include "mockbraze/workspace/workspace_set.h"

// What the control endpoints have in common. Thread safety: pure functions and plain structs.
namespace mockbraze {

using Query = std::vector<std::pair<std::string, std::string>>;

// One call of a control endpoint.
struct ControlCall {
  WorkspaceSet& workspaces;
  Scheduler& scheduler;
  std::string key;
  std::shared_ptr<Workspace> workspace;
  Query query;                   // of a GET
  Value body = Value::Object{};  // of a POST
};

// A control endpoint. It must not block, and calls `done` once, at once or later.
using ControlHandler = void (*)(ControlCall call, HttpHandler::Done done);

Response ControlJson(int status, const Value& body);
Response ControlError(int status, const std::string& message);

// The value of a parameter; null when it is not there.
const std::string* Parameter(const Query& query, std::string_view name);
// A 400 that names the first parameter, or member, that is not known.
std::optional<Response> RefuseOtherParameters(const Query& query,
                                              std::initializer_list<std::string_view> known);
std::optional<Response> RefuseOtherMembers(const Value& body,
                                           std::initializer_list<std::string_view> known);
// The parameter `limit`, from 1 to max, or what is wrong with it.
Result<std::size_t> ReadLimit(const Query& query, std::size_t otherwise, std::size_t max);

}  // namespace mockbraze

#include "mockbraze/control/control_endpoints.h"

#include <algorithm>
#include <array>
#include <utility>

#include "mockbraze/base/json_parser.h"
#include "mockbraze/base/limits.h"
#include "mockbraze/base/text.h"
#include "mockbraze/control/handlers.h"
#include "mockbraze/control/page_handler.h"

namespace mockbraze {
namespace {

struct ControlRoute {
  std::string_view method;
  std::string_view path;
  ControlHandler handle;
};

constexpr std::array routes = {
    ControlRoute{"GET", "/_mock/health", GetHealth},
    ControlRoute{"GET", "/_mock/stats", GetStats},
    ControlRoute{"GET", "/_mock/users", GetUsers},
    ControlRoute{"GET", "/_mock/requests", GetRequests},
    ControlRoute{"GET", "/_mock/workspace", GetWorkspace},
    ControlRoute{"GET", "/_mock/faults", GetFaults},
    ControlRoute{"GET", "/_mock/stubs", GetStubs},
    ControlRoute{"GET", "/_mock/clock", GetClock},
    ControlRoute{"POST", "/_mock/reset", PostReset},
    ControlRoute{"POST", "/_mock/workspace", PostWorkspace},
    ControlRoute{"POST", "/_mock/faults", PostFaults},
    ControlRoute{"POST", "/_mock/stubs", PostStubs},
    ControlRoute{"POST", "/_mock/clock", PostClock},
    ControlRoute{"POST", "/_mock/profiles", PostProfiles},
    ControlRoute{"POST", "/_mock/segments/preview", PostSegmentsPreview},
};

std::string NoSuchEndpoint(const Request& request) {
  const std::string what = ToValidUtf8(request.method + " " + request.path);
  for (const ControlRoute& route : routes) {
    if (route.path == request.path) return what + ": there is " + std::string(route.method);
  }
  std::string text = what + ": no such control endpoint; there are";
  for (const ControlRoute& route : routes) {
    text += (&route == &routes.front() ? " " : ", ") + std::string(route.method) + " " +
            std::string(route.path);
  }
  return text;
}

// Health is the process's; all else is some workspace's.
bool IsAnyones(const ControlRoute& route) { return route.handle == GetHealth; }

constexpr char needs_key[] =
    "with --workspace-per-key a control call needs the header Authorization: Bearer KEY, which "
    "says "
    "whose workspace is meant";

}  // namespace

void ControlEndpoints::Handle(Request request, Done done) {
  if (request.method == "GET") {
    if (auto page = PageAnswer(request.path)) return done(std::move(*page));
  }
  const auto route = std::ranges::find_if(routes, [&](const ControlRoute& one) {
    return one.path == request.path &&
           (one.method == request.method || (one.method == "GET" && request.method == "HEAD"));
  });
  if (route == routes.end()) return done(ControlError(404, NoSuchEndpoint(request)));
  if (request.too_large) return done(ControlError(413, "the body is too large"));
  ControlCall call{workspaces_, scheduler_, KeyOf(request.headers), nullptr, {}, Value::Object{}};
  call.workspace = IsAnyones(*route) ? workspaces_.common() : workspaces_.Of(call.key);
  if (!call.workspace) {
    return done(call.key.empty() ? ControlError(401, needs_key)
                                 : ControlError(507, WorkspaceSet::too_many));
  }
  call.query = ParseQuery(request.query);
  if (!request.body.empty()) {
    Result<Value> parsed = ParseJson(request.body);
    if (!parsed.ok()) {
      return done(ControlError(400, "the body is not JSON: " + parsed.error()));
    }
    call.body = std::move(parsed.value());
  }
  route->handle(std::move(call), std::move(done));
}

}  // namespace mockbraze

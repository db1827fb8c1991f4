#pragma once

#include <memory>

#include "mockbraze/control/control_endpoints.h"
#include "mockbraze/endpoints/exchange.h"
#include "mockbraze/http/http_server.h"
#include "mockbraze/workspace/workspace_set.h"

namespace mockbraze {

// The mock behind its socket: sends each request to its endpoint, through key check, limits,
// faults, counting and latency. Paths below /_mock are control, and / is the page; all others are
// Braze's.
//
// The order in which a request can fail: fault that keeps it from being processed, unknown path
// (404, or a stub's answer), size (413), host and key (401), account and permission (403), rate
// (429), form (400). What it changes is changed on arrival, in mode lost_updates when the answer
// leaves; the latency delays the answer.
// Thread safety: Handle() from any thread. Workspaces and scheduler must outlive the service.
class Service final : public HttpHandler {
 public:
  Service(WorkspaceSet& workspaces, Scheduler& scheduler)
      : workspaces_(workspaces), scheduler_(scheduler), control_(workspaces, scheduler) {}

  void Handle(Request request, Done done) override;
  ConnectionFault OnConnect() override;
  std::size_t BodyLimit(const Request& head) const override;

 private:
  void HandleBraze(Request request, Done done);

  WorkspaceSet& workspaces_;
  Scheduler& scheduler_;
  ControlEndpoints control_;
};

}  // namespace mockbraze

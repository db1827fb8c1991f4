#pragma once

#include "mockbraze/control/control_call.h"
#include "mockbraze/http/http_server.h"
#include "mockbraze/workspace/workspace_set.h"

namespace mockbraze {

// The paths below /_mock, by which a test looks at the mock and sets it up. Keys, latency and
// faults do not apply to them, and they count nowhere; with a workspace per key, the key says
// which. Thread safety: Handle() from any thread. Workspaces and scheduler must outlive it.
class ControlEndpoints final : public HttpHandler {
 public:
  ControlEndpoints(WorkspaceSet& workspaces, Scheduler& scheduler)
      : workspaces_(workspaces), scheduler_(scheduler) {}

  void Handle(Request request, Done done) override;

 private:
  WorkspaceSet& workspaces_;
  Scheduler& scheduler_;
};

}  // namespace mockbraze

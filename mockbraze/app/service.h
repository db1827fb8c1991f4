#pragma once

#include <optional>
#include <string>

#include "mockbraze/control/control_endpoints.h"
#include "mockbraze/endpoints/track_endpoint.h"
#include "mockbraze/http/http_server.h"
#include "mockbraze/workspace/workspace.h"

namespace mockbraze {

// The mock behind its socket: sends each request to its endpoint, through key check, faults,
// counting and latency. Paths below /_mock are control; all others are Braze's.
//
// The order in which a request can fail: fault that keeps it from being processed, 413, 404, 401,
// 403, 400. What it changes is changed on arrival; the latency delays the answer.
// Thread safety: Handle() from any thread. State and scheduler must outlive the service.
class Service final : public HttpHandler {
 public:
  Service(Workspace& workspace, Scheduler& scheduler)
      : workspace_(workspace),
        scheduler_(scheduler),
        control_(workspace),
        track_(workspace.users, workspace.answers) {}

  void Handle(Request request, Done done) override;
  ConnectionFault OnConnect() override;

 private:
  struct Exchange;  // one request to Braze on its way through

  void HandleBraze(Request request, Done done);
  Response Answer(Exchange& exchange);
  Response Process(Exchange& exchange);

  Workspace& workspace_;
  Scheduler& scheduler_;
  ControlEndpoints control_;
  TrackEndpoint track_;
};

}  // namespace mockbraze

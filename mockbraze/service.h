#pragma once

#include <optional>
#include <string>

#include "mockbraze/control_endpoints.h"
#include "mockbraze/http_server.h"
#include "mockbraze/mock_state.h"
#include "mockbraze/track_endpoint.h"

namespace mockbraze {

// The mock behind its socket: sends each request to its endpoint, through key check, faults,
// counting and latency. Paths below /_mock are control; all others are Braze's.
//
// The order in which a request can fail: fault that keeps it from being processed, 413, 404, 401,
// 403, 400. What it changes is changed on arrival; the latency delays the answer.
// Thread safety: Handle() from any thread. State and scheduler must outlive the service.
class Service final : public HttpHandler {
 public:
  Service(MockState& state, Scheduler& scheduler)
      : state_(state),
        scheduler_(scheduler),
        control_(state),
        track_(state.workspace, state.answers) {}

  void Handle(Request request, Done done) override;

 private:
  struct Exchange;  // one request to Braze on its way through

  void HandleBraze(Request request, Done done);
  Response Answer(Exchange& exchange);
  Response Process(Exchange& exchange);

  MockState& state_;
  Scheduler& scheduler_;
  ControlEndpoints control_;
  TrackEndpoint track_;
};

}  // namespace mockbraze

#pragma once

#include "mockbraze/control/control_call.h"

// The control endpoints; docs/mockbraze.md describes each. See ControlHandler.
namespace mockbraze {

void GetHealth(ControlCall call, HttpHandler::Done done);
void GetStats(ControlCall call, HttpHandler::Done done);
void GetUsers(ControlCall call, HttpHandler::Done done);
void GetRequests(ControlCall call, HttpHandler::Done done);
void GetWorkspace(ControlCall call, HttpHandler::Done done);
void GetFaults(ControlCall call, HttpHandler::Done done);
void GetStubs(ControlCall call, HttpHandler::Done done);
void GetClock(ControlCall call, HttpHandler::Done done);

void PostReset(ControlCall call, HttpHandler::Done done);
void PostWorkspace(ControlCall call, HttpHandler::Done done);
void PostFaults(ControlCall call, HttpHandler::Done done);
void PostStubs(ControlCall call, HttpHandler::Done done);
void PostClock(ControlCall call, HttpHandler::Done done);
void PostProfiles(ControlCall call, HttpHandler::Done done);
void PostSegmentsPreview(ControlCall call, HttpHandler::Done done);

}  // namespace mockbraze

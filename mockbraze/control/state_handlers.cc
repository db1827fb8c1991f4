// Looking at and setting what is not about users: counters, settings, faults, stubs, clock.

#include <algorithm>
#include <utility>
#include <vector>

#include "mockbraze/base/date.h"
#include "mockbraze/base/limits.h"
#include "mockbraze/base/text.h"
#include "mockbraze/control/handlers.h"
#include "mockbraze/endpoints/exchange.h"
#include "mockbraze/workspace/options.h"

namespace mockbraze {
namespace {

Value DropsByReason(const UsersCounters& users) {
  Value::Object drops;
  for (std::size_t i = 0; i < drop_reason_names.size(); ++i) {
    const std::uint64_t count = users.silent_drops_by_reason[i];
    if (count > 0) drops.push_back({std::string(drop_reason_names[i]), count});
  }
  return drops;
}

Response Counters(const Workspace& workspace, const UsersCounters& users) {
  const TrafficCounters traffic = workspace.traffic.counters();
  Value::Object by_status;
  for (const auto& [status, count] : traffic.requests_by_status) {
    by_status.push_back({std::to_string(status), count});
  }
  return ControlJson(200, Value::Object{
                              {"requests", traffic.requests},
                              {"requests_by_status", std::move(by_status)},
                              {"unanswered", traffic.unanswered},
                              {"bulk_header_requests", traffic.bulk_header_requests},
                              {"max_objects_per_request", traffic.max_objects_per_request},
                              {"in_flight", traffic.in_flight},
                              {"max_in_flight", traffic.max_in_flight},
                              {"max_in_flight_per_customer", traffic.max_in_flight_per_customer},
                              {"profiles", users.profiles},
                              {"attribute_objects", users.attribute_objects},
                              {"attribute_values", users.attribute_values},
                              {"unchanged_values", users.unchanged_values},
                              {"silent_drops", users.silent_drops},
                              {"silent_drops_by_reason", DropsByReason(users)},
                              {"lost_updates", users.lost_updates},
                              {"events", users.events},
                              {"purchases", users.purchases},
                              {"data_points", users.data_points},
                          });
}

Response CurrentSettings(Workspace& workspace) {
  const auto settings = workspace.settings();
  Value::Object out = ToValue(*settings);
  const RateState rate =
      workspace.limiter()->Look(RateBucket::kTrack, *settings, workspace.clock.Now());
  FindMember(out, "rate_limit")->object()->push_back({"remaining", rate.remaining});
  return ControlJson(200, std::move(out));
}

Response CurrentFaults(const Workspace& workspace) {
  Value::List faults;
  Value::List hits;
  for (FaultCount& fault : workspace.faults.Counts()) {
    faults.emplace_back(std::move(fault.text));
    hits.emplace_back(fault.hits);
  }
  return ControlJson(200, Value::Object{{"faults", std::move(faults)}, {"hits", std::move(hits)}});
}

Response CurrentStubs(const Workspace& workspace) {
  Value::List stubs;
  for (const Stub& stub : workspace.stubs.all()) stubs.push_back(ToValue(stub));
  return ControlJson(200, Value::Object{{"stubs", std::move(stubs)}});
}

Response CurrentTime(const Workspace& workspace) {
  return ControlJson(200, Value::Object{{"now", IsoTime(workspace.clock.Now())},
                                        {"stopped", workspace.clock.stopped()}});
}

// Answers with the refusal, if there is one, or else with what `answer` makes.
void Answer(const HttpHandler::Done& done, std::optional<Response> refusal, auto answer) {
  done(refusal ? std::move(*refusal) : answer());
}

std::string MoveClock(const Value& body, MovableClock* clock) {
  const Value* now = body.Find("now");
  const Value* advance = body.Find("advance");
  const Value* stopped = body.Find("stopped");
  std::optional<Clock::Time> time;
  if (now && advance) return "give 'now' or 'advance', not both";
  if (now) {
    time = now->string() ? ParseDate(*now->string()) : std::nullopt;
    if (!time) return "'now' must be a time such as 2026-09-07T02:00:00Z";
  }
  if (advance) {
    if (!advance->string()) return "'advance' must be a duration such as \"90s\"";
    const auto duration = ParseDuration(*advance->string());
    if (!duration.ok()) return "'advance': " + duration.error();
    time = clock->Now() + duration.value();
  }
  if (stopped && !stopped->boolean()) return "'stopped' must be true or false";
  if (stopped && *stopped->boolean()) clock->Stop();
  if (time) clock->Set(*time);
  if (stopped && !*stopped->boolean()) clock->Run();
  return {};
}

}  // namespace

void GetHealth(ControlCall call, HttpHandler::Done done) {
  Answer(done, RefuseOtherParameters(call.query, {}), [] {
    return ControlJson(200, Value::Object{{"status", "ok"}});
  });
}

void GetStats(ControlCall call, HttpHandler::Done done) {
  Answer(done, RefuseOtherParameters(call.query, {}),
         [&] { return Counters(*call.workspace, call.workspace->users.counters()); });
}

void GetWorkspace(ControlCall call, HttpHandler::Done done) {
  Answer(done, RefuseOtherParameters(call.query, {}),
         [&] { return CurrentSettings(*call.workspace); });
}

void GetFaults(ControlCall call, HttpHandler::Done done) {
  Answer(done, RefuseOtherParameters(call.query, {}),
         [&] { return CurrentFaults(*call.workspace); });
}

void GetStubs(ControlCall call, HttpHandler::Done done) {
  Answer(done, RefuseOtherParameters(call.query, {}),
         [&] { return CurrentStubs(*call.workspace); });
}

void GetClock(ControlCall call, HttpHandler::Done done) {
  Answer(done, RefuseOtherParameters(call.query, {}), [&] { return CurrentTime(*call.workspace); });
}

void PostReset(ControlCall call, HttpHandler::Done done) {
  Answer(done, RefuseOtherMembers(call.body, {}), [&] {
    call.workspaces.Reset(call.key);
    return ControlJson(200, Value::Object{{"message", "reset"}});
  });
}

void PostWorkspace(ControlCall call, HttpHandler::Done done) {
  const std::string wrong = call.workspace->Change(call.body);
  if (!wrong.empty()) return done(ControlError(400, wrong));
  if (const auto remaining = RemainingOf(call.body)) {
    call.workspace->limiter()->SetRemaining(*remaining, *call.workspace->settings(),
                                            call.workspace->clock.Now());
  }
  done(CurrentSettings(*call.workspace));
}

void PostFaults(ControlCall call, HttpHandler::Done done) {
  Answer(done, RefuseOtherMembers(call.body, {"faults"}), [&] {
    const Value* list = call.body.Find("faults");
    if (!list || !list->list()) {
      return ControlError(400, "'faults' must be a list of texts such as \"status=503,count=2\"");
    }
    std::vector<std::string> texts;
    for (const Value& item : *list->list()) {
      if (!item.string()) return ControlError(400, "'faults' must be a list of texts");
      texts.push_back(*item.string());
    }
    Result<std::vector<FaultSpec>> faults = ParseFaultList(texts);
    if (!faults.ok()) return ControlError(400, faults.error());
    const bool connections = std::ranges::any_of(faults.value(), [](const FaultSpec& fault) {
      return fault.kind == FaultKind::kTlsFailure;
    });
    if (connections && call.workspaces.options().workspace_per_key) {
      return ControlError(400,
                          "tls-failure: a connection has no key yet; with "
                          "--workspace-per-key give it by --fault");
    }
    call.workspace->faults.Set(std::move(faults.value()));
    return CurrentFaults(*call.workspace);
  });
}

void PostStubs(ControlCall call, HttpHandler::Done done) {
  Result<Stub> stub = ReadStub(call.body);
  if (!stub.ok()) return done(ControlError(400, stub.error()));
  if (FindRoute(stub.value().path)) {
    return done(ControlError(400, stub.value().path + " is answered by the mock itself; POST " +
                                      "/_mock/faults makes it fail"));
  }
  const bool added = call.workspace->stubs.Add(std::move(stub.value()));
  done(added ? CurrentStubs(*call.workspace)
             : ControlError(400, "there are " + std::to_string(limits::stubs_max) +
                                     " stubs already; POST /_mock/reset drops them"));
}

void PostClock(ControlCall call, HttpHandler::Done done) {
  Answer(done, RefuseOtherMembers(call.body, {"now", "advance", "stopped"}), [&] {
    const std::string wrong = MoveClock(call.body, &call.workspace->clock);
    return wrong.empty() ? CurrentTime(*call.workspace) : ControlError(400, wrong);
  });
}

}  // namespace mockbraze

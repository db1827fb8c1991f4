#include "mockbraze/app/service.h"

#include <array>
#include <chrono>
#include <cstdio>
#include <memory>
#include <utility>

#include "mockbraze/app/fault_answer.h"

namespace mockbraze {
namespace {

constexpr std::string_view control_root = "/_mock";
constexpr std::string_view track_path = "/users/track";
constexpr std::string_view track_permission = "users.track";

bool IsControl(const std::string& path) {
  return path == control_root || path.starts_with(std::string(control_root) + "/");
}

std::string Seconds(std::chrono::steady_clock::duration elapsed) {
  std::array<char, 32> text;
  std::snprintf(text.data(), text.size(), "%.6f", std::chrono::duration<double>(elapsed).count());
  return text.data();
}

}  // namespace

struct Service::Exchange {
  std::uint64_t fault_number = 0;
  std::uint64_t record = 0;
  std::string method;
  std::string path;
  std::string key;
  bool too_large = false;
  std::optional<Result<TrackRequest>> track;  // only for /users/track with a body that was read
  std::optional<FaultSpec> fault;
  Traffic::Ticket ticket;

  TrackRequest* parsed() { return track && track->ok() ? &track->value() : nullptr; }
};

void Service::Handle(Request request, Done done) {
  if (IsControl(request.path)) {
    done(control_.Handle(request));
  } else {
    HandleBraze(std::move(request), std::move(done));
  }
}

ConnectionFault Service::OnConnect() {
  return workspace_.faults.FailsNextConnection() ? ConnectionFault::kTlsFailure
                                                 : ConnectionFault::kNone;
}

void Service::HandleBraze(Request request, Done done) {
  const auto started = std::chrono::steady_clock::now();
  auto exchange = std::make_shared<Exchange>();
  exchange->fault_number = workspace_.faults.NextRequest();
  exchange->method = request.method;
  exchange->path = request.path;
  exchange->key = KeyRing::KeyOf(request.headers);
  exchange->too_large = request.too_large;
  if (request.path == track_path && request.method == "POST" && !request.too_large) {
    exchange->track = ReadTrackRequest(request.body);
  }
  Traffic::Arrival arrival;
  const std::string* bulk = FindHeader(request.headers, "x-braze-bulk");
  arrival.bulk_header = bulk && *bulk == "true";
  if (const TrackRequest* track = exchange->parsed()) {
    arrival.objects = track->total;
    for (const TrackObject& object : track->objects) {
      if (const Identifier* id = object.identifier()) {
        arrival.customers.push_back(id->CustomerKey());
      }
    }
  }
  workspace_.answers.CountRequest();
  exchange->ticket = workspace_.traffic.Begin(std::move(arrival));
  exchange->record = workspace_.recorder.Add({0,
                                              std::chrono::system_clock::now(),
                                              std::move(request.method),
                                              std::move(request.path),
                                              std::move(request.query),
                                              std::move(request.headers),
                                              std::move(request.body),
                                              0,
                                              {}});

  Response response = Answer(*exchange);
  response.headers.emplace_back("x-runtime", Seconds(std::chrono::steady_clock::now() - started));
  auto finish = [this, exchange, response = std::move(response), done = std::move(done)]() mutable {
    const bool answered = response.wire != Wire::kReset && response.wire != Wire::kHang;
    const int status = answered ? response.status : 0;
    workspace_.traffic.End(exchange->ticket, status);
    workspace_.recorder.SetOutcome(exchange->record, status,
                                   exchange->fault ? exchange->fault->text : std::string());
    done(std::move(response));
  };
  const std::chrono::milliseconds latency = workspace_.latency;
  if (latency.count() == 0) {
    finish();
  } else {
    scheduler_.After(latency, std::move(finish));
  }
}

Response Service::Answer(Exchange& exchange) {
  exchange.fault =
      workspace_.faults.ForRequest(exchange.fault_number, exchange.path, exchange.parsed());
  if (!exchange.fault) return Process(exchange);
  if (auto instead = AnswerInstead(*exchange.fault, exchange.key, workspace_.answers)) {
    return std::move(*instead);
  }
  return SpoilAnswer(*exchange.fault, Process(exchange), workspace_.answers);
}

Response Service::Process(Exchange& exchange) {
  AnswerMaker& answers = workspace_.answers;
  // docs/braze-contract.md section 1.7 and section 12, 8.
  if (exchange.too_large) return answers.Message(413, StatusMessage(413));
  // Section 4.3: an invalid URL.
  if (exchange.path != track_path || exchange.method != "POST") {
    return answers.Message(404, StatusMessage(404));
  }
  switch (workspace_.keys.Check(exchange.key, track_permission)) {
    case Access::kUnknownKey:
      return answers.InvalidKey(exchange.key);
    case Access::kMissingPermission:
      return answers.Message(403, StatusMessage(403));
    case Access::kGranted:
      break;
  }
  if (!exchange.track->ok()) return answers.Message(400, exchange.track->error());
  TrackFaults faults;
  faults.object_error = [&](const TrackObject& object) {
    return workspace_.faults.ForObject(exchange.fault_number, exchange.path, object);
  };
  if (exchange.fault) {
    faults.reject_all = exchange.fault->kind == FaultKind::kRejectAll;
    faults.unnamed_error = exchange.fault->kind == FaultKind::kUnnamedError;
    faults.unnamed_external_id = exchange.fault->external_id;
  }
  return track_.Handle(std::move(exchange.track->value()), faults);
}

}  // namespace mockbraze

#include "mockbraze/app/service.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <utility>

#include "mockbraze/app/fault_answer.h"
#include "mockbraze/base/json_parser.h"
#include "mockbraze/base/text.h"
#include "mockbraze/endpoints/answer.h"
#include "mockbraze/users/named_users.h"

namespace mockbraze {
namespace {

bool IsControl(const std::string& path) {
  return path == "/_mock" || path.starts_with("/_mock/") || path == "/" || path == "/index.html";
}

std::string Seconds(std::chrono::steady_clock::duration elapsed) {
  std::array<char, 32> text;
  std::snprintf(text.data(), text.size(), "%.6f", std::chrono::duration<double>(elapsed).count());
  return text.data();
}

// Section 1.1: a workspace lives on one host.
bool IsRightHost(const Request& request, const std::string& wanted) {
  if (wanted.empty()) return true;
  const std::string* host = FindHeader(request.headers, "host");
  return host && EqualsIgnoringCase(std::string_view(*host).substr(0, host->find(':')), wanted);
}

void ReadBody(const Request& request, Exchange* exchange) {
  if (!exchange->route || exchange->too_large) return;
  if (exchange->route->takes_objects) {
    exchange->objects = ReadTrackRequest(request.body);
  } else {
    exchange->body = ParseJson(request.body);
  }
}

const TrackRequest* ObjectsOf(const Exchange& exchange) {
  return exchange.objects && exchange.objects->ok() ? &exchange.objects->value() : nullptr;
}

Traffic::Arrival ArrivalOf(const Request& request, const Exchange& exchange) {
  Traffic::Arrival arrival;
  const std::string* bulk = FindHeader(request.headers, "x-braze-bulk");
  arrival.bulk_header = bulk && *bulk == "true";
  if (const TrackRequest* track = ObjectsOf(exchange)) {
    arrival.objects = track->total;
    arrival.customers.reserve(track->objects.size());
    for (const TrackObject& object : track->objects) {
      if (const Identifier* id = object.identifier()) {
        arrival.customers.push_back(id->Hash());
      }
    }
  }
  return arrival;
}

std::vector<Identifier> CustomersOf(const Exchange& exchange) {
  std::vector<Identifier> customers;
  if (const TrackRequest* track = ObjectsOf(exchange)) {
    for (const TrackObject& object : track->objects) {
      if (const Identifier* id = object.identifier()) customers.push_back(*id);
    }
  }
  return customers;
}

bool IsAbout(const Exchange& exchange, const std::string& external_id) {
  if (exchange.body) return exchange.body->ok() && NamesUser(exchange.body->value(), external_id);
  const TrackRequest* track = ObjectsOf(exchange);
  return track && std::ranges::any_of(track->objects, [&](const TrackObject& object) {
           const Identifier* id = object.identifier();
           return id && id->kind == IdKind::kExternalId && id->value == external_id;
         });
}

RateBucket BucketOf(const Exchange& exchange) {
  if (!exchange.route) return RateBucket::kGeneral;
  return exchange.route->bucket_of ? exchange.route->bucket_of(exchange) : exchange.route->bucket;
}

// Section 1.4, and section 12, 10: a partner's key opens the bulk endpoint too.
Access CheckAccess(const Exchange& exchange) {
  const Settings& settings = *exchange.settings;
  const Access access = Check(settings.keys, exchange.key, exchange.route->permission);
  const bool partner = settings.bulk_permission == BulkPermission::kPartner &&
                       exchange.route->bucket == RateBucket::kBulk;
  return access == Access::kMissingPermission && partner
             ? Check(settings.keys, exchange.key, "users.track")
             : access;
}

std::optional<Response> RefuseCaller(const Exchange& exchange) {
  const Settings& settings = *exchange.settings;
  const Access access = CheckAccess(exchange);
  if (!exchange.right_host) return InvalidKey(exchange.key);
  if (access == Access::kUnknownKey) {
    // Section 12, 9: an older page answers 404 to an unknown key.
    return settings.unknown_key_status == 404 ? Message(404, StatusMessage(404))
                                              : InvalidKey(exchange.key);
  }
  // Section 4.3: an inactivated account.
  if (!settings.account_active) return Message(403, "Forbidden");
  if (access == Access::kMissingPermission) return Message(403, StatusMessage(403));
  return std::nullopt;
}

// Sections 1.7 and 12, 8: 413, on the bulk endpoint 400.
Response RefuseSize(const Exchange& exchange) {
  int status = exchange.settings->oversize_status;
  if (status == 0) status = exchange.route->bucket == RateBucket::kBulk ? 400 : 413;
  return Message(status, StatusMessage(413));
}

// The form of the body, as far as it is every endpoint's.
std::string FormFault(const Exchange& exchange) {
  if (exchange.objects) return exchange.objects->error();
  if (!exchange.body->ok()) return "Bad Request: " + exchange.body->error();
  if (!exchange.body->value().object()) return "Bad Request: the body must be a JSON object";
  return {};
}

// Section 4.3: an invalid URL.
Response RefusePath(const Request& request) {
  const std::string what = ToValidUtf8(request.method + " " + request.path);
  if (FindRoute(request.path)) {
    return Message(404, "Not Found: " + what + "; this path takes POST");
  }
  return Message(404, "Not Found: " + what +
                          ". This mock of Braze does not know it; POST /_mock/stubs tells it what "
                          "to answer");
}

Response Process(const Request& request, Exchange& exchange) {
  if (!exchange.route) {
    auto stub = exchange.workspace->stubs.Answer(request.method, request.path);
    return stub ? std::move(*stub) : RefusePath(request);
  }
  if (exchange.too_large) return RefuseSize(exchange);
  if (auto refusal = RefuseCaller(exchange)) return *refusal;
  exchange.rate = exchange.workspace->limiter()->Take(BucketOf(exchange), *exchange.settings,
                                                      exchange.workspace->clock.Now());
  if (exchange.rate.refused) return Message(429, StatusMessage(429));
  if (const std::string fault = FormFault(exchange); !fault.empty()) return Message(400, fault);
  Response response = exchange.route->answer(exchange);
  // Section 4.4.
  const bool queued = exchange.settings->maintenance && response.status < 300;
  return queued ? Message(202, "queued") : response;
}

Response Answer(const Request& request, Exchange& exchange) {
  exchange.fault = exchange.workspace->faults.ForRequest(
      exchange.number, request.path, exchange.route && exchange.route->takes_objects,
      [&](const std::string& external_id) { return IsAbout(exchange, external_id); });
  if (!exchange.fault) return Process(request, exchange);
  if (auto instead = AnswerInstead(*exchange.fault, exchange.key)) return std::move(*instead);
  return SpoilAnswer(*exchange.fault, Process(request, exchange));
}

std::shared_ptr<Exchange> Arrive(const Request& request, std::shared_ptr<Workspace> workspace) {
  auto exchange = std::make_shared<Exchange>();
  exchange->settings = workspace->settings();
  exchange->number = workspace->faults.NextRequest();
  exchange->route = request.method == "POST" ? FindRoute(request.path) : nullptr;
  exchange->key = KeyOf(request.headers);
  exchange->right_host = IsRightHost(request, exchange->settings->host);
  exchange->too_large = request.too_large ||
                        (exchange->route && request.body.size() > exchange->route->body_bytes_max);
  ReadBody(request, exchange.get());
  Traffic::Arrival arrival = ArrivalOf(request, *exchange);
  if (exchange->settings->lost_updates) {
    exchange->flight = workspace->users.BeginFlight(CustomersOf(*exchange));
  }
  exchange->ticket = workspace->traffic.Begin(std::move(arrival));
  exchange->rate =
      workspace->limiter()->Look(BucketOf(*exchange), *exchange->settings, workspace->clock.Now());
  exchange->workspace = std::move(workspace);
  return exchange;
}

void AcceptObjects(Exchange& exchange) {
  if (exchange.accepted.empty() && exchange.flight == LostUpdates::none) return;
  exchange.workspace->users.Accept(std::move(exchange.accepted), exchange.flight);
}

}  // namespace

void Service::Handle(Request request, Done done) {
  if (IsControl(request.path)) {
    control_.Handle(std::move(request), std::move(done));
  } else {
    HandleBraze(std::move(request), std::move(done));
  }
}

// A connection comes before any key, so its faults are those of the flags.
ConnectionFault Service::OnConnect() {
  return workspaces_.common()->faults.FailsNextConnection() ? ConnectionFault::kTlsFailure
                                                            : ConnectionFault::kNone;
}

std::size_t Service::BodyLimit(const Request& head) const {
  if (IsControl(head.path)) return limits::control_body_bytes_max;
  const Route* route = FindRoute(head.path);
  return route ? route->body_bytes_max : limits::track_body_bytes_max;
}

void Service::HandleBraze(Request request, Done done) {
  const auto started = std::chrono::steady_clock::now();
  const std::string key = KeyOf(request.headers);
  auto workspace = workspaces_.Of(key);
  if (!workspace && !key.empty()) return done(Message(507, WorkspaceSet::too_many));
  if (!workspace) workspace = workspaces_.common();  // refuses it
  const auto exchange = Arrive(request, std::move(workspace));
  Response response = Answer(request, *exchange);
  exchange->record = exchange->workspace->recorder.Add(
      std::move(request), exchange->workspace->clock.Now(),
      exchange->fault ? exchange->fault->text : exchange->object_fault);
  Dress(exchange->rate, *exchange->settings, workspaces_.options().seed, exchange->record,
        &response);
  response.headers.emplace_back("x-runtime", Seconds(std::chrono::steady_clock::now() - started));
  if (exchange->flight == LostUpdates::none) AcceptObjects(*exchange);
  auto finish = [exchange, response = std::move(response), done = std::move(done)]() mutable {
    if (exchange->flight != LostUpdates::none) AcceptObjects(*exchange);
    const bool answered = response.wire != Wire::kReset && response.wire != Wire::kHang;
    exchange->workspace->traffic.End(exchange->ticket, answered ? response.status : 0);
    exchange->workspace->recorder.SetAnswer(exchange->record, answered ? &response : nullptr);
    done(std::move(response));
  };
  const std::chrono::milliseconds latency = exchange->settings->latency;
  if (latency.count() == 0) {
    finish();
  } else {
    scheduler_.After(latency, std::move(finish));
  }
}

}  // namespace mockbraze

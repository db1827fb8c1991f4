#include "mockbraze/control/control_endpoints.h"

#include <algorithm>
#include <array>
#include <optional>

#include "mockbraze/base/json_parser.h"
#include "mockbraze/base/limits.h"
#include "mockbraze/base/text.h"

namespace mockbraze {
namespace {

Response Json(int status, const Value& body) {
  return {status, {{"content-type", "application/json"}}, ToJson(body) + "\n", Wire::kSend, {}};
}

Response Error(int status, const std::string& message) {
  return Json(status, Value::Object{{"message", message}});
}

const std::string* Parameter(const std::vector<std::pair<std::string, std::string>>& query,
                             std::string_view name) {
  const auto found =
      std::ranges::find_if(query, [&](const auto& entry) { return entry.first == name; });
  return found == query.end() ? nullptr : &found->second;
}

// The first name that is not in the list, for a 400 that says so.
template <typename Names>
std::optional<Response> RefuseOthers(const Names& given, auto name_of,
                                     std::initializer_list<std::string_view> known) {
  for (const auto& item : given) {
    const std::string& name = name_of(item);
    if (std::ranges::find(known, name) != known.end()) continue;
    std::string list;
    for (const std::string_view one : known) list += (list.empty() ? "" : ", ") + std::string(one);
    return Error(400, "unknown '" + ToValidUtf8(name) + "'; there is " +
                          (list.empty() ? "nothing to set here" : list));
  }
  return std::nullopt;
}

std::optional<Response> RefuseOtherParameters(
    const std::vector<std::pair<std::string, std::string>>& query,
    std::initializer_list<std::string_view> known) {
  return RefuseOthers(
      query, [](const auto& entry) -> const std::string& { return entry.first; }, known);
}

std::optional<Response> RefuseOtherMembers(const Value& body,
                                           std::initializer_list<std::string_view> known) {
  if (!body.object()) return Error(400, "the body must be a JSON object");
  return RefuseOthers(
      *body.object(), [](const Value::Member& member) -> const std::string& { return member.name; },
      known);
}

Value HeadersJson(const Headers& headers) {
  Value::Object out;
  for (const auto& [name, value] : headers) {
    const std::string lower = ToLower(ToValidUtf8(name));
    const Value* there = FindMember(out, lower);
    if (there) {
      *FindMember(out, lower) = *there->string() + ", " + ToValidUtf8(value);
    } else {
      out.push_back({lower, ToValidUtf8(value)});
    }
  }
  return out;
}

Value RequestJson(const RecordedRequest& request) {
  Result<Value> parsed = ParseJson(request.body);
  Value::Object out{
      {"number", request.number},
      {"received_at", IsoTime(request.received)},
      {"method", ToValidUtf8(request.method)},
      {"path", ToValidUtf8(request.path)},
      {"query", ToValidUtf8(request.query)},
      {"headers", HeadersJson(request.headers)},
      {"body", parsed.ok() ? std::move(parsed.value()) : Value(ToValidUtf8(request.body))},
      {"status", request.status > 0 ? Value(request.status) : Value()},
      {"fault", request.fault.empty() ? Value() : Value(request.fault)}};
  return out;
}

Result<ApiKey> ReadKey(const Value& entry) {
  const Value* key = entry.Find("key");
  if (!key || !key->string() || key->string()->empty()) {
    return Result<ApiKey>::Fail("each of 'keys' must be {\"key\": text, \"permissions\": [text]}");
  }
  ApiKey out{*key->string(), {}};
  for (const Value::Member& member : *entry.object()) {
    if (member.name == "key") continue;
    if (member.name != "permissions" || !member.value.list()) {
      return Result<ApiKey>::Fail("a key has 'key' and the list 'permissions', not '" +
                                  member.name + "'");
    }
    for (const Value& permission : *member.value.list()) {
      if (!permission.string()) {
        return Result<ApiKey>::Fail("'permissions' must be texts such as users.track");
      }
      out.permissions.push_back(*permission.string());
    }
  }
  return Result<ApiKey>::Ok(std::move(out));
}

Result<std::vector<ApiKey>> ReadKeys(const Value& list) {
  using Answer = Result<std::vector<ApiKey>>;
  if (!list.list() || list.list()->size() > limits::keys_max) {
    return Answer::Fail("'keys' must be a list of at most " + std::to_string(limits::keys_max));
  }
  std::vector<ApiKey> keys;
  for (const Value& entry : *list.list()) {
    Result<ApiKey> key = ReadKey(entry);
    if (!key.ok()) return Answer::Fail(key.error());
    keys.push_back(std::move(key.value()));
  }
  return Answer::Ok(std::move(keys));
}

Result<std::chrono::milliseconds> ReadMillis(const Value::Member& member) {
  using Answer = Result<std::chrono::milliseconds>;
  const auto* number = member.value.integer();
  const std::chrono::milliseconds max = limits::duration_max;
  if (!number || *number < 0 || *number > max.count()) {
    return Answer::Fail("'" + member.name + "' must be whole milliseconds, from 0 to a year");
  }
  return Answer::Ok(std::chrono::milliseconds(*number));
}

// The identifier that a query of /_mock/users names, or what is wrong with the query.
Result<Identifier> ReadQueryIdentifier(
    const std::vector<std::pair<std::string, std::string>>& query) {
  const auto text = [&](std::string_view name) {
    const std::string* value = Parameter(query, name);
    return value ? *value : std::string();
  };
  static constexpr std::array<std::pair<std::string_view, IdKind>, 5> kinds = {
      {{"external_id", IdKind::kExternalId},
       {"braze_id", IdKind::kBrazeId},
       {"email", IdKind::kEmail},
       {"phone", IdKind::kPhone},
       {"alias_name", IdKind::kAlias}}};
  std::optional<Identifier> id;
  for (const auto& [name, kind] : kinds) {
    if (!Parameter(query, name)) continue;
    if (id) return Result<Identifier>::Fail("name one identifier, not several");
    id = Identifier{kind, kind == IdKind::kEmail ? ToLower(text(name)) : text(name), {}};
  }
  const bool alias = id && id->kind == IdKind::kAlias;
  if (!id || alias != (Parameter(query, "alias_label") != nullptr)) {
    return Result<Identifier>::Fail("alias_name and alias_label go together");
  }
  if (alias) id->label = text("alias_label");
  return Result<Identifier>::Ok(std::move(*id));
}

// A whole number of the query, or what is wrong with it.
Result<std::size_t> ReadLimit(const std::vector<std::pair<std::string, std::string>>& query,
                              std::size_t otherwise, std::size_t max) {
  const std::string* text = Parameter(query, "limit");
  if (!text) return Result<std::size_t>::Ok(otherwise);
  const auto number = ParseUnsigned(*text, max);
  if (!number || *number == 0) {
    return Result<std::size_t>::Fail("'limit' must be from 1 to " + std::to_string(max));
  }
  return Result<std::size_t>::Ok(static_cast<std::size_t>(*number));
}

constexpr char no_such_endpoint[] =
    "no such control endpoint; there are GET /_mock/health, /_mock/stats, /_mock/users and "
    "/_mock/requests, POST /_mock/reset, /_mock/faults and /_mock/workspace";

}  // namespace

Response ControlEndpoints::Handle(const Request& request) {
  const std::string& path = request.path;
  if (request.method == "GET") {
    const Query query = ParseQuery(request.query);
    if (path == "/_mock/health") return Health(query);
    if (path == "/_mock/stats") return Stats(query);
    if (path == "/_mock/users") return Users(query);
    if (path == "/_mock/requests") return Requests(query);
  } else if (request.method == "POST") {
    if (request.too_large) return Error(413, "the body is too large");
    Value body = Value::Object{};
    if (!request.body.empty()) {
      Result<Value> parsed = ParseJson(request.body);
      if (!parsed.ok()) return Error(400, "the body is not JSON: " + parsed.error());
      body = std::move(parsed.value());
    }
    if (path == "/_mock/reset") return Reset(body);
    if (path == "/_mock/faults") return SetFaults(body);
    if (path == "/_mock/workspace") return SetWorkspace(body);
  }
  return Error(404, no_such_endpoint);
}

Response ControlEndpoints::Health(const Query& query) {
  if (auto refusal = RefuseOtherParameters(query, {})) return *refusal;
  return Json(200, Value::Object{{"status", "ok"}});
}

Response ControlEndpoints::Stats(const Query& query) {
  if (auto refusal = RefuseOtherParameters(query, {})) return *refusal;
  const TrafficCounters traffic = workspace_.traffic.counters();
  const UsersCounters workspace = workspace_.users.counters();
  Value::Object by_status;
  for (const auto& [status, count] : traffic.requests_by_status) {
    by_status.push_back({std::to_string(status), count});
  }
  return Json(200, Value::Object{
                       {"requests", traffic.requests},
                       {"requests_by_status", std::move(by_status)},
                       {"unanswered", traffic.unanswered},
                       {"bulk_header_requests", traffic.bulk_header_requests},
                       {"max_objects_per_request", traffic.max_objects_per_request},
                       {"in_flight", traffic.in_flight},
                       {"max_in_flight", traffic.max_in_flight},
                       {"max_in_flight_per_customer", traffic.max_in_flight_per_customer},
                       {"profiles", workspace.profiles},
                       {"attribute_objects", workspace.attribute_objects},
                       {"attribute_values", workspace.attribute_values},
                       {"unchanged_values", workspace.unchanged_values},
                       {"silent_drops", workspace.silent_drops},
                       {"events", workspace.events},
                       {"purchases", workspace.purchases},
                       {"data_points", workspace.data_points},
                   });
}

Response ControlEndpoints::Users(const Query& query) {
  const bool all = std::ranges::all_of(
      query, [](const auto& entry) { return entry.first == "after" || entry.first == "limit"; });
  if (all) {
    const auto limit = ReadLimit(query, limits::users_page_default, limits::users_page_max);
    if (!limit.ok()) return Error(400, limit.error());
    const std::string* after = Parameter(query, "after");
    UsersPage page = workspace_.users.Page(after ? *after : "", limit.value());
    Value::Object body{{"users", std::move(page.users)}};
    if (page.next_after) body.push_back({"next_after", std::move(*page.next_after)});
    return Json(200, std::move(body));
  }
  if (auto refusal = RefuseOtherParameters(
          query, {"external_id", "braze_id", "email", "phone", "alias_name", "alias_label"})) {
    return *refusal;
  }
  const Result<Identifier> id = ReadQueryIdentifier(query);
  if (!id.ok()) return Error(400, id.error());
  const std::optional<Value> user = workspace_.users.Export(id.value());
  return user ? Json(200, *user) : Error(404, "no such user");
}

Response ControlEndpoints::Requests(const Query& query) {
  if (auto refusal = RefuseOtherParameters(query, {"limit"})) return *refusal;
  const auto limit =
      ReadLimit(query, limits::recorded_limit_default, limits::recorded_requests_max);
  if (!limit.ok()) return Error(400, limit.error());
  Value::List requests;
  for (const RecordedRequest& request : workspace_.recorder.Latest(limit.value())) {
    requests.push_back(RequestJson(request));
  }
  return Json(200, Value::Object{{"requests", std::move(requests)}});
}

Response ControlEndpoints::Reset(const Value& body) {
  if (auto refusal = RefuseOtherMembers(body, {})) return *refusal;
  workspace_.Reset();
  return Json(200, Value::Object{{"message", "reset"}});
}

Response ControlEndpoints::SetFaults(const Value& body) {
  if (auto refusal = RefuseOtherMembers(body, {"faults"})) return *refusal;
  const Value* list = body.Find("faults");
  if (!list || !list->list()) {
    return Error(400, "'faults' must be a list of texts such as \"status=503,count=2\"");
  }
  std::vector<std::string> texts;
  for (const Value& item : *list->list()) {
    if (!item.string()) return Error(400, "'faults' must be a list of texts");
    texts.push_back(*item.string());
  }
  Result<std::vector<FaultSpec>> faults = ParseFaults(texts);
  if (!faults.ok()) return Error(400, faults.error());
  workspace_.faults.Set(std::move(faults.value()));
  Value::List now;
  for (std::string& text : workspace_.faults.Texts()) now.emplace_back(std::move(text));
  return Json(200, Value::Object{{"faults", std::move(now)}});
}

Response ControlEndpoints::SetWorkspace(const Value& body) {
  if (auto refusal = RefuseOtherMembers(body, {"keys", "latency_ms", "processing_delay_ms"})) {
    return *refusal;
  }
  // Read everything before anything is set, so that a wrong body changes nothing.
  std::optional<std::vector<ApiKey>> keys;
  std::optional<std::chrono::milliseconds> latency;
  std::optional<std::chrono::milliseconds> delay;
  for (const Value::Member& member : *body.object()) {
    if (member.name == "keys") {
      Result<std::vector<ApiKey>> read = ReadKeys(member.value);
      if (!read.ok()) return Error(400, read.error());
      keys = std::move(read.value());
    } else {
      const auto millis = ReadMillis(member);
      if (!millis.ok()) return Error(400, millis.error());
      (member.name == "latency_ms" ? latency : delay) = millis.value();
    }
  }
  if (keys) workspace_.keys.Set(std::move(*keys));
  if (latency) workspace_.latency = *latency;
  if (delay) workspace_.users.SetProcessingDelay(*delay);
  Value::List current;
  for (const ApiKey& key : workspace_.keys.keys()) {
    Value::List permissions;
    for (const std::string& permission : key.permissions) permissions.emplace_back(permission);
    current.push_back(Value::Object{{"key", key.key}, {"permissions", std::move(permissions)}});
  }
  return Json(200,
              Value::Object{{"keys", std::move(current)},
                            {"latency_ms", workspace_.latency.load().count()},
                            {"processing_delay_ms", workspace_.users.processing_delay().count()}});
}

}  // namespace mockbraze

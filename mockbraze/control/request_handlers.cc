// Looking at the requests that came.

#include <utility>

#include "mockbraze/base/date.h"
#include "mockbraze/base/json_parser.h"
#include "mockbraze/base/limits.h"
#include "mockbraze/base/text.h"
#include "mockbraze/control/handlers.h"
#include "mockbraze/users/named_users.h"

namespace mockbraze {
namespace {

Value HeadersJson(const Headers& headers) {
  Value::Object out;
  for (const auto& [name, value] : headers) {
    const std::string lower = ToLower(ToValidUtf8(name));
    Value* there = FindMember(out, lower);
    if (there) {
      *there = *there->string() + ", " + ToValidUtf8(value);
    } else {
      out.push_back({lower, ToValidUtf8(value)});
    }
  }
  return out;
}

// JSON as such, anything else as text.
Value BodyJson(const std::string& body) {
  Result<Value> parsed = ParseJson(body);
  return parsed.ok() ? std::move(parsed.value()) : Value(ToValidUtf8(body));
}

Value RequestJson(const RecordedRequest& recorded) {
  const bool answered = recorded.status > 0;
  return Value::Object{{"number", recorded.number},
                       {"received_at", IsoTime(recorded.received)},
                       {"method", ToValidUtf8(recorded.request.method)},
                       {"path", ToValidUtf8(recorded.request.path)},
                       {"query", ToValidUtf8(recorded.request.query)},
                       {"headers", HeadersJson(recorded.request.headers)},
                       {"body", BodyJson(recorded.request.body)},
                       {"status", answered ? Value(recorded.status) : Value()},
                       {"unanswered", recorded.unanswered},
                       {"answer", answered ? BodyJson(recorded.answer) : Value()},
                       {"fault", recorded.fault.empty() ? Value() : Value(recorded.fault)}};
}

bool Names(const RecordedRequest& recorded, const std::string& id) {
  const std::string& text = recorded.request.body;
  // Without escapes an id stands in the text as it is; most bodies need not be parsed to know.
  if (text.find(id) == std::string::npos && text.find('\\') == std::string::npos) return false;
  const Result<Value> body = ParseJson(recorded.request.body);
  return body.ok() && NamesUser(body.value(), id);
}

}  // namespace

void GetRequests(ControlCall call, HttpHandler::Done done) {
  if (auto refusal = RefuseOtherParameters(call.query, {"path", "external_id", "since", "limit"})) {
    return done(std::move(*refusal));
  }
  const auto limit =
      ReadLimit(call.query, limits::recorded_limit_default, limits::recorded_requests_max);
  if (!limit.ok()) return done(ControlError(400, limit.error()));
  const std::string* path = Parameter(call.query, "path");
  const std::string* external_id = Parameter(call.query, "external_id");
  const std::string* since = Parameter(call.query, "since");
  const auto after = since ? ParseUnsigned(*since, UINT64_MAX) : 0;
  const auto from = since && !after ? ParseDate(*since) : Clock::Time::min();
  if (!from) {
    return done(ControlError(400, "'since' must be the number of a request, or a time"));
  }
  Value::List requests;
  for (const RecordedRequest& recorded :
       call.workspace->recorder.Latest(limit.value(), [&](const RecordedRequest& one) {
         return one.number > after.value_or(0) && one.received >= *from &&
                (!path || one.request.path == *path) && (!external_id || Names(one, *external_id));
       })) {
    requests.push_back(RequestJson(recorded));
  }
  done(ControlJson(200, Value::Object{{"requests", std::move(requests)}}));
}

}  // namespace mockbraze

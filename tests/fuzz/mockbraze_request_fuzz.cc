// The request path of mockbraze, in process and in virtual time, under whatever bytes libFuzzer
// makes. An input is text, so that the corpus can be read and written by hand:
//
//   POST /users/track?a=b        method and target
//   authorization: Bearer key    headers, up to an empty line
//
//   {"attributes": []}           the body
//   %%                           the next request; after "%%later" it comes before this one's
//   answer GET /_mock/stats
//
// A header "too-large" makes it a request whose body the server did not read. After each request
// the promises of Service and of GET /_mock/stats are checked; a broken one ends the program.

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "mockbraze/app/service.h"
#include "mockbraze/base/clock.h"
#include "mockbraze/base/json_parser.h"

namespace mockbraze {
namespace {

constexpr std::size_t requests_max = 64;   // of one input
constexpr std::size_t steps_max = 10'000;  // of the scheduler, after one request

void Check(bool promise, const char* text, std::string_view detail = {}) {
  if (promise) return;
  std::fprintf(stderr, "broken promise: %s\n%s\n", text, std::string(detail).c_str());
  std::abort();
}

class ManualClock final : public Clock {
 public:
  Time Now() const override { return now_; }
  void Advance(std::chrono::milliseconds by) { now_ += by; }

 private:
  Time now_{std::chrono::seconds(1'788'746'401)};
};

// Runs what is scheduled in the order of its time, and turns the clock to it.
class ManualScheduler final : public Scheduler {
 public:
  explicit ManualScheduler(ManualClock& clock) : clock_(clock) {}

  void After(std::chrono::milliseconds delay, std::function<void()> run) override {
    waiting_.emplace(now_ + std::max(delay, std::chrono::milliseconds(0)), std::move(run));
  }
  void RunAll() {
    for (std::size_t steps = 0; !waiting_.empty(); ++steps) {
      Check(steps < steps_max, "scheduled work comes to an end");
      auto next = waiting_.extract(waiting_.begin());
      clock_.Advance(next.key() - now_);
      now_ = next.key();
      next.mapped()();
    }
  }

 private:
  ManualClock& clock_;
  std::chrono::milliseconds now_{0};
  std::multimap<std::chrono::milliseconds, std::function<void()>> waiting_;
};

// One request of the input.
struct Step {
  Request request;
  bool answered_later = false;
};

std::string_view TakeLine(std::string_view* text) {
  const std::size_t end = text->find('\n');
  const std::string_view line = text->substr(0, end);
  text->remove_prefix(end == std::string_view::npos ? text->size() : end + 1);
  return line;
}

Request ReadRequest(std::string_view text) {
  Request request;
  const std::string_view first = TakeLine(&text);
  const std::size_t blank = first.find(' ');
  request.method = first.substr(0, blank);
  const std::string_view target =
      blank == std::string_view::npos ? std::string_view("/") : first.substr(blank + 1);
  const std::size_t question = target.find('?');
  request.path = target.substr(0, question);
  if (question != std::string_view::npos) request.query = target.substr(question + 1);
  while (!text.empty()) {
    const std::string_view line = TakeLine(&text);
    if (line.empty()) break;
    const std::size_t colon = line.find(": ");
    request.headers.emplace_back(line.substr(0, colon), colon == std::string_view::npos
                                                            ? std::string_view()
                                                            : line.substr(colon + 2));
  }
  request.body = text;
  request.too_large = FindHeader(request.headers, "too-large") != nullptr;
  if (request.too_large) request.body.clear();
  return request;
}

std::vector<Step> ReadSteps(std::string_view text) {
  static constexpr std::string_view mark = "\n%%";
  std::vector<Step> steps;
  while (!text.empty() && steps.size() < requests_max) {
    const std::size_t end = text.find(mark);
    Step step{ReadRequest(text.substr(0, end)), false};
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + mark.size());
    step.answered_later = end != std::string_view::npos && TakeLine(&text) == "later";
    steps.push_back(std::move(step));
  }
  return steps;
}

Value Parsed(const std::string& json) {
  Result<Value> parsed = ParseJson(json);
  Check(parsed.ok(), "a body that says it is JSON is JSON", json);
  return std::move(parsed.value());
}

std::int64_t Count(const Value& stats, std::string_view name) {
  const Value* value = stats.Find(name);
  Check(value && value->integer(), "a counter of /_mock/stats is an integer", name);
  return *value->integer();
}

std::string Escaped(std::string_view text) {
  std::string out;
  for (const char c : text) out += "%" + Hex(static_cast<unsigned char>(c), 2);
  return out;
}

// The mock without its socket, and what is known of the answers that are still to come.
class Mock {
 public:
  void Run(const Step& step) {
    // What a test puts there itself is answered as it is, JSON or not.
    stubbed_ = stubbed_ || step.request.path == "/_mock/stubs";
    auto calls = std::make_shared<int>(0);
    ++pending_;
    const bool control = step.request.path.starts_with("/_mock");
    service_.Handle(step.request, [this, calls, control](const Response& response) {
      Check(++*calls == 1, "a request is answered once");
      --pending_;
      CheckResponse(response, control);
    });
    if (!step.answered_later) {
      scheduler_.RunAll();
      Check(*calls == 1, "a request is answered", step.request.path);
    }
    CheckStats();
  }

  // Answers what is left, and reads all profiles back.
  void Finish() {
    scheduler_.RunAll();
    Check(pending_ == 0, "every request is answered");
    CheckStats();
    const Value page = Parsed(Get("/_mock/users", "limit=10000"));
    const Value* users = page.Find("users");
    Check(users && users->list(), "/_mock/users has a list of users");
    for (const Value& user : *users->list()) {
      const Value* id = user.Find("external_id");
      Check(id && id->string(), "a user of the list has an external_id");
      const Value single = Parsed(Get("/_mock/users", "external_id=" + Escaped(*id->string())));
      Check(single == user, "a user reads the same alone and in the list", *id->string());
    }
  }

 private:
  std::string Get(std::string path, std::string query) {
    std::optional<Response> answer;
    service_.Handle({"GET", std::move(path), std::move(query), {}, {}, false},
                    [&](Response response) { answer = std::move(response); });
    Check(answer.has_value(), "a control call without wait is answered at once");
    Check(answer->status == 200, "a control call is answered with 200", answer->body);
    return answer->body;
  }

  void CheckResponse(const Response& response, bool control) {
    if (response.wire == Wire::kReset || response.wire == Wire::kHang) return;
    Check(response.status >= 200 && response.status <= 599, "the status is one of HTTP's");
    for (const auto& [name, value] : response.headers) {
      constexpr std::string_view breaks("\r\n\0", 3);
      Check(!name.empty() && name.find_first_of(breaks) == std::string::npos &&
                value.find_first_of(breaks) == std::string::npos,
            "a header of an answer stays in its line", name);
    }
    const std::string* type = FindHeader(response.headers, "content-type");
    if (!type || !type->starts_with("application/json") || (stubbed_ && !control)) return;
    // Two faults lie about their body: empty and not-json.
    if (!control && (response.body.empty() || response.body == "success: all is well")) return;
    Parsed(response.body);
  }

  void CheckStats() {
    const std::string text = Get("/_mock/stats", "");
    const Value stats = Parsed(text);
    const std::int64_t in_flight = Count(stats, "in_flight");
    Check(in_flight >= 0 && in_flight <= pending_, "in_flight counts what is to be answered", text);
    Check(Count(stats, "max_in_flight") >= in_flight, "max_in_flight is the most", text);
    std::int64_t ended = Count(stats, "unanswered");
    const Value* by_status = stats.Find("requests_by_status");
    Check(by_status && by_status->object(), "requests_by_status is an object", text);
    for (const Value::Member& entry : *by_status->object()) {
      Check(entry.value.integer() && *entry.value.integer() > 0, "a status was counted", text);
      ended += *entry.value.integer();
    }
    Check(ended + in_flight == Count(stats, "requests"), "every request is counted once", text);
    Check(Count(stats, "attribute_values") >= Count(stats, "unchanged_values"),
          "an unchanged value is an accepted value", text);
  }

  ManualClock clock_;
  ManualScheduler scheduler_{clock_};
  WorkspaceSet workspaces_{Options{}, clock_};
  Service service_{workspaces_, scheduler_};
  std::int64_t pending_ = 0;
  bool stubbed_ = false;
};

}  // namespace
}  // namespace mockbraze

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  mockbraze::Mock mock;
  for (const auto& step :
       mockbraze::ReadSteps(std::string_view(reinterpret_cast<const char*>(data), size))) {
    mock.Run(step);
  }
  mock.Finish();
  return 0;
}

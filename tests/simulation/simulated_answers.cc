// What the simulated Braze answers, and which objects of the request it processes.
#include <string>
#include <utility>

#include "tests/simulation/simulated_braze.h"

namespace peaksync::simulation {
namespace {

constexpr const char* kSuccess = R"({"message":"success"})";

HttpResult Answered(int status, std::string body = "") {
  HttpResult result;
  result.answered = true;
  result.response.status = status;
  result.response.body = std::move(body);
  return result;
}

HttpResult Failed(std::string reason, bool may_have_arrived) {
  HttpResult result;
  result.failure = {std::move(reason), may_have_arrived};
  return result;
}

std::string ErrorsOf(const std::set<std::size_t>& indexes) {
  std::string errors;
  for (const std::size_t index : indexes) {
    absl::StrAppend(&errors, errors.empty() ? "" : ",",
                    R"({"type":"refused","input_array":"attributes","index":)", index, "}");
  }
  return errors;
}

}  // namespace

HttpResult SimulatedBraze::Judge(Request& request, std::size_t bytes) {
  MarkAll(request, Verdict::kKept);
  Coverage& coverage = world_.coverage;
  if (!healed_ && !scenario_.faults.empty() && world_.random.Chance(scenario_.fault_percent)) {
    return Meet(world_.random.Pick(scenario_.faults), request);
  }
  if (refuses_all_ == 1) {
    coverage.Count(Seen::kBare400);
    return Answered(400, R"({"message":"not now"})");
  }
  if (refuses_all_ == 2) return Meet(BrazeFault::kHtml, request);
  const std::size_t bytes_max = scenario_.body_bytes_max;
  if (!healed_ && bytes_max > 0 && bytes > bytes_max && request.objects.size() > 1) {
    coverage.Count(Seen::kTooLarge413);
    return Answered(413);
  }
  bool judged = false;
  HttpResult result = JudgePoison(request, &judged);
  if (judged) return result;
  for (std::size_t i = 0; i < request.objects.size(); ++i) request.applies.insert(i);
  MarkAll(request, Verdict::kAccepted);
  coverage.Count(Seen::kAccepted201);
  return Answered(201, kSuccess);
}

HttpResult SimulatedBraze::JudgePoison(Request& request, bool* judged) {
  std::map<Poison, std::set<std::size_t>> bad;
  for (std::size_t i = 0; i < request.objects.size(); ++i) {
    bad[poison_[request.objects[i].customer]].insert(i);
  }
  Coverage& coverage = world_.coverage;
  *judged = true;
  if (bad.contains(Poison::kTooLarge)) {
    MarkAll(request, request.objects.size() == 1 ? Verdict::kRefused : Verdict::kKept);
    const bool by_text = world_.random.Chance(50);
    coverage.Count(by_text ? Seen::kTooLong400 : Seen::kTooLarge413);
    return by_text ? Answered(400, R"({"message":"Max Input Length Exceeded"})") : Answered(413);
  }
  if (bad.contains(Poison::kBare400)) {
    MarkAll(request, request.objects.size() == 1 ? Verdict::kRefused : Verdict::kKept);
    coverage.Count(Seen::kBare400);
    return Answered(400, R"({"message":"that is no good"})");
  }
  if (const auto named = bad.find(Poison::kNamed400); named != bad.end()) {
    for (const std::size_t index : named->second) {
      traces_[request.objects[index].customer].verdict = Verdict::kRefused;
    }
    coverage.Count(Seen::kNamedIn400);
    return Answered(400,
                    absl::StrCat(R"({"message":"no","errors":[)", ErrorsOf(named->second), "]}"));
  }
  const std::set<std::size_t> unnamed = bad[Poison::kUnnamed];
  const std::set<std::size_t> named = bad[Poison::kNamed201];
  *judged = !unnamed.empty() || !named.empty();
  if (!*judged) return {};
  MarkAll(request, Verdict::kKept);
  for (std::size_t i = 0; i < request.objects.size(); ++i) {
    Trace& trace = traces_[request.objects[i].customer];
    if (named.contains(i)) trace.verdict = Verdict::kRefused;
    if (!unnamed.contains(i) && !named.contains(i)) {
      request.applies.insert(i);
      if (unnamed.empty()) trace.verdict = Verdict::kAccepted;
    }
    trace.accepted |= trace.verdict == Verdict::kAccepted;
  }
  std::string errors = ErrorsOf(named);
  if (unnamed.empty()) {
    coverage.Count(Seen::kNamedIn201);
  } else {
    if (request.objects.size() == 1) MarkAll(request, Verdict::kRefused);
    absl::StrAppend(&errors, errors.empty() ? "" : ",", R"({"type":"something is wrong"})");
    coverage.Count(Seen::kUnclearUnnamed);
  }
  return Answered(201, absl::StrCat(R"({"message":"success","errors":[)", errors, "]}"));
}

HttpResult SimulatedBraze::Limited(Seen seen, const char* header, std::int64_t value) {
  world_.coverage.Count(seen);
  HttpResult result = Answered(429);
  result.response.headers = {{"x-ratelimit-limit", "3000"}, {"x-ratelimit-remaining", "0"}};
  result.response.headers.emplace_back(header, std::to_string(value));
  return result;
}

HttpResult SimulatedBraze::Meet(BrazeFault fault, Request& request) {
  Coverage& coverage = world_.coverage;
  const auto denied = [&](Seen seen, int status) {
    coverage.Count(seen);
    return Answered(status, R"({"message":"Invalid API key: key-1"})");
  };
  const auto broken = [&](Seen seen, int status) {
    coverage.Count(seen);
    ApplySome(request);
    return Answered(status);
  };
  // An object that is alone three times with such an answer would be rejected; by chance alone none
  // may be (rule 7), so Braze is clear in time.
  const auto unclear = [&](Seen seen, int status, std::string body) {
    const bool alone = request.objects.size() == 1;
    if (alone && refuses_all_ == 0 && ++unclear_alone_[request.objects.front().customer] > 2) {
      unclear_alone_[request.objects.front().customer] = 0;
      return Meet(BrazeFault::kUnavailable503, request);
    }
    coverage.Count(seen);
    ApplySome(request);
    return Answered(status, std::move(body));
  };
  const auto accepted = [&](Seen seen, int status, std::string body) {
    bool judged = false;
    HttpResult poisoned = JudgePoison(request, &judged);
    if (judged) return poisoned;
    coverage.Count(seen);
    for (std::size_t i = 0; i < request.objects.size(); ++i) request.applies.insert(i);
    MarkAll(request, Verdict::kAccepted);
    return Answered(status, std::move(body));
  };
  switch (fault) {
    case BrazeFault::kUnnamedError:
      return unclear(Seen::kUnclearUnnamed, 201, R"({"message":"success","errors":["oops"]})");
    case BrazeFault::kHtml:
      return unclear(Seen::kUnclearHtml, 200, "<html>Welcome to the proxy</html>");
    case BrazeFault::kEmpty:
      return unclear(Seen::kUnclearEmpty, 200, "");
    case BrazeFault::kTruncated:
      return unclear(Seen::kUnclearTruncated, 201, R"({"message":"succ)");
    case BrazeFault::kQueued:
      return accepted(Seen::kQueued202, 202, R"({"message":"queued"})");
    case BrazeFault::kPlain200:
      return accepted(Seen::kAccepted200, 200, kSuccess);
    case BrazeFault::kDenied401:
      return denied(Seen::kDenied401, 401);
    case BrazeFault::kDenied403:
      return denied(Seen::kDenied403, 403);
    case BrazeFault::kDenied404:
      return denied(Seen::kDenied404, 404);
    case BrazeFault::kRedirect:
      return denied(Seen::kRedirect301, 301);
    case BrazeFault::kOther4xx:
      return denied(Seen::kOther4xx, 418);
    case BrazeFault::kLimitedReset:
      return Limited(Seen::kLimited429Reset, "x-ratelimit-reset",
                     absl::ToUnixSeconds(world_.Steady()) + world_.random.Between(0, 30));
    case BrazeFault::kLimitedRemaining:
      return Limited(Seen::kLimited429Remaining, "x-ratelimit-reset", world_.random.Between(0, 30));
    case BrazeFault::kLimitedRetryAfter:
      return Limited(Seen::kLimited429RetryAfter,
                     world_.random.Chance(50) ? "x-ratelimit-retry-after" : "retry-after",
                     world_.random.Between(0, 30));
    case BrazeFault::kLimitedBare:
      coverage.Count(Seen::kLimited429Bare);
      return Answered(429);
    case BrazeFault::kTimeout408:
      return broken(Seen::kTimeout408, 408);
    case BrazeFault::kFailed500:
      return broken(Seen::kFailed500, 500);
    case BrazeFault::kUnavailable503:
      return broken(Seen::kUnavailable503, 503);
    case BrazeFault::kGateway504:
      loses_ = true;
      return [&] {
        HttpResult result = broken(Seen::kGateway504, 504);
        result.failure.reason = "reset";  // The answer comes soon, the request goes on.
        return result;
      }();
    case BrazeFault::kResetBefore:
      coverage.Count(Seen::kResetBefore);
      loses_ = true;
      return Failed("connection reset", true);
    case BrazeFault::kResetAfter:
      coverage.Count(Seen::kResetAfter);
      loses_ = true;
      ApplySome(request);
      return Failed("connection reset", true);
    case BrazeFault::kTimedOut:
      coverage.Count(Seen::kTimedOut);
      loses_ = true;
      if (world_.random.Chance(70)) ApplySome(request);
      return Failed("timed out", true);
    case BrazeFault::kNotConnected:
      coverage.Count(Seen::kNotConnected);
      return Failed("connection refused", false);
    case BrazeFault::kEnd:
      break;
  }
  return Failed("no such fault", false);
}

}  // namespace peaksync::simulation

#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "mockbraze/app/service.h"
#include "mockbraze/base/clock.h"
#include "mockbraze/base/json_parser.h"
#include "mockbraze/users/drop_reason.h"

namespace mockbraze {

// Moved by the test.
class ManualClock final : public Clock {
 public:
  Time Now() const override { return now_; }
  void Advance(std::chrono::milliseconds by) { now_ += by; }

 private:
  Time now_{std::chrono::seconds(1'788'746'401)};  // one second into a rate window
};

// Runs what is scheduled when the test says so.
class ManualScheduler final : public Scheduler {
 public:
  void After(std::chrono::milliseconds delay, std::function<void()> run) override {
    waiting_.push_back({delay, std::move(run)});
  }
  void RunAll() {
    auto waiting = std::exchange(waiting_, {});
    for (auto& [delay, run] : waiting) run();
  }
  std::vector<std::chrono::milliseconds> delays() const {
    std::vector<std::chrono::milliseconds> delays;
    for (const auto& entry : waiting_) delays.push_back(entry.first);
    return delays;
  }

 private:
  std::vector<std::pair<std::chrono::milliseconds, std::function<void()>>> waiting_;
};

// The mock without its socket, in virtual time.
class ServiceFixture : public testing::Test {
 protected:
  ServiceFixture() { Restart({}); }

  void Restart(Options options) {
    service_.reset();
    workspaces_ = std::make_unique<WorkspaceSet>(std::move(options), clock_);
    service_ = std::make_unique<Service>(*workspaces_, scheduler_);
  }

  // The answer, once it is there.
  std::shared_ptr<std::optional<Response>> Begin(std::string method, std::string target,
                                                 std::string body = "", Headers headers = {}) {
    auto answer = std::make_shared<std::optional<Response>>();
    const std::size_t question = target.find('?');
    Request request{std::move(method),
                    target.substr(0, question),
                    {},
                    std::move(headers),
                    std::move(body),
                    false};
    if (question != std::string::npos) request.query = target.substr(question + 1);
    service_->Handle(std::move(request),
                     [answer](Response response) { *answer = std::move(response); });
    return answer;
  }
  Response Send(std::string method, std::string target, std::string body = "",
                Headers headers = {}) {
    auto answer = Begin(std::move(method), std::move(target), std::move(body), std::move(headers));
    scheduler_.RunAll();
    EXPECT_TRUE(answer->has_value());
    return answer->value_or(Response{});
  }
  Response Track(std::string body, std::string key = "key") {
    return Send("POST", "/users/track", std::move(body), {{"Authorization", "Bearer " + key}});
  }
  Response Post(std::string path, std::string body, std::string key = "key") {
    return Send("POST", std::move(path), std::move(body), {{"Authorization", "Bearer " + key}});
  }
  // An attributes object for user "u".
  Response Set(const std::string& members) {
    return Track(R"({"attributes":[{"external_id":"u",)" + members + "}]}");
  }
  Response Get(std::string target) { return Send("GET", std::move(target)); }
  Response Control(std::string path, std::string body) {
    return Send("POST", std::move(path), std::move(body));
  }

  Value Stats() { return Parsed(Get("/_mock/stats").body); }
  std::int64_t Stat(const std::string& name) {
    const Value stats = Stats();
    const Value* value = stats.Find(name);
    EXPECT_TRUE(value && value->integer()) << name;
    return value && value->integer() ? *value->integer() : -1;
  }
  // Silent drops of one reason.
  std::int64_t Drops(const std::string& reason) {
    EXPECT_TRUE(std::ranges::count(drop_reason_names, reason)) << reason;
    const Value stats = Stats();
    const Value* drops = stats.Find("silent_drops_by_reason");
    const Value* value = drops ? drops->Find(reason) : nullptr;
    return value && value->integer() ? *value->integer() : 0;
  }
  // The custom attributes of a user as JSON text; empty when there is no such user.
  std::string Attributes(const std::string& external_id = "u") {
    const Response response = Get("/_mock/users?external_id=" + external_id);
    if (response.status == 404) return {};
    return ToJson(*Parsed(response.body).Find("custom_attributes"));
  }
  std::string Types() {
    return ToJson(*Parsed(Get("/_mock/users?external_id=u").body).Find("custom_attribute_types"));
  }
  static Value Parsed(const std::string& json) {
    const auto parsed = ParseJson(json);
    EXPECT_TRUE(parsed.ok()) << json;
    return parsed.ok() ? parsed.value() : Value();
  }
  static std::string Header(const Response& response, std::string_view name) {
    const std::string* value = FindHeader(response.headers, name);
    return value ? *value : "(none)";
  }

  ManualClock clock_;
  ManualScheduler scheduler_;
  std::unique_ptr<WorkspaceSet> workspaces_;
  std::unique_ptr<Service> service_;
};

// {"attributes":[{"external_id":"0",...},...]} with n objects.
inline std::string ManyObjects(int n) {
  std::string body = R"({"attributes":[)";
  for (int i = 0; i < n; ++i) {
    body += (i > 0 ? "," : "") + (R"({"external_id":")" + std::to_string(i)) + R"(","a":1})";
  }
  return body + "]}";
}

}  // namespace mockbraze

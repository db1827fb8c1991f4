#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "mockbraze/http/http_server.h"
#include "tests/unit/mockbraze/http_client.h"

namespace mockbraze {

// Answers each request with its body, or with what the test says.
class EchoHandler final : public HttpHandler {
 public:
  void Handle(Request request, Done done) override {
    ++handled;
    Response response;
    response.status = request.too_large ? 413 : 200;
    response.body = answer.empty() ? std::move(request.body) : answer;
    done(std::move(response));
  }
  ConnectionFault OnConnect() override { return fault; }
  std::size_t BodyLimit(const Request& head) const override {
    return head.path == "/small" ? 10 : HttpHandler::BodyLimit(head);
  }

  std::atomic<int> handled{0};
  std::string answer;
  ConnectionFault fault = ConnectionFault::kNone;
};

// The server alone, with bounds that a test can reach.
class HttpFixture : public testing::Test {
 protected:
  void Start(HttpServerOptions options = {}) {
    auto server = HttpServer::Listen("127.0.0.1", 0, std::move(options));
    ASSERT_TRUE(server.ok()) << server.error();
    server_ = std::move(server.value());
    server_->Serve(handler_, 2);
  }
  std::uint16_t port() const { return server_->port(); }
  // Whether that becomes true within ten seconds.
  static bool Eventually(const std::function<bool()>& condition) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (!condition()) {
      if (std::chrono::steady_clock::now() > end) return false;
      std::this_thread::yield();
    }
    return true;
  }
  void ExpectToServe() const {
    EXPECT_EQ(HttpClient(port()).Send("POST", "/", "still here").body, "still here");
  }
  // The answer to bytes that end there, on a connection of their own.
  HttpClient::Answer AnswerTo(const std::string& bytes) const {
    HttpClient client(port());
    client.Write(bytes);
    return client.Read();
  }

  EchoHandler handler_;
  std::unique_ptr<HttpServer> server_;
};

}  // namespace mockbraze

#include "mockbraze/http/http_server.h"

#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include "mockbraze/app/mock_server.h"
#include "mockbraze/base/json_parser.h"
#include "mockbraze/base/limits.h"
#include "tests/unit/mockbraze/http_client.h"

namespace mockbraze {
namespace {

constexpr char one_object[] = R"({"attributes":[{"external_id":"1","a":1}]})";
constexpr char success[] = R"({"attributes_processed":1,"message":"success"})";

class MockHttpServer : public testing::Test {
 protected:
  void Start(Options options = {}) {
    options.port = 0;
    auto mock = MockServer::Start(std::move(options));
    ASSERT_TRUE(mock.ok()) << mock.error();
    mock_ = std::move(mock.value());
  }
  void StartWith(const std::string& faults) {
    Options options;
    options.faults = ParseFaults({faults}).value();
    Start(std::move(options));
  }
  std::uint16_t port() const { return mock_->port(); }
  HttpClient::Answer Once(const std::string& method, const std::string& target,
                          const std::string& body = "") const {
    return HttpClient(port()).Send(method, target, body);
  }
  std::int64_t Stat(const std::string& name) const {
    const auto stats = ParseJson(Once("GET", "/_mock/stats").body);
    return stats.ok() ? *stats.value().Find(name)->integer() : -1;
  }

  std::unique_ptr<MockServer> mock_;
};

TEST_F(MockHttpServer, NamesItsFreePort) {
  Start();
  EXPECT_NE(port(), 0);
  EXPECT_EQ(mock_->url(), "http://127.0.0.1:" + std::to_string(port()));
}

TEST_F(MockHttpServer, SaysWhyItCannotListen) {
  Start();
  Options options;
  options.port = port();
  const auto second = MockServer::Start(options);
  ASSERT_FALSE(second.ok());
  EXPECT_NE(second.error().find("cannot listen on 127.0.0.1:"), std::string::npos);
  options.host = "not an address";
  EXPECT_FALSE(MockServer::Start(options).ok());
}

TEST_F(MockHttpServer, KeepsTheConnection) {
  // Section 11: HTTP/1.1 keep-alive.
  Start();
  HttpClient client(port());
  for (int i = 0; i < 3; ++i) {
    const auto answer = client.Send("POST", "/users/track", one_object);
    EXPECT_EQ(answer.status, 201);
    EXPECT_EQ(answer.body, success);
  }
  client.Write(HttpClient::Head("GET", "/_mock/health", 0) +
               HttpClient::Head("GET", "/_mock/nope", 0));  // pipelined
  EXPECT_EQ(client.Read().status, 200);
  EXPECT_EQ(client.Read().status, 404);
}

TEST_F(MockHttpServer, ClosesWhenTheClientAsksForIt) {
  Start();
  HttpClient client(port());
  client.Write("GET /_mock/health HTTP/1.1\r\nHost: m\r\nConnection: close\r\n\r\n");
  EXPECT_NE(client.Read().head.find("connection: close"), std::string::npos);
  const auto end = client.Read();
  EXPECT_EQ(end.status, 0);
  EXPECT_EQ(end.error, 0);
}

TEST_F(MockHttpServer, HeaderNamesAreInLowerCase) {
  // Section 1.2: "All response header names arrive in lower case".
  Start();
  const std::string head = Once("POST", "/users/track", one_object).head;
  const std::size_t fields = head.find("\r\n") + 2;
  for (std::size_t at = fields; at < head.size(); at = head.find("\r\n", at) + 2) {
    for (std::size_t i = at; head[i] != ':'; ++i) EXPECT_FALSE(std::isupper(head[i])) << head;
  }
}

TEST_F(MockHttpServer, ReadsChunkedBodiesAndAnswers100Continue) {
  Start();
  HttpClient client(port());
  client.Write(
      "POST /users/track HTTP/1.1\r\nHost: m\r\nAuthorization: Bearer k\r\n"
      "Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n");
  EXPECT_EQ(client.Read().status, 100);
  const std::string body = one_object;
  client.Write("a\r\n" + body.substr(0, 10) + "\r\n20\r\n" + body.substr(10, 32) + "\r\n0\r\n\r\n");
  EXPECT_EQ(client.Read().body, success);
}

TEST_F(MockHttpServer, BodyBeyondTheLimitIs413WithoutReadingIt) {
  // Section 1.7: "body up to 4 MB; beyond: 413".
  Start();
  HttpClient announced(port());
  announced.Write(HttpClient::Head("POST", "/users/track", std::size_t{1} << 40));
  const auto refused = announced.Read();
  EXPECT_EQ(refused.status, 413);
  EXPECT_NE(refused.head.find("connection: close"), std::string::npos);

  HttpClient chunked(port());
  chunked.Write("POST /users/track HTTP/1.1\r\nHost: m\r\nTransfer-Encoding: chunked\r\n\r\n");
  const std::string megabyte(1 << 20, ' ');
  for (int i = 0; i < 5; ++i) chunked.Write("100000\r\n" + megabyte + "\r\n");
  EXPECT_EQ(chunked.Read().status, 413);
  EXPECT_EQ(Stat("requests"), 2);
}

TEST_F(MockHttpServer, BodyOfExactlyTheLimitIsRead) {
  Start();
  std::string body = one_object;
  body.resize(limits::track_body_bytes_max, ' ');
  EXPECT_EQ(Once("POST", "/users/track", body).status, 201);
  body.push_back(' ');
  EXPECT_EQ(Once("POST", "/users/track", body).status, 413);
}

TEST_F(MockHttpServer, WhatIsNoHttpIsRefused) {
  Start();
  HttpClient garbage(port());
  garbage.Write("\x16\x03\x01 this is TLS\r\n\r\n");
  EXPECT_EQ(garbage.Read().status, 400);
  HttpClient long_head(port());
  long_head.Write("GET / HTTP/1.1\r\nX: " + std::string(limits::header_bytes_max, 'x') + "\r\n");
  EXPECT_EQ(long_head.Read().status, 431);
  EXPECT_EQ(Stat("requests"), 0);
}

TEST_F(MockHttpServer, SurvivesHalfRequests) {
  Start();
  for (const std::string& half :
       {std::string(), std::string("POST /users/tr"), std::string("POST / HTTP/1.1\r\nHost:"),
        HttpClient::Head("POST", "/users/track", 1000) + "{\"attributes\""}) {
    HttpClient client(port());
    client.Write(half);
    client.EndWriting();
    EXPECT_EQ(client.Read().status, 0) << half;
  }
  EXPECT_EQ(Once("POST", "/users/track", one_object).status, 201);
  EXPECT_EQ(Stat("requests"), 1);
}

TEST_F(MockHttpServer, BadBodiesAreAnsweredOnTheWire) {
  Start();
  HttpClient client(port());
  EXPECT_EQ(client.Send("POST", "/users/track", "{x").status, 400);
  EXPECT_EQ(client.Send("POST", "/users/track", "\"\xFF\xFE\"").status, 400);
  EXPECT_EQ(client.Send("POST", "/users/track", std::string(100'000, '[')).status, 400);
  EXPECT_EQ(client.Send("POST", "/users/track", one_object).status, 201);
}

TEST_F(MockHttpServer, LatencyHoldsNoThread) {
  Options options;
  options.settings.latency = std::chrono::milliseconds(300);
  options.threads = 1;
  Start(options);
  std::vector<std::unique_ptr<HttpClient>> clients;
  const auto begun = std::chrono::steady_clock::now();
  for (int i = 0; i < 200; ++i) {
    clients.push_back(std::make_unique<HttpClient>(port()));
    const std::string body =
        R"({"attributes":[{"external_id":")" + std::to_string(i) + R"(","a":1}]})";
    clients.back()->Write(HttpClient::Head("POST", "/users/track", body.size()) + body);
  }
  EXPECT_EQ(Once("GET", "/_mock/health").status, 200);
  for (const auto& client : clients) EXPECT_EQ(client->Read().status, 201);
  // One after the other they would take a minute.
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(20));
  EXPECT_GE(std::chrono::steady_clock::now() - begun, std::chrono::milliseconds(300));
  EXPECT_EQ(Stat("max_in_flight_per_customer"), 1);
  EXPECT_GT(Stat("max_in_flight"), 1);
}

TEST_F(MockHttpServer, SameCustomerTwiceAtATimeIsSeen) {
  Options options;
  options.settings.latency = std::chrono::milliseconds(300);
  Start(options);
  HttpClient first(port());
  HttpClient second(port());
  for (HttpClient* client : {&first, &second}) {
    client->Write(HttpClient::Head("POST", "/users/track", sizeof(one_object) - 1) + one_object);
  }
  EXPECT_EQ(first.Read().status, 201);
  EXPECT_EQ(second.Read().status, 201);
  EXPECT_EQ(Stat("max_in_flight_per_customer"), 2);
}

TEST_F(MockHttpServer, ResetEndsTheConnectionWithoutAnAnswer) {
  StartWith("reset,count=1;reset-after,count=1");
  for (int i = 0; i < 2; ++i) {
    const auto answer = Once("POST", "/users/track", one_object);
    EXPECT_EQ(answer.status, 0);
    EXPECT_EQ(answer.error, ECONNRESET);
    EXPECT_EQ(Stat("profiles"), i);
  }
}

TEST_F(MockHttpServer, TruncateCutsTheBody) {
  StartWith("truncate");
  const auto answer = Once("POST", "/users/track", one_object);
  EXPECT_EQ(answer.status, 201);
  EXPECT_FALSE(answer.complete);
  EXPECT_EQ(answer.body, std::string(success).substr(0, (sizeof(success) - 1) / 2));
}

TEST_F(MockHttpServer, SlowTakesItsTimeAndIsComplete) {
  StartWith("slow=200ms");
  const auto begun = std::chrono::steady_clock::now();
  HttpClient client(port());
  const auto answer = client.Send("POST", "/users/track", one_object);
  EXPECT_EQ(answer.body, success);
  EXPECT_GE(std::chrono::steady_clock::now() - begun, std::chrono::milliseconds(200));
  EXPECT_EQ(client.Send("GET", "/_mock/health").status, 200);
}

TEST_F(MockHttpServer, EmptyAndNotJsonArriveAsTheyAre) {
  StartWith("empty,count=1;not-json,count=1;status=204");
  EXPECT_NE(Once("POST", "/users/track", one_object).head.find("content-length: 0"),
            std::string::npos);
  EXPECT_EQ(Once("POST", "/users/track", one_object).body, "success: all is well");
  const auto bodiless = Once("POST", "/users/track", one_object);
  EXPECT_EQ(bodiless.status, 204);
  EXPECT_EQ(bodiless.head.find("content-length"), std::string::npos);
}

TEST_F(MockHttpServer, HangEndsWithTheServer) {
  StartWith("hang");
  HttpClient client(port());
  client.Write(HttpClient::Head("POST", "/users/track", sizeof(one_object) - 1) + one_object);
  auto answer = std::async(std::launch::async, [&] { return client.Read(); });
  while (Stat("unanswered") == 0) {
  }
  mock_.reset();
  EXPECT_EQ(answer.get().status, 0);
}

TEST_F(MockHttpServer, StopsWithRequestsUnderWay) {
  Options options;
  options.settings.latency = std::chrono::hours(1);
  Start(options);
  HttpClient client(port());
  client.Write(HttpClient::Head("POST", "/users/track", sizeof(one_object) - 1) + one_object);
  while (Stat("in_flight") == 0) {
  }
  mock_->Stop();
  mock_.reset();
  EXPECT_EQ(client.Read().status, 0);
}

TEST_F(MockHttpServer, TakesTheFormOfTargetThatProxiesAreSent) {
  // RFC 9112 section 3.2.2.
  Start();
  HttpClient client(port());
  EXPECT_EQ(client.Send("GET", "http://rest.iad-01.braze.com/_mock/health", "").status, 200);
}

}  // namespace
}  // namespace mockbraze

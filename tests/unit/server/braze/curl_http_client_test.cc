#include "server/braze/curl_http_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "server/base/limits.h"
#include "tests/unit/server/braze/loopback_server.h"

namespace peaksync {
namespace {

using ::peaksync::testing::LoopbackConnection;
using ::peaksync::testing::LoopbackServer;
using ::peaksync::testing::UnusedPort;
using ::testing::Contains;
using ::testing::FieldsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::Pair;

constexpr absl::Duration kLong = absl::Seconds(30);  // Ends a test that hangs.

HttpRequest Request(std::string url, std::string body = "{}") {
  HttpRequest request;
  request.url = std::move(url);
  request.headers = {"Authorization: Bearer 0f3a-secret", "Content-Type: application/json"};
  request.body = std::move(body);
  request.timeout = kLong;
  return request;
}

void PollUntilIdle(CurlHttpClient& client) {
  const absl::Time deadline = absl::Now() + kLong;
  while (client.in_flight() > 0 && absl::Now() < deadline) client.Poll(kLong);
  ASSERT_EQ(client.in_flight(), 0u);
}

HttpResult Exchange(CurlHttpClient& client, HttpRequest request) {
  HttpResult result;
  int calls = 0;
  client.Send(std::move(request), [&](HttpResult answer) {
    result = std::move(answer);
    ++calls;
  });
  EXPECT_EQ(calls, 0) << "done was called from inside Send";
  PollUntilIdle(client);
  EXPECT_EQ(calls, 1);
  return result;
}

HttpResult Exchange(HttpRequest request) {
  CurlHttpClient client{CurlOptions{}};
  return Exchange(client, std::move(request));
}

void EchoAll(LoopbackConnection& connection) {
  while (const auto request = connection.ReadRequest()) {
    connection.Answer("201 Created", request->body);
  }
}

TEST(CurlHttpClient, SendsAPostAndReadsTheAnswer) {
  std::string head;
  LoopbackServer server([&](LoopbackConnection& connection) {
    head = connection.ReadRequest()->head;
    connection.Answer("201 Created", "answer", "X-RateLimit-Limit:  7 \r\nX-Empty:\r\n");
    connection.ReadToEnd();
  });
  const HttpResult result = Exchange(Request(server.Url(), R"({"attributes":[]})"));
  ASSERT_TRUE(result.answered) << result.failure.reason;
  EXPECT_EQ(result.response.status, 201);
  EXPECT_EQ(result.response.body, "answer");
  EXPECT_THAT(result.response.headers, Contains(Pair("x-ratelimit-limit", "7")));
  EXPECT_THAT(result.response.headers, Contains(Pair("x-empty", "")));
  EXPECT_THAT(head, HasSubstr("POST /users/track HTTP/1.1\r\n"));
  EXPECT_THAT(head, HasSubstr("Authorization: Bearer 0f3a-secret\r\n"));
  EXPECT_THAT(head, HasSubstr("Content-Type: application/json\r\n"));
  EXPECT_THAT(head, HasSubstr("Content-Length: 17\r\n"));
  EXPECT_THAT(head, HasSubstr("User-Agent: peaksyncd\r\n"));
  EXPECT_THAT(head, Not(HasSubstr("Expect")));
  EXPECT_THAT(head, Not(HasSubstr("Accept-Encoding")));
}

TEST(CurlHttpClient, SendsLargeBodiesWhole) {
  LoopbackServer server(EchoAll);
  std::string body(900'000, 'x');
  body += '\0';
  body.append(100'000, 'y');
  EXPECT_EQ(Exchange(Request(server.Url(), body)).response.body, body);
  EXPECT_EQ(Exchange(Request(server.Url(), "")).response.status, 201);
}

TEST(CurlHttpClient, UsesOneConnectionAgain) {
  LoopbackServer server(EchoAll);
  CurlHttpClient client{CurlOptions{}};
  for (const std::string body : {"one", "two", "three"}) {
    EXPECT_EQ(Exchange(client, Request(server.Url(), body)).response.body, body);
  }
  EXPECT_EQ(server.connections(), 1);
}

// All answers wait until every request has arrived, so they must be in flight together.
TEST(CurlHttpClient, SendsAHundredAtOnce) {
  constexpr int kRequests = 100;
  std::mutex mutex;
  std::condition_variable all_there;
  int arrived = 0;
  LoopbackServer server([&](LoopbackConnection& connection) {
    const auto request = connection.ReadRequest();
    {
      std::unique_lock lock(mutex);
      if (++arrived == kRequests) all_there.notify_all();
      all_there.wait_for(lock, absl::ToChronoSeconds(kLong), [&] { return arrived == kRequests; });
    }
    connection.Answer("201 Created", request->body);
    connection.ReadToEnd();
  });
  CurlHttpClient client{CurlOptions{}};
  std::vector<std::string> answers(kRequests);
  for (int i = 0; i < kRequests; ++i) {
    client.Send(Request(server.Url(), std::to_string(i)),
                [&answers, i](HttpResult result) { answers[i] = result.response.body; });
  }
  EXPECT_EQ(client.in_flight(), 100u);
  PollUntilIdle(client);
  for (int i = 0; i < kRequests; ++i) EXPECT_EQ(answers[i], std::to_string(i));
}

TEST(CurlHttpClient, KeepsToItsConnectionsPerHost) {
  LoopbackServer server(EchoAll);
  CurlOptions options;
  options.connections_per_host_max = 2;
  CurlHttpClient client(options);
  int answered = 0;
  for (int i = 0; i < 20; ++i) {
    client.Send(Request(server.Url()), [&](HttpResult result) { answered += result.answered; });
  }
  PollUntilIdle(client);
  EXPECT_EQ(answered, 20);
  EXPECT_EQ(server.connections(), 2);
}

// The first never gives its connection back; the others are known not to have left.
TEST(CurlHttpClient, TimesOutWhatWaitsForAConnection) {
  LoopbackServer server([](LoopbackConnection& connection) { connection.ReadToEnd(); });
  CurlOptions options;
  options.connections_per_host_max = 1;
  CurlHttpClient client(options);
  std::vector<HttpFailure> failures;
  for (int i = 0; i < 3; ++i) {
    HttpRequest request = Request(server.Url());
    request.timeout = absl::Milliseconds(30);
    client.Send(std::move(request),
                [&](HttpResult result) { failures.push_back(std::move(result.failure)); });
  }
  PollUntilIdle(client);
  // Whether the later ones still got the connection that the first gave up is a matter of luck.
  ASSERT_EQ(failures.size(), 3u);
  EXPECT_THAT(failures[0], FieldsAre("timed out after 30ms", true));
  EXPECT_THAT(failures[1], FieldsAre("timed out after 30ms", ::testing::_));
  EXPECT_THAT(failures[2], FieldsAre("timed out after 30ms", ::testing::_));
}

TEST(CurlHttpClient, LetsDoneSendTheNextRequest) {
  LoopbackServer server(EchoAll);
  CurlHttpClient client{CurlOptions{}};
  std::string last;
  client.Send(Request(server.Url(), "1"), [&](HttpResult) {
    client.Send(Request(server.Url(), "2"),
                [&](HttpResult result) { last = result.response.body; });
  });
  PollUntilIdle(client);
  EXPECT_EQ(last, "2");
}

TEST(CurlHttpClient, KnowsThatARefusedConnectionSentNothing) {
  const HttpResult result =
      Exchange(Request("http://127.0.0.1:" + std::to_string(UnusedPort()) + "/"));
  EXPECT_FALSE(result.answered);
  EXPECT_EQ(result.failure.reason, "connection refused");
  EXPECT_FALSE(result.failure.may_have_arrived);
}

// ".invalid" never resolves (RFC 2606), with or without a network.
TEST(CurlHttpClient, KnowsThatAnUnknownHostSentNothing) {
  const HttpResult result = Exchange(Request("http://braze.invalid/"));
  EXPECT_FALSE(result.answered);
  EXPECT_THAT(result.failure.reason, HasSubstr("could not be resolved"));
  EXPECT_FALSE(result.failure.may_have_arrived);
}

TEST(CurlHttpClient, KnowsThatABrokenHandshakeSentNothing) {
  LoopbackServer server([](LoopbackConnection& connection) {
    connection.Write("HTTP/1.1 400 This is not TLS\r\n\r\n");
    connection.ReadToEnd();
  });
  const HttpResult result = Exchange(Request(server.Url("https")));
  EXPECT_FALSE(result.answered);
  EXPECT_THAT(result.failure.reason, HasSubstr("TLS"));
  EXPECT_FALSE(result.failure.may_have_arrived);
}

TEST(CurlHttpClient, RefusesWhatItCannotSend) {
  HttpRequest two_headers = Request("http://127.0.0.1:1/");
  two_headers.headers = {"Authorization: Bearer 0f3a-secret\r\nX-Evil: 1"};
  for (const HttpRequest& request :
       {two_headers, Request("ftp://127.0.0.1:1/"), Request("file:///etc/passwd"), Request("")}) {
    const HttpResult result = Exchange(request);
    EXPECT_FALSE(result.answered);
    EXPECT_FALSE(result.failure.may_have_arrived);
    EXPECT_FALSE(result.failure.reason.empty());
    EXPECT_THAT(result.failure.reason, Not(HasSubstr("secret")));
  }
}

TEST(CurlHttpClient, TakesARequestAsArrivedOnceItWasRead) {
  const struct {
    std::string before_close;
    bool is_reset;
    std::string reason;
  } cases[] = {
      {"", false, "closed without an answer"},
      {"", true, "reset"},
      {"HTTP/1.1 201 Created\r\nContent-Le", false, "middle of the answer"},
      {"HTTP/1.1 201 Created\r\nContent-Length: 99\r\n\r\n{\"message\":\"success\"", false,
       "middle of the answer"},
      {"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n7\r\nmessage\r\n", false,
       "middle of the answer"},
      {"nonsense, and no header at all\r\n\r\n", false, "not HTTP"},
  };
  for (const auto& test : cases) {
    LoopbackServer server([&](LoopbackConnection& connection) {
      connection.ReadRequest();
      connection.Write(test.before_close);
      if (test.is_reset) connection.ResetOnClose();
    });
    const HttpResult result = Exchange(Request(server.Url()));
    EXPECT_FALSE(result.answered) << test.before_close;
    EXPECT_TRUE(result.failure.may_have_arrived) << test.before_close;
    EXPECT_THAT(result.failure.reason, HasSubstr(test.reason)) << test.before_close;
  }
}

// libcurl by itself would repeat a request on a fresh connection when one that had been used before
// dies without an answer. The first may still be running; docs/design.md section 4.
TEST(CurlHttpClient, NeverRepeatsARequestByItself) {
  std::atomic<int> requests = 0;
  LoopbackServer server([&](LoopbackConnection& connection) {
    while (connection.ReadRequest()) {
      if (++requests % 2 == 0) return;
      connection.Answer("201 Created", "");
    }
  });
  for (const std::size_t body_bytes : {2u, 500'000u}) {
    requests = 0;
    CurlHttpClient client{CurlOptions{}};
    const std::string body(body_bytes, 'x');
    EXPECT_TRUE(Exchange(client, Request(server.Url(), body)).answered);
    const HttpResult result = Exchange(client, Request(server.Url(), body));
    EXPECT_FALSE(result.answered);
    EXPECT_TRUE(result.failure.may_have_arrived);
    EXPECT_THAT(result.failure.reason, HasSubstr("closed without an answer"));
    EXPECT_EQ(requests, 2);
  }
}

// A connection that the server closed while it was idle is not a failure.
TEST(CurlHttpClient, ReplacesAConnectionThatWasClosedWhileIdle) {
  std::atomic<int> closed = 0;
  LoopbackServer server([&](LoopbackConnection& connection) {
    connection.ReadRequest();
    connection.Answer("201 Created", "");
    ++closed;
  });
  CurlHttpClient client{CurlOptions{}};
  ASSERT_TRUE(Exchange(client, Request(server.Url())).answered);
  while (closed < 1) std::this_thread::yield();
  client.Poll(absl::Milliseconds(20));
  EXPECT_TRUE(Exchange(client, Request(server.Url())).answered);
  EXPECT_EQ(server.connections(), 2);
}

TEST(CurlHttpClient, BoundsTheAnswer) {
  for (const std::size_t excess : {0u, 1u}) {
    LoopbackServer server([&](LoopbackConnection& connection) {
      connection.ReadRequest();
      connection.Answer("200 OK", std::string(limits::kBrazeAnswerBytesMax + excess, 'x'));
    });
    const HttpResult result = Exchange(Request(server.Url()));
    EXPECT_EQ(result.answered, excess == 0);
    if (excess == 0) continue;
    EXPECT_THAT(result.failure.reason, HasSubstr("larger than 1 MiB"));
    EXPECT_TRUE(result.failure.may_have_arrived);
  }
}

TEST(CurlHttpClient, BoundsTheHeaders) {
  LoopbackServer server([](LoopbackConnection& connection) {
    connection.ReadRequest();
    std::string headers;
    for (int i = 0; i < 1'000; ++i) headers += "X-Header: " + std::string(90, 'x') + "\r\n";
    connection.Answer("200 OK", "", headers);
  });
  const HttpResult result = Exchange(Request(server.Url()));
  EXPECT_FALSE(result.answered);
  EXPECT_THAT(result.failure.reason, HasSubstr("headers are larger than 64 KiB"));
  EXPECT_TRUE(result.failure.may_have_arrived);
}

TEST(CurlHttpClient, GivesUpAfterTheTimeout) {
  LoopbackServer server([](LoopbackConnection& connection) { connection.ReadToEnd(); });
  HttpRequest request = Request(server.Url());
  request.timeout = absl::Milliseconds(50);
  const HttpResult result = Exchange(request);
  EXPECT_FALSE(result.answered);
  EXPECT_EQ(result.failure.reason, "timed out after 50ms");
  EXPECT_TRUE(result.failure.may_have_arrived);
}

// The server accepts and never answers the handshake.
TEST(CurlHttpClient, GivesUpConnectingAndKnowsThatNothingWasSent) {
  LoopbackServer server([](LoopbackConnection& connection) { connection.ReadToEnd(); });
  CurlOptions options;
  options.connect_timeout = absl::Milliseconds(50);
  CurlHttpClient client(options);
  const HttpResult result = Exchange(client, Request(server.Url("https")));
  EXPECT_FALSE(result.answered);
  EXPECT_EQ(result.failure.reason, "timed out connecting after 50ms");
  EXPECT_FALSE(result.failure.may_have_arrived);
}

TEST(CurlHttpClient, FollowsNoRedirect) {
  LoopbackServer target(EchoAll);
  LoopbackServer server([&](LoopbackConnection& connection) {
    connection.ReadRequest();
    connection.Answer("301 Moved Permanently", "", "Location: " + target.Url() + "\r\n");
  });
  EXPECT_EQ(Exchange(Request(server.Url())).response.status, 301);
  EXPECT_EQ(target.connections(), 0);
}

TEST(CurlHttpClient, TakesTheFinalAnswersHeadersOnly) {
  LoopbackServer server([](LoopbackConnection& connection) {
    connection.ReadRequest();
    connection.Write("HTTP/1.1 103 Early Hints\r\nX-A: early\r\n\r\n");
    connection.Write("HTTP/1.1 201 Created\r\nX-B: final\r\nTransfer-Encoding: chunked\r\n\r\n");
    connection.Write("2\r\nok\r\n0\r\nX-C: trailer\r\n\r\n");
    connection.ReadToEnd();
  });
  const HttpResult result = Exchange(Request(server.Url()));
  ASSERT_TRUE(result.answered) << result.failure.reason;
  EXPECT_EQ(result.response.body, "ok");
  EXPECT_THAT(result.response.headers, Contains(Pair("x-b", "final")));
  EXPECT_THAT(result.response.headers, Not(Contains(Pair("x-a", "early"))));
  EXPECT_THAT(result.response.headers, Not(Contains(Pair("x-c", "trailer"))));
}

TEST(CurlHttpClient, EndsAPollWhenWokenFromAnyThread) {
  CurlHttpClient client{CurlOptions{}};
  const absl::Time start = absl::Now();
  std::thread waker([&] { client.Wake(); });
  client.Poll(absl::Hours(1));
  waker.join();
  EXPECT_LT(absl::Now() - start, kLong);
}

TEST(CurlHttpClient, DropsWhatIsRunningWithoutCallingDone) {
  LoopbackServer server([](LoopbackConnection& connection) { connection.ReadToEnd(); });
  const auto held = std::make_shared<int>(0);
  {
    CurlHttpClient client{CurlOptions{}};
    client.Send(Request(server.Url()), [held](HttpResult) { ++*held; });
    client.Poll(absl::ZeroDuration());
    EXPECT_EQ(client.in_flight(), 1u);
  }
  EXPECT_EQ(*held, 0);
  EXPECT_EQ(held.use_count(), 1);
}

}  // namespace
}  // namespace peaksync

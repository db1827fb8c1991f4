#include <gtest/gtest.h>
#include <sys/resource.h>

#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "mockbraze/app/mock_server.h"
#include "mockbraze/base/json_parser.h"
#include "tests/unit/mockbraze/http_fixture.h"

// Many connections, many requests at a time, much data.
namespace mockbraze {
namespace {

using Clients = std::vector<std::unique_ptr<HttpClient>>;

// Both ends of each connection are in this process.
class HttpLoad : public HttpFixture {
 protected:
  HttpLoad() {
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
  }
  // A line of /proc/self/status in KiB.
  static long Memory(const std::string& name) {
    std::ifstream file("/proc/self/status");
    for (std::string line; std::getline(file, line);) {
      if (line.starts_with(name + ":")) return std::stol(line.substr(name.size() + 1));
    }
    return 0;
  }
};

TEST_F(HttpLoad, TwoThousandIdleConnectionsDoNotMatter) {
  Start();
  Clients idle;
  for (int i = 0; i < 2'000; ++i) {
    idle.push_back(std::make_unique<HttpClient>(port()));
    ASSERT_TRUE(idle.back()->connected());
  }
  ASSERT_TRUE(Eventually([&] { return server_->connections() == 2'000; }));
  for (int i = 0; i < 100; ++i) ExpectToServe();
  EXPECT_EQ(idle.front()->Send("POST", "/", "first").body, "first");
  EXPECT_EQ(idle.back()->Send("POST", "/", "last").body, "last");
}

TEST_F(HttpLoad, ConnectionsBeyondTheMostAreClosedUntilSomeLeave) {
  HttpServerOptions options;
  options.connections_max = 3;
  Start(std::move(options));
  Clients clients;
  for (int i = 0; i < 3; ++i) {
    clients.push_back(std::make_unique<HttpClient>(port()));
    EXPECT_EQ(clients.back()->Send("POST", "/", "in").body, "in");
  }
  HttpClient refused(port());
  const auto end = refused.Read();
  EXPECT_EQ(end.status, 0);
  EXPECT_NE(end.error, EAGAIN) << "it was left waiting";
  EXPECT_EQ(clients.front()->Send("POST", "/", "served").body, "served");
  clients.pop_back();
  ASSERT_TRUE(Eventually([&] { return server_->connections() == 2; }));
  ExpectToServe();
}

TEST_F(HttpLoad, BodyOfOneGigabyteIs413AndCostsNoMemory) {
  Start();
  const std::string block(std::size_t{64} << 10, 'x');
  for (const bool chunked : {false, true}) {
    const long before = Memory("VmHWM");
    HttpClient client(port());
    client.Write(chunked ? "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n40000000\r\n"
                         : HttpClient::Head("POST", "/", std::size_t{1} << 30));
    client.Write(block);
    EXPECT_EQ(client.Read().status, 413);  // long before the body is through
    std::size_t sent = 0;
    while (sent < std::size_t{1} << 30 && client.Write(block)) sent += block.size();
    EXPECT_LT(sent, std::size_t{1} << 30) << "all of it was taken";
    // What threads and buffers of both ends take in the meantime varies from run to run.
    EXPECT_LT(Memory("VmHWM") - before, 64 * 1024);
  }
  ExpectToServe();
}

TEST_F(HttpLoad, AnnouncedBodyCostsNoMemoryBeforeItComes) {
  Start();
  const long before = Memory("VmRSS");
  Clients clients;
  for (int i = 0; i < 50; ++i) {
    clients.push_back(std::make_unique<HttpClient>(port()));
    clients.back()->Write(HttpClient::Head("POST", "/", limits::track_body_bytes_max) + "{");
  }
  ASSERT_TRUE(Eventually([&] { return server_->connections() == 50; }));
  ExpectToServe();
  EXPECT_LT(Memory("VmRSS") - before, 32 * 1024);  // 200 MiB are announced
}

TEST_F(HttpLoad, StopClosesWhatIsOpen) {
  Start();
  HttpClient idle(port());
  EXPECT_EQ(idle.Send("POST", "/", "x").status, 200);
  HttpClient half(port());
  half.Write("POST / HT");
  ASSERT_TRUE(Eventually([&] { return server_->connections() == 2; }));
  const std::uint16_t was = port();
  server_->Stop();
  for (HttpClient* client : {&idle, &half}) {
    const auto end = client->Read();
    EXPECT_EQ(end.status, 0);
    EXPECT_NE(end.error, EAGAIN) << "it was left open";
  }
  EXPECT_FALSE(HttpClient(was).connected());
}

TEST_F(HttpLoad, ThousandRequestsWaitForTheirLatencyOnTwoThreads) {
  // As long as the test takes, so that none is answered before the last one is there.
  Options options;
  options.port = 0;
  options.threads = 2;
  options.settings.latency = std::chrono::hours(1);
  const auto mock = MockServer::Start(options);
  ASSERT_TRUE(mock.ok()) << mock.error();
  Clients clients;
  for (int i = 0; i < 1'000; ++i) {
    const std::string body =
        R"({"attributes":[{"external_id":")" + std::to_string(i) + R"(","a":1}]})";
    clients.push_back(std::make_unique<HttpClient>(mock.value()->port()));
    clients.back()->Write(HttpClient::Head("POST", "/users/track", body.size()) + body);
  }
  HttpClient control(mock.value()->port());
  const auto stat = [&](const char* name) {
    const auto stats = ParseJson(control.Send("GET", "/_mock/stats").body);
    return stats.ok() ? *stats.value().Find(name)->integer() : -1;
  };
  EXPECT_TRUE(Eventually([&] { return stat("in_flight") == 1'000; }));
  EXPECT_EQ(stat("max_in_flight"), 1'000);
}

}  // namespace
}  // namespace mockbraze

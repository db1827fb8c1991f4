#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "mockbraze/base/limits.h"
#include "tests/unit/mockbraze/http_fixture.h"

// What clients get wrong, by mistake or on purpose: the server answers or closes, and goes on.
namespace mockbraze {
namespace {

using HttpBadInput = HttpFixture;

constexpr char chunked_head[] = "POST / HTTP/1.1\r\nHost: m\r\nTransfer-Encoding: chunked\r\n\r\n";

TEST_F(HttpBadInput, MalformedHeadIs400) {
  Start();
  for (const std::string& bytes :
       {std::string("\r\nnonsense\r\n\r\n"), std::string("GET\r\n\r\n"),
        std::string("GET / HTTP/9.9\r\n\r\n"), std::string("GET / HTTP/1.1\r\nno colon\r\n\r\n"),
        std::string("GET / HTTP/1.1\r\n: no name\r\n\r\n"),
        std::string("GET /\0 HTTP/1.1\r\n\r\n", 19),
        std::string("GET / HTTP/1.1\r\nA: \x01\r\n\r\n"), std::string(100, '\0'),
        std::string("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")}) {
    const auto answer = AnswerTo(bytes);
    EXPECT_EQ(answer.status, 400) << bytes;
    EXPECT_NE(answer.head.find("connection: close"), std::string::npos) << bytes;
  }
  EXPECT_EQ(handler_.handled, 0);
  ExpectToServe();
}

TEST_F(HttpBadInput, WrongContentLengthIs400) {
  Start();
  for (const std::string length : {"-1", "x", "", "5, 6", "99999999999999999999", "0x10"}) {
    EXPECT_EQ(AnswerTo("POST / HTTP/1.1\r\nContent-Length: " + length + "\r\n\r\n").status, 400)
        << length;
  }
  EXPECT_EQ(AnswerTo("POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n").status,
            400);
  EXPECT_EQ(
      AnswerTo("POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n").status,
      400);
  EXPECT_EQ(handler_.handled, 0);
  ExpectToServe();
}

TEST_F(HttpBadInput, TooShortContentLengthSpoilsOnlyWhatFollows) {
  Start();
  HttpClient client(port());
  client.Write(HttpClient::Head("POST", "/", 4) + "bodyand more\r\n\r\n");
  EXPECT_EQ(client.Read().body, "body");
  EXPECT_EQ(client.Read().status, 400);
  EXPECT_EQ(client.Read().status, 0);
}

TEST_F(HttpBadInput, FloodOfHeadersIs431) {
  Start();
  std::string many = "GET / HTTP/1.1\r\n";
  while (many.size() < 2 * limits::header_bytes_max) many += "A: b\r\n";
  EXPECT_EQ(AnswerTo(many).status, 431);
  EXPECT_EQ(AnswerTo("GET /" + std::string(limits::header_bytes_max, 'a')).status, 431);
  std::string within = "POST / HTTP/1.1\r\nContent-Length: 2\r\n";
  while (within.size() < limits::header_bytes_max - 100) within += "A: b\r\n";
  EXPECT_EQ(AnswerTo(within + "\r\nhi").body, "hi");
}

TEST_F(HttpBadInput, BadChunkIs400) {
  Start();
  EXPECT_EQ(AnswerTo(std::string(chunked_head) + "x\r\n").status, 400);
  EXPECT_EQ(AnswerTo(std::string(chunked_head) + "2\r\nabcd\r\n").status, 400);
  EXPECT_EQ(AnswerTo(std::string(chunked_head) + "ffffffffffffffffffff\r\n").status, 400);
  // Neither the extension of a chunk nor what follows the last one has a bound of its own.
  const std::string endless(limits::read_buffer_bytes_max, 'e');
  EXPECT_EQ(AnswerTo(std::string(chunked_head) + "2;" + endless).status, 400);
  EXPECT_EQ(AnswerTo(std::string(chunked_head) + "0\r\n" + endless).status, 400);
  EXPECT_EQ(handler_.handled, 0);
  ExpectToServe();
}

TEST_F(HttpBadInput, ChunksOfOneByteAreOneBody) {
  Start();
  std::string bytes = chunked_head;
  for (int i = 0; i < 10'000; ++i) bytes += "1;x=y\r\nz\r\n";
  EXPECT_EQ(AnswerTo(bytes + "0\r\nTrailer: t\r\n\r\n").body, std::string(10'000, 'z'));
}

TEST_F(HttpBadInput, RequestsByteByByteAreRead) {
  Start();
  HttpClient client(port());
  for (const std::string& request : {HttpClient::Head("POST", "/", 2) + "ab",
                                     chunked_head + std::string("1\r\nc\r\n0\r\n\r\n")}) {
    for (const char byte : request) client.Write({&byte, 1});
  }
  EXPECT_EQ(client.Read().body, "ab");
  EXPECT_EQ(client.Read().body, "c");
}

TEST_F(HttpBadInput, ThousandsOfPipelinedRequestsAreAnsweredInOrder) {
  Start();
  HttpClient client(port());
  std::string requests;
  for (int i = 0; i < 2'000; ++i) {
    const std::string body = std::to_string(i);
    requests += i % 2 ? HttpClient::Head("POST", "/", body.size()) + body
                      : std::string(chunked_head) + std::to_string(body.size()) + "\r\n" + body +
                            "\r\n0\r\n\r\n";
  }
  client.Write(requests);
  for (int i = 0; i < 2'000; ++i) ASSERT_EQ(client.Read().body, std::to_string(i));
}

TEST_F(HttpBadInput, BodyLimitIsThatOfTheRequest) {
  Start();
  HttpClient client(port());
  EXPECT_EQ(client.Send("POST", "/small", std::string(10, 'b')).status, 200);
  EXPECT_EQ(client.Send("POST", "/large", std::string(11, 'b')).status, 200);
  EXPECT_EQ(client.Send("POST", "/small", std::string(11, 'b')).status, 413);
  EXPECT_EQ(client.Read().status, 0);
  EXPECT_EQ(
      AnswerTo("POST /small HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nb\r\n12345678901\r\n")
          .status,
      413);
}

TEST_F(HttpBadInput, ExpectationWithoutABodyOrBeyondTheLimitGetsNo100) {
  Start();
  const std::string expect = "Host: m\r\nExpect: 100-continue\r\nContent-Length: ";
  EXPECT_EQ(AnswerTo("POST / HTTP/1.1\r\n" + expect + "0\r\n\r\n").status, 200);
  EXPECT_EQ(AnswerTo("POST /small HTTP/1.1\r\n" + expect + "11\r\n\r\n").status, 413);
}

TEST_F(HttpBadInput, HeadThatComesTooSlowlyIsClosed) {
  HttpServerOptions options;
  options.idle_timeout = std::chrono::milliseconds(200);
  Start(std::move(options));
  HttpClient silent(port());
  HttpClient slow(port());
  // Each byte in time, the whole too late.
  slow.Write("GET / HTTP/1.1\r\n");
  int lines = 1000;  // far below the limit of a head
  EXPECT_TRUE(Eventually([&] { return lines-- > 0 ? !slow.Write("A: b\r\n") : true; }));
  EXPECT_EQ(silent.Read().status, 0);
  EXPECT_EQ(slow.Read().status, 0);
  EXPECT_TRUE(Eventually([&] { return server_->connections() == 0; }));
  EXPECT_EQ(handler_.handled, 0);
}

TEST_F(HttpBadInput, BodyThatDoesNotComeIsClosed) {
  HttpServerOptions options;
  options.idle_timeout = std::chrono::milliseconds(200);
  Start(std::move(options));
  for (const std::string& head : {HttpClient::Head("POST", "/", 100), std::string(chunked_head)}) {
    HttpClient client(port());
    client.Write(head + "1");
    const auto end = client.Read();
    EXPECT_EQ(end.status, 0);
    EXPECT_NE(end.error, EAGAIN);
  }
  EXPECT_EQ(handler_.handled, 0);
}

TEST_F(HttpBadInput, ClientThatDoesNotReadItsAnswerIsReset) {
  handler_.answer = std::string(std::size_t{64} << 20, 'a');  // beyond what sockets hold
  HttpServerOptions options;
  options.write_timeout = std::chrono::milliseconds(200);
  Start(std::move(options));
  HttpClient client(port());
  client.Write(HttpClient::Head("GET", "/", 0));
  EXPECT_TRUE(client.WaitForReset());
  EXPECT_TRUE(Eventually([&] { return server_->connections() == 0; }));
}

TEST_F(HttpBadInput, ClientsThatLeaveInTheMiddleLeaveNothingBehind) {
  Start();
  const std::string request = HttpClient::Head("POST", "/", 8) + "the body";
  for (std::size_t size = 0; size <= request.size(); ++size) {
    HttpClient(port()).Write(request.substr(0, size));
  }
  EXPECT_TRUE(Eventually([&] { return server_->connections() == 0; }));
  ExpectToServe();
}

}  // namespace
}  // namespace mockbraze

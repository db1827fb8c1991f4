#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <iterator>
#include <string>

#include "mockbraze/app/mock_server.h"
#include "mockbraze/http/tls.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/mockbraze/http_fixture.h"

namespace mockbraze {
namespace {

using std::chrono::system_clock;

class HttpTls : public HttpFixture {
 protected:
  static TlsCertificate Made(system_clock::time_point now = system_clock::now()) {
    auto made = MakeCertificate("127.0.0.1", now);
    EXPECT_TRUE(made.ok()) << made.error();
    return made.value();
  }
  void StartTls(HttpServerOptions options = {}) {
    certificate_ = Made();
    options.tls = certificate_;
    Start(std::move(options));
  }
  HttpClient Connect(const std::string& name = "127.0.0.1") const {
    return HttpClient(port(), certificate_.chain, name);
  }
  void ExpectToServeTls() const {
    HttpClient client(port(), certificate_.chain);
    EXPECT_EQ(client.tls_error(), "");
    EXPECT_EQ(client.Send("POST", "/", "still here").body, "still here");
  }

  TlsCertificate certificate_;
};

TEST_F(HttpTls, ServesOverAConnectionThatIsKept) {
  StartTls();
  HttpClient client(port(), certificate_.chain);
  ASSERT_EQ(client.tls_error(), "");
  for (const std::size_t size : {std::size_t{1}, std::size_t{100'000}, std::size_t{3} << 20}) {
    EXPECT_EQ(client.Send("POST", "/", std::string(size, 'b')).body, std::string(size, 'b'));
  }
}

TEST_F(HttpTls, CertificateIsForTheLoopbackNamesAndNoOther) {
  StartTls();
  for (const std::string name : {"127.0.0.1", "::1", "localhost"}) {
    EXPECT_EQ(HttpClient(port(), certificate_.chain, name).tls_error(), "") << name;
  }
  EXPECT_EQ(HttpClient(port(), certificate_.chain, "example.com").tls_error(),
            "certificate verify failed");
  EXPECT_EQ(HttpClient(port(), Made().chain).tls_error(), "certificate verify failed");
}

TEST_F(HttpTls, CertificateIsForTheHostThatIsListenedOn) {
  HttpServerOptions options;
  options.tls = certificate_ = MakeCertificate("192.0.2.7", system_clock::now()).value();
  Start(std::move(options));
  EXPECT_EQ(HttpClient(port(), certificate_.chain, "192.0.2.7").tls_error(), "");
  EXPECT_EQ(HttpClient(port(), certificate_.chain, "localhost").tls_error(), "");
}

TEST_F(HttpTls, CertificateIsValidFromTheDayBeforeForAYear) {
  const auto usable = [&](system_clock::duration age) {
    HttpServerOptions options;
    options.tls = certificate_ = Made(system_clock::now() - age);
    Start(std::move(options));
    return HttpClient(port(), certificate_.chain).tls_error().empty();
  };
  using std::chrono::hours;
  EXPECT_TRUE(usable(-hours(23)));
  EXPECT_FALSE(usable(-hours(25)));
  EXPECT_TRUE(usable(hours(24 * 365 - 1)));
  EXPECT_FALSE(usable(hours(24 * 365 + 1)));
}

TEST_F(HttpTls, AgreesOnHttp11) {
  StartTls();
  HttpClient client(port(), certificate_.chain);  // it offers HTTP/2 first
  EXPECT_EQ(client.protocol(), "http/1.1");
}

TEST_F(HttpTls, ClosesWithAFarewell) {
  StartTls();
  HttpClient client(port(), certificate_.chain);
  client.Write("GET / HTTP/1.1\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(client.Read().status, 200);
  EXPECT_EQ(client.Read().status, 0);
  EXPECT_TRUE(client.tls_ended());
}

TEST_F(HttpTls, TooLargeBodyIs413) {
  StartTls();
  HttpClient client(port(), certificate_.chain);
  client.Write(HttpClient::Head("POST", "/", std::size_t{1} << 30) + std::string(1 << 20, 'b'));
  EXPECT_EQ(client.Read().status, 413);
}

TEST_F(HttpTls, PlainHttpIsToldToUseHttps) {
  StartTls();
  HttpClient client(port());
  const auto answer = client.Send("POST", "/users/track", "{}");
  EXPECT_EQ(answer.status, 400);
  EXPECT_NE(answer.body.find("use https://"), std::string::npos);
  EXPECT_EQ(client.Read().status, 0);
  EXPECT_EQ(handler_.handled, 0);
  ExpectToServeTls();
}

TEST_F(HttpTls, GarbageIsClosed) {
  StartTls();
  for (const std::string& bytes :
       {std::string(1000, '\xFF'), std::string("\x16\x03\x01\x02\x00", 5) + std::string(600, 'x'),
        std::string(100, '\0'), std::string("\x80\x01\x01", 3)}) {
    HttpClient client(port());
    client.Write(bytes);
    client.EndWriting();
    EXPECT_TRUE(client.EndsWithin10Seconds()) << bytes.substr(0, 5);
  }
  EXPECT_TRUE(Eventually([&] { return server_->connections() == 0; }));
  ExpectToServeTls();
}

TEST_F(HttpTls, HandshakeThatDoesNotComeIsClosed) {
  HttpServerOptions options;
  options.handshake_timeout = std::chrono::milliseconds(200);
  StartTls(std::move(options));
  HttpClient silent(port());
  HttpClient half(port());
  half.Write(std::string("\x16\x03\x01\x02\x00\x01", 6));
  for (HttpClient* client : {&silent, &half}) EXPECT_TRUE(client->EndsWithin10Seconds());
  ExpectToServeTls();
}

TEST_F(HttpTls, FaultEndsTheHandshakeWithAnAlert) {
  handler_.fault = ConnectionFault::kTlsFailure;
  StartTls();
  EXPECT_NE(HttpClient(port(), certificate_.chain).tls_error().find("alert handshake failure"),
            std::string::npos);
  EXPECT_TRUE(Eventually([&] { return server_->connections() == 0; }));
}

TEST_F(HttpTls, FaultWithoutTlsIsAReset) {
  handler_.fault = ConnectionFault::kTlsFailure;
  Start();
  HttpClient client(port());
  EXPECT_TRUE(client.WaitForReset());
}

class MockTls : public testing::Test {
 protected:
  std::string Write(const std::string& name, const std::string& text) {
    const std::string path = folder_.File(name);
    std::ofstream(path) << text;
    return path;
  }
  std::string Problem(const std::string& chain, const std::string& key) {
    return ReadCertificate(chain, key).error();
  }

  peaksync::testing::TempDir folder_;
};

TEST_F(MockTls, SelfMadeCertificateIsWrittenForItsClients) {
  Options options;
  options.port = 0;
  options.tls = true;
  options.tls_cert_out = folder_.File("mock.pem");
  const auto mock = MockServer::Start(options);
  ASSERT_TRUE(mock.ok()) << mock.error();
  std::ifstream file(options.tls_cert_out);
  const std::string written((std::istreambuf_iterator<char>(file)), {});
  EXPECT_EQ(written, mock.value()->certificate());
  EXPECT_EQ(written.find("PRIVATE"), std::string::npos);
  EXPECT_EQ(mock.value()->url(), "https://127.0.0.1:" + std::to_string(mock.value()->port()));
  EXPECT_EQ(HttpClient(mock.value()->port(), written).Send("GET", "/_mock/health").status, 200);
}

TEST_F(MockTls, SaysWhereTheCertificateCannotBeWritten) {
  Options options;
  options.port = 0;
  options.tls = true;
  options.tls_cert_out = folder_.File("missing/mock.pem");
  const std::string problem = MockServer::Start(options).error();
  EXPECT_NE(problem.find("cannot write the certificate to " + options.tls_cert_out +
                         ": No such file or directory"),
            std::string::npos)
      << problem;
}

TEST_F(MockTls, GivenCertificateIsServed) {
  const TlsCertificate given = MakeCertificate("localhost", system_clock::now()).value();
  Options options;
  options.port = 0;
  options.tls_cert = Write("chain.pem", given.chain);
  options.tls_key = Write("key.pem", given.key);
  const auto mock = MockServer::Start(options);
  ASSERT_TRUE(mock.ok()) << mock.error();
  EXPECT_EQ(HttpClient(mock.value()->port(), given.chain).Send("GET", "/_mock/health").status, 200);
}

TEST_F(MockTls, SaysWhatIsWrongWithWhichFile) {
  const TlsCertificate one = MakeCertificate("localhost", system_clock::now()).value();
  const TlsCertificate other = MakeCertificate("localhost", system_clock::now()).value();
  const std::string chain = Write("chain.pem", one.chain);
  const std::string key = Write("key.pem", one.key);
  const std::string other_key = Write("other.pem", other.key);
  const std::string locked = Write("locked.pem",
                                   "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMA==\n"
                                   "-----END ENCRYPTED PRIVATE KEY-----\n");
  EXPECT_EQ(Problem(chain, key), "");
  EXPECT_EQ(Problem("missing.pem", key),
            "cannot read the certificate missing.pem: No such file or directory");
  EXPECT_EQ(Problem(chain, "missing.pem"),
            "cannot read the key missing.pem: No such file or directory");
  EXPECT_NE(Problem(folder_.path(), key).find("Is a directory"), std::string::npos);
  EXPECT_NE(Problem(key, key).find(key + " holds no certificate in PEM form"), std::string::npos);
  EXPECT_NE(Problem(chain, chain).find(chain + " holds no private key"), std::string::npos);
  EXPECT_NE(Problem(chain, locked).find("needs a password"), std::string::npos);
  EXPECT_EQ(Problem(chain, other_key),
            "the key " + other_key + " is not that of the first certificate in " + chain);
}

TEST_F(MockTls, FlagsThatDoNotFitAreNamed) {
  Options options;
  EXPECT_EQ(TlsProblem(options), "");
  options.tls_cert = "a";
  EXPECT_NE(TlsProblem(options).find("--tls-cert needs --tls-key"), std::string::npos);
  std::swap(options.tls_cert, options.tls_key);
  EXPECT_NE(TlsProblem(options).find("--tls-key needs --tls-cert"), std::string::npos);
  options.tls_cert = "b";
  EXPECT_EQ(TlsProblem(options), "");
  options.tls_cert_out = "c";
  EXPECT_NE(TlsProblem(options).find("with --tls-cert there is none"), std::string::npos);
  options.tls_cert = options.tls_key = "";
  EXPECT_EQ(TlsProblem(options), "--tls-cert-out needs --tls");
}

TEST_F(MockTls, FailureHitsTheConnectionsOfItsNumberOrCount) {
  Options options;
  options.port = 0;
  options.tls = true;
  options.faults = ParseFaults({"tls-failure,request=2;tls-failure,count=1,request=4"}).value();
  const auto mock = MockServer::Start(options);
  ASSERT_TRUE(mock.ok()) << mock.error();
  std::string pattern;
  for (int i = 0; i < 5; ++i) {
    HttpClient client(mock.value()->port(), mock.value()->certificate());
    pattern += client.tls_error().empty() ? '.' : 'X';
    if (client.tls_error().empty()) {
      EXPECT_EQ(client.Send("GET", "/_mock/health").status, 200);
    }
  }
  EXPECT_EQ(pattern, ".X.X.");
}

}  // namespace
}  // namespace mockbraze

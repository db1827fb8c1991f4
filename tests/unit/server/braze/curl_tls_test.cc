#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <atomic>
#include <cstddef>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "absl/time/time.h"
#include "server/base/check.h"
#include "server/braze/curl_http_client.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/server/braze/loopback_server.h"

namespace peaksync {
namespace {

using ::peaksync::testing::LoopbackConnection;
using ::peaksync::testing::LoopbackServer;
using ::peaksync::testing::TempDir;
using ::testing::HasSubstr;

// A self-signed certificate for the address 127.0.0.1 only, made for this run.
struct Identity {
  std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key{EVP_EC_gen("P-256"), &EVP_PKEY_free};
  std::unique_ptr<X509, decltype(&X509_free)> certificate{X509_new(), &X509_free};

  Identity() {
    X509* const x509 = certificate.get();
    X509_set_version(x509, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(x509), 1);
    X509_gmtime_adj(X509_getm_notBefore(x509), -3600);
    X509_gmtime_adj(X509_getm_notAfter(x509), 3600);
    X509_set_pubkey(x509, key.get());
    X509_NAME* const name = X509_get_subject_name(x509);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>("peaksync-test"), -1, -1, 0);
    X509_set_issuer_name(x509, name);
    const std::unique_ptr<X509_EXTENSION, decltype(&X509_EXTENSION_free)> address{
        X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, "IP:127.0.0.1"),
        &X509_EXTENSION_free};
    X509_add_ext(x509, address.get(), -1);
    PEAKSYNC_CHECK(X509_sign(x509, key.get(), EVP_sha256()) > 0);
  }

  void WriteTo(const std::string& path) const {
    std::FILE* const file = std::fopen(path.c_str(), "w");
    PEAKSYNC_CHECK(file != nullptr);
    PEM_write_X509(file, certificate.get());
    std::fclose(file);
  }
};

class CurlTlsTest : public ::testing::Test {
 protected:
  CurlTlsTest() { identity_.WriteTo(folder_.File("ca.pem")); }

  // One request over TLS, answered with its own bytes, if the handshake succeeds.
  void Serve(LoopbackConnection& connection) {
    const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context{
        SSL_CTX_new(TLS_server_method()), &SSL_CTX_free};
    SSL_CTX_use_certificate(context.get(), identity_.certificate.get());
    SSL_CTX_use_PrivateKey(context.get(), identity_.key.get());
    const std::unique_ptr<SSL, decltype(&SSL_free)> ssl{SSL_new(context.get()), &SSL_free};
    SSL_set_fd(ssl.get(), connection.fd());
    if (SSL_accept(ssl.get()) != 1) return;
    std::string received;
    char buffer[4096];
    while (received.find("the body") == std::string::npos) {
      const int bytes = SSL_read(ssl.get(), buffer, sizeof(buffer));
      if (bytes <= 0) return;
      received.append(buffer, static_cast<std::size_t>(bytes));
    }
    ++requests_;
    if (!is_answering_) return;
    constexpr std::string_view kAnswer = "HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\n{}";
    SSL_write(ssl.get(), kAnswer.data(), static_cast<int>(kAnswer.size()));
    SSL_shutdown(ssl.get());
  }

  HttpResult Exchange(const std::string& url, const std::string& ca_file) {
    CurlOptions options;
    options.ca_file = ca_file;
    CurlHttpClient client(options);
    HttpRequest request;
    request.url = url;
    request.body = "the body";
    HttpResult result;
    client.Send(std::move(request), [&](HttpResult answer) { result = std::move(answer); });
    while (client.in_flight() > 0) client.Poll(absl::Seconds(30));
    return result;
  }

  TempDir folder_;
  Identity identity_;
  bool is_answering_ = true;
  std::atomic<int> requests_ = 0;
  LoopbackServer server_{[this](LoopbackConnection& connection) { Serve(connection); }};
};

TEST_F(CurlTlsTest, TrustsTheGivenAuthority) {
  const HttpResult result = Exchange(server_.Url("https"), folder_.File("ca.pem"));
  ASSERT_TRUE(result.answered) << result.failure.reason;
  EXPECT_EQ(result.response.status, 201);
}

TEST_F(CurlTlsTest, SendsNothingToAServerThatNobodyVouchesFor) {
  const HttpResult result = Exchange(server_.Url("https"), "");
  EXPECT_FALSE(result.answered);
  EXPECT_THAT(result.failure.reason, HasSubstr("certificate was refused"));
  EXPECT_FALSE(result.failure.may_have_arrived);
  EXPECT_EQ(requests_, 0);
}

TEST_F(CurlTlsTest, SendsNothingToAServerOfAnotherName) {
  const HttpResult result =
      Exchange("https://localhost:" + std::to_string(server_.port()) + "/", folder_.File("ca.pem"));
  EXPECT_FALSE(result.answered);
  EXPECT_THAT(result.failure.reason, HasSubstr("certificate was refused"));
  EXPECT_FALSE(result.failure.may_have_arrived);
  EXPECT_EQ(requests_, 0);
}

TEST_F(CurlTlsTest, NamesACaFileThatCannotBeRead) {
  const HttpResult result = Exchange(server_.Url("https"), folder_.File("absent.pem"));
  EXPECT_FALSE(result.answered);
  EXPECT_THAT(result.failure.reason, HasSubstr("CA file could not be read"));
  EXPECT_FALSE(result.failure.may_have_arrived);
}

TEST_F(CurlTlsTest, TakesARequestAsArrivedWhenTheConnectionEndsWithoutAnAnswer) {
  is_answering_ = false;
  const HttpResult result = Exchange(server_.Url("https"), folder_.File("ca.pem"));
  EXPECT_FALSE(result.answered);
  EXPECT_TRUE(result.failure.may_have_arrived);
  EXPECT_EQ(requests_, 1);
}

}  // namespace
}  // namespace peaksync

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "client/channel.h"
#include "tests/support/temp_dir.h"

namespace peaksync::client {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

ConnectionOptions To(const std::string& server) {
  ConnectionOptions options;
  options.server = server;
  options.token = "secret";
  return options;
}

TEST(ChooseEndpointTest, PlaintextOnLoopbackOnly) {
  for (const char* server :
       {"127.0.0.1:7443", "localhost", "[::1]:1", "127.9.9.9:5", "http://localhost"}) {
    const auto endpoint = ChooseEndpoint(To(server));
    ASSERT_TRUE(endpoint.ok()) << server;
    EXPECT_FALSE(endpoint->tls) << server;
  }
  for (const char* server : {"sync.example.com:7443", "10.0.0.1", "[2001:db8::1]:5",
                             "127.0.0.1.evil.com", "https://localhost", "128.0.0.1"}) {
    const auto endpoint = ChooseEndpoint(To(server));
    ASSERT_TRUE(endpoint.ok()) << server;
    EXPECT_TRUE(endpoint->tls) << server;
  }
}

TEST(ChooseEndpointTest, FillsInThePort) {
  EXPECT_EQ(ChooseEndpoint(To("sync.example.com"))->address, "sync.example.com:7443");
  EXPECT_EQ(ChooseEndpoint(To("[::1]"))->address, "[::1]:7443");
  EXPECT_EQ(ChooseEndpoint(To("https://a.b:1/"))->address, "a.b:1");
}

TEST(ChooseEndpointTest, CertificatesMeanTls) {
  ConnectionOptions options = To("127.0.0.1");
  options.cacert_file = "ca.pem";
  EXPECT_TRUE(ChooseEndpoint(options)->tls);
}

TEST(ChooseEndpointTest, RefusesATokenInPlaintextOffLoopback) {
  ConnectionOptions options = To("http://sync.example.com");
  EXPECT_EQ(ChooseEndpoint(options).status().code(), absl::StatusCode::kInvalidArgument);
  options.insecure = true;
  EXPECT_FALSE(ChooseEndpoint(options)->tls);
}

TEST(ChooseEndpointTest, RefusesFlagsThatDontGoTogether) {
  ConnectionOptions options = To("localhost");
  options.cert_file = "c.pem";
  EXPECT_FALSE(ChooseEndpoint(options).ok());
  options.key_file = "k.pem";
  EXPECT_TRUE(ChooseEndpoint(options).ok());
  options.insecure = true;
  EXPECT_FALSE(ChooseEndpoint(options).ok());
}

TEST(ChooseEndpointTest, RefusesWhatIsNoAddress) {
  for (const char* server :
       {"", ":7443", "a:b", "a:0", "a:70000", "::1", "[::1", "[::1]x", "a b", "a:"}) {
    EXPECT_FALSE(ChooseEndpoint(To(server)).ok()) << server;
  }
}

TEST(TokenTest, ReadsTheFirstWordOfTheFirstRealLine) {
  const testing::TempDir folder;
  const std::string path = folder.File("token");
  std::ofstream(path) << "# the key\n\n  tok-1 push\r\ntok-2\n";
  EXPECT_EQ(*ReadTokenFile(path), "tok-1");
  std::ofstream(path, std::ios::trunc) << "\n";
  EXPECT_FALSE(ReadTokenFile(path).ok());
  EXPECT_FALSE(ReadTokenFile(path + ".missing").ok());
}

TEST(TokenTest, ErrorsNeverRepeatTheToken) {
  const absl::Status status = CheckToken("se cret");
  EXPECT_FALSE(status.ok());
  EXPECT_THAT(std::string(status.message()), Not(HasSubstr("cret")));
  EXPECT_FALSE(CheckToken("se\ncret").ok());
  EXPECT_TRUE(CheckToken("se.cret-_~+/=").ok());
}

}  // namespace
}  // namespace peaksync::client

#include "server/app/address.h"

#include <gmock/gmock.h>

#include <string>
#include <tuple>
#include <utility>

#include "tests/support/status_matchers.h"

namespace peaksync {
namespace {

using ::peaksync::testing::IsOk;
using ::peaksync::testing::StatusIs;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(ParseHostPort, ReadsNamesAndBothKindsOfAddress) {
  for (const auto& [text, host, port] :
       {std::tuple{"127.0.0.1:7443", "127.0.0.1", 7443}, std::tuple{"[::1]:0", "::1", 0},
        std::tuple{"sync.acme.example:65535", "sync.acme.example", 65535}}) {
    const auto address = ParseHostPort(text);
    ASSERT_THAT(address, IsOk()) << text;
    EXPECT_EQ(address->host, host);
    EXPECT_EQ(address->port, port);
  }
}

TEST(ParseHostPort, RefusesEverythingElseWithAnExample) {
  for (const char* text :
       {"", "127.0.0.1", ":7443", "127.0.0.1:", "127.0.0.1:65536", "::1:7443", "[::1]", "[x]:1",
        "host:-1", "host: 1", "host:1x", "a b:1", "http://host:1", "unix:/run/x"}) {
    EXPECT_THAT(ParseHostPort(text),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("127.0.0.1:7443")))
        << text;
  }
}

TEST(IsLoopback, IsTrueForWhatNeverLeavesTheMachine) {
  for (const char* host : {"127.0.0.1", "127.255.0.9", "::1", "0:0:0:0:0:0:0:1", "localhost",
                           "LocalHost", "::ffff:127.0.0.1"}) {
    EXPECT_TRUE(IsLoopback(host)) << host;
  }
  for (const char* host :
       {"", "0.0.0.0", "::", "128.0.0.1", "10.0.0.1", "127.example.com", "127.0.0.1.example.com",
        "localhost.example.com", "::2", "::ffff:10.0.0.1"}) {
    EXPECT_FALSE(IsLoopback(host)) << host;
  }
}

TEST(ParseEndpoint, MakesEqualEndpointsEqualStrings) {
  for (const auto& [text, endpoint] :
       {std::pair{"https://rest.fra-01.braze.eu", "https://rest.fra-01.braze.eu"},
        std::pair{"HTTPS://Rest.Fra-01.braze.eu/", "https://rest.fra-01.braze.eu"},
        std::pair{"https://rest.fra-01.braze.eu:443", "https://rest.fra-01.braze.eu"},
        std::pair{"https://rest.fra-01.braze.eu:8443", "https://rest.fra-01.braze.eu:8443"},
        std::pair{"http://127.0.0.1:12118/", "http://127.0.0.1:12118"},
        std::pair{"http://[::1]:12118", "http://[::1]:12118"}}) {
    const auto parsed = ParseEndpoint(text);
    ASSERT_THAT(parsed, IsOk()) << text;
    EXPECT_EQ(*parsed, endpoint);
  }
}

TEST(ParseEndpoint, SaysWhatIsWrong) {
  for (const auto& [text, what] :
       {std::pair{"rest.fra-01.braze.eu", "must begin with https://"},
        std::pair{"ftp://rest.fra-01.braze.eu", "must begin with https://"},
        std::pair{"http://rest.fra-01.braze.eu", "must be https"},
        std::pair{"http://127.0.0.1.braze.eu", "must be https"},
        std::pair{"https://rest.fra-01.braze.eu/users/track", "without a path"},
        std::pair{"https://rest.fra-01.braze.eu?x=1", "without a path"},
        std::pair{"https://", "no valid host"},
        std::pair{"https://host:0", "no valid host and port"},
        std::pair{"https://a b", "no valid host"}}) {
    EXPECT_THAT(ParseEndpoint(text), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(what)))
        << text;
  }
}

TEST(ParseEndpoint, NeverRepeatsAPassword) {
  EXPECT_THAT(ParseEndpoint("https://me:hunter2@rest.fra-01.braze.eu"),
              StatusIs(absl::StatusCode::kInvalidArgument, Not(HasSubstr("hunter2"))));
}

}  // namespace
}  // namespace peaksync

#include "server/app/token_list.h"

#include <gmock/gmock.h>

#include <string>

#include "absl/strings/ascii.h"
#include "tests/support/status_matchers.h"

namespace peaksync {
namespace {

using ::peaksync::testing::IsOk;
using ::peaksync::testing::StatusIs;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(ParseTokens, ReadsATokenALineWithItsPermission) {
  const auto tokens = ParseTokens(
      "# Rotated in May.\n"
      "\n"
      "0123456789abcdef\n"
      "  0123456789abcdefP push \r\n"
      "0123456789abcdefA\tall",
      "acme.tokens");
  ASSERT_THAT(tokens, IsOk());
  EXPECT_THAT(*tokens, ElementsAre(TokenCredential{Sha256("0123456789abcdef"), Permission::kAll},
                                   TokenCredential{Sha256("0123456789abcdefP"), Permission::kPush},
                                   TokenCredential{Sha256("0123456789abcdefA"), Permission::kAll}));
}

TEST(ParseTokens, NamesTheLineOfAWeakTokenWithoutShowingIt) {
  EXPECT_THAT(ParseTokens("0123456789abcdef\nhunter2\n", "acme.tokens"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       AllOf(HasSubstr("acme.tokens:2: the token has 7 characters"),
                             Not(HasSubstr("hunter2")))));
}

TEST(ParseTokens, RefusesWhatFollowsATokenUnlessItIsAPermission) {
  for (const char* line :
       {"0123456789abcdef admin", "0123456789abcdef push all", "0123456789abcdef ALL"}) {
    EXPECT_THAT(ParseTokens(line, "f"),
                StatusIs(absl::StatusCode::kInvalidArgument,
                         AllOf(HasSubstr("f:1: write TOKEN"), Not(HasSubstr("0123")))))
        << line;
  }
  EXPECT_THAT(ParseTokens("0123456789abcdef\xC3\xA9", "f"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("visible ASCII")));
}

TEST(ParseTokens, RefusesTextWithoutAToken) {
  EXPECT_THAT(
      ParseTokens("# none\n\n", "acme.tokens"),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("acme.tokens holds no token")));
}

TEST(ParseTokenHash, ReadsHexInEitherCaseWithItsPermission) {
  const std::string hex = Sha256Hex("token");
  const auto lower = ParseTokenHash(hex + " push");
  ASSERT_THAT(lower, IsOk());
  EXPECT_EQ(*lower, (TokenCredential{Sha256("token"), Permission::kPush}));
  const auto upper = ParseTokenHash(absl::AsciiStrToUpper(hex));
  ASSERT_THAT(upper, IsOk());
  EXPECT_EQ(*upper, (TokenCredential{Sha256("token"), Permission::kAll}));
}

TEST(ParseTokenHash, RefusesATokenInItsPlaceWithoutShowingIt) {
  for (const std::string& text :
       {std::string("0123456789abcdef"), std::string(), Sha256Hex("token") + "0",
        Sha256Hex("token") + " x", std::string(64, 'g')}) {
    EXPECT_THAT(ParseTokenHash(text), StatusIs(absl::StatusCode::kInvalidArgument,
                                               AllOf(HasSubstr("64 hexadecimal digits"),
                                                     Not(HasSubstr("0123456789abcdef")))))
        << text;
  }
}

}  // namespace
}  // namespace peaksync

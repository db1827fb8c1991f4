#include "mockbraze/users/identifier.h"

#include <gtest/gtest.h>

#include <string>

#include "mockbraze/base/json_parser.h"

namespace mockbraze {
namespace {

std::variant<Identifier, IdentifierError> Read(const std::string& json) {
  return ReadIdentifier(*ParseJson(json).value().object());
}

std::string ErrorOf(const std::string& json) {
  const auto answer = Read(json);
  const auto* error = std::get_if<IdentifierError>(&answer);
  return error ? error->type : "";
}

TEST(MockIdentifier, ExactlyOnePrimaryIsTaken) {
  // Section 2.1: "exactly one: an object with two or more is rejected (only that object)".
  EXPECT_EQ(ErrorOf(R"({"external_id":"1"})"), "");
  EXPECT_EQ(ErrorOf(R"({"braze_id":"b"})"), "");
  EXPECT_EQ(ErrorOf(R"({"user_alias":{"alias_name":"n","alias_label":"l"}})"), "");
  EXPECT_NE(ErrorOf(R"({"external_id":"1","braze_id":"b"})"), "");
  EXPECT_NE(ErrorOf(R"({"external_id":"1","user_alias":{"alias_name":"n","alias_label":"l"}})"),
            "");
}

TEST(MockIdentifier, NoneIsAnErrorWithTheObservedSentence) {
  // Section 4.2: "'external_id' or 'braze_id' or 'user_alias' is required".
  const std::string sentence = "'external_id' or 'braze_id' or 'user_alias' is required";
  for (const std::string object :
       {R"({})", R"({"plan":1})", R"({"external_id":null})", R"({"external_id":""})",
        R"({"external_id":1.5})", R"({"external_id":true})", R"({"braze_id":7})"}) {
    EXPECT_EQ(ErrorOf(object), sentence) << object;
  }
}

TEST(MockIdentifier, IntegerExternalIdBecomesAString) {
  // Section 11: integer external_id "accepted, stored as the string".
  EXPECT_EQ(std::get<Identifier>(Read(R"({"external_id":1})")).value, "1");
  EXPECT_EQ(std::get<Identifier>(Read(R"({"external_id":9007199254740993})")).value,
            "9007199254740993");
}

TEST(MockIdentifier, ExternalIdHasAtMost987Bytes) {
  // Section 1.7: external_id 987 bytes, else EXTERNAL_USER_ID_TOO_LARGE.
  EXPECT_EQ(ErrorOf(R"({"external_id":")" + std::string(987, 'x') + "\"}"), "");
  EXPECT_EQ(ErrorOf(R"({"external_id":")" + std::string(988, 'x') + "\"}"),
            "EXTERNAL_USER_ID_TOO_LARGE");
  std::string umlauts;
  for (int i = 0; i < 494; ++i) umlauts += "ü";  // 988 bytes, 494 characters
  EXPECT_EQ(ErrorOf(R"({"external_id":")" + umlauts + "\"}"), "EXTERNAL_USER_ID_TOO_LARGE");
}

TEST(MockIdentifier, AliasNeedsBothPartsWithinTheirLimits) {
  // Section 1.7: alias_name and alias_label "non-empty, each at most 236 bytes".
  const auto alias = [](const std::string& name, const std::string& label) {
    return R"({"user_alias":{"alias_name":")" + name + R"(","alias_label":")" + label + "\"}}";
  };
  EXPECT_EQ(ErrorOf(alias(std::string(236, 'n'), "l")), "");
  EXPECT_NE(ErrorOf(alias(std::string(237, 'n'), "l")), "");
  EXPECT_NE(ErrorOf(alias("", "l")), "");
  EXPECT_NE(ErrorOf(alias("n", "")), "");
  EXPECT_NE(ErrorOf(R"({"user_alias":{"alias_name":"n"}})"), "");
  EXPECT_NE(ErrorOf(R"({"user_alias":"n"})"), "");
}

TEST(MockIdentifier, EmailAndPhoneCountOnlyWithoutAPrimaryAndEmailWins) {
  // Section 2.1: secondary identifiers are "used for lookup only when no primary is present; with
  // both, email wins".
  EXPECT_EQ(std::get<Identifier>(Read(R"({"external_id":"1","email":"a@b.co"})")).kind,
            IdKind::kExternalId);
  const auto both = std::get<Identifier>(Read(R"({"email":"A@B.co","phone":"+15551234567"})"));
  EXPECT_EQ(both.kind, IdKind::kEmail);
  EXPECT_EQ(both.value, "a@b.co");
  EXPECT_EQ(std::get<Identifier>(Read(R"({"phone":"+15551234567"})")).kind, IdKind::kPhone);
}

TEST(MockIdentifier, BadEmailIsEmailBadFormat) {
  // Section 4.2: EMAIL_BAD_FORMAT, invalid email.
  for (const std::string email : {"x", "@b.co", "a@", "a@b", "a b@c.co", "a@@b.co", "a@.co"}) {
    EXPECT_EQ(ErrorOf(R"({"email":")" + email + "\"}"), "EMAIL_BAD_FORMAT") << email;
  }
  EXPECT_EQ(ErrorOf(R"({"email":5})"), "EMAIL_BAD_FORMAT");
  EXPECT_NE(ErrorOf(R"({"phone":"call me"})"), "");
}

TEST(MockIdentifier, CustomersOfDifferentKindsHaveDifferentKeys) {
  EXPECT_NE((Identifier{IdKind::kExternalId, "a", ""}).CustomerKey(),
            (Identifier{IdKind::kBrazeId, "a", ""}).CustomerKey());
  EXPECT_NE((Identifier{IdKind::kAlias, "a", "bc"}).CustomerKey(),
            (Identifier{IdKind::kAlias, "ab", "c"}).CustomerKey());
}

}  // namespace
}  // namespace mockbraze

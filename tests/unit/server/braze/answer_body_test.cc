#include "server/braze/answer_body.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "server/base/limits.h"

namespace peaksync {
namespace {

using ::testing::ElementsAre;
using ::testing::FieldsAre;
using ::testing::IsEmpty;

constexpr char kKey[] = "0f3a-secret";

AnswerBody Read(const std::string& body) { return ReadAnswerBody(body, 3, kKey); }
AnswerBody ReadErrors(const std::string& entries) {
  return Read(R"({"errors":[)" + entries + "]}");
}

// docs/braze-contract.md 4.2: the same fault as a code or as a sentence.
TEST(AnswerBody, ReadsBothStylesOfErrors) {
  EXPECT_THAT(ReadErrors(R"({"type":"EMAIL_BAD_FORMAT","input_array":"attributes","index":2},)"
                         R"({"type":"'external_id' must be fewer than 988 bytes",)"
                         R"("input_array":"attributes","index":0})")
                  .errors,
              ElementsAre(FieldsAre(0, "'external_id' must be fewer than 988 bytes"),
                          FieldsAre(2, "EMAIL_BAD_FORMAT")));
}

TEST(AnswerBody, KeepsTheFirstErrorOfAnObject) {
  EXPECT_THAT(
      ReadErrors(R"({"type":"A","index":1},{"type":"B","index":1},{"type":"C","index":0})").errors,
      ElementsAre(FieldsAre(0, "C"), FieldsAre(1, "A")));
}

TEST(AnswerBody, TakesTypeThenMessageThenTheWholeEntryAsText) {
  EXPECT_THAT(
      ReadErrors(R"({"type":"T","message":"M","index":0},{"message":"M","index":1},)"
                 R"({"code": 7, "index": 2})")
          .errors,
      ElementsAre(FieldsAre(0, "T"), FieldsAre(1, "M"), FieldsAre(2, R"({"code":7,"index":2})")));
}

TEST(AnswerBody, NamesNoObjectUnlessTheIndexIsCertain) {
  for (const std::string entry : {
           R"("a bare string")",
           R"({"type":"T"})",
           R"({"type":"T","index":3})",
           R"({"type":"T","index":-1})",
           R"({"type":"T","index":18446744073709551615})",
           R"({"type":"T","index":1.0})",
           R"({"type":"T","index":"1"})",
           R"({"type":"T","index":null})",
           R"({"type":"T","index":true})",
           R"({"type":"T","index":1,"input_array":"events"})",
           R"({"type":"T","index":1,"input_array":null})",
           R"({"type":"T","index":1,"input_array":7})",
           "null",
           "7",
           "[]",
       }) {
    const AnswerBody body = ReadErrors(R"({"type":"N","index":0},)" + entry);
    EXPECT_TRUE(body.is_contract) << entry;
    EXPECT_TRUE(body.has_unnamed_error) << entry;
    EXPECT_THAT(body.errors, ElementsAre(FieldsAre(0, "N"))) << entry;
    EXPECT_FALSE(body.unnamed_text.empty()) << entry;
  }
}

TEST(AnswerBody, TakesErrorsThatAreNoListAsOneThatNamesNoObject) {
  for (const std::string errors : {R"("no")", "{}", "7", "true", R"({"index":0})"}) {
    EXPECT_TRUE(Read(R"({"message":"success","errors":)" + errors + "}").has_unnamed_error)
        << errors;
  }
  EXPECT_FALSE(Read(R"({"message":"success","errors":null})").has_unnamed_error);
  EXPECT_FALSE(Read(R"({"message":"success","errors":[]})").has_unnamed_error);
}

TEST(AnswerBody, CutsTheKeyOutOfEveryText) {
  const std::string key = kKey;
  EXPECT_THAT(
      ReadErrors(R"({"type":"key )" + key + " and " + key + R"(","index":0},)" + R"({"k":")" + key +
                 R"(","index":1},"bare )" + key + "\"")
          .errors,
      ElementsAre(FieldsAre(0, "key [key] and [key]"), FieldsAre(1, R"({"k":"[key]","index":1})")));
  EXPECT_EQ(ReadErrors("\"bare " + key + "\"").unnamed_text, "bare [key]");
}

// A key across the cut must not survive in part.
TEST(AnswerBody, CutsTheKeyOutBeforeItShortens) {
  const std::string before(limits::kReasonBytesMax - 4, 'x');
  EXPECT_EQ(CleanBrazeText(before + kKey, kKey), before + "[key");
  EXPECT_EQ(CleanBrazeText("text", ""), "text");
}

TEST(AnswerBody, ShortensBetweenCharacters) {
  const std::string text = std::string(limits::kReasonBytesMax - 1, 'x') + "\xC3\xA9 and more";
  EXPECT_EQ(CleanBrazeText(text, kKey), std::string(limits::kReasonBytesMax - 1, 'x'));
}

TEST(AnswerBody, IsNotTheContractsUnlessOneCompleteObject) {
  for (const std::string body :
       {"", " ", "null", "[]", "\"success\"", "<html></html>", R"({"message":"success")",
        R"({"message":"success"} x)", R"({"message":"success"}{"errors":["a"]})",
        R"({"errors":[],"errors":["a"]})", R"({"message":"success","message":"no"})",
        "{\"message\":\"\xff\"}", R"({"errors":[{"index":18446744073709551616}]})"}) {
    const AnswerBody read = Read(body);
    EXPECT_FALSE(read.is_contract) << body;
    EXPECT_THAT(read.errors, IsEmpty()) << body;
    EXPECT_EQ(read.message, "") << body;
  }
}

TEST(AnswerBody, SurvivesDepthAndNumbersOfEntries) {
  EXPECT_FALSE(Read(std::string(500'000, '[')).is_contract);
  std::string entries = R"({"index":0})";
  for (int i = 0; i < 50'000; ++i) entries += R"(,{"index":1})";
  EXPECT_EQ(ReadErrors(entries).errors.size(), 2u);
}

}  // namespace
}  // namespace peaksync
